"""One site for a test: its authority, its registry, the gateway's directory, and the gateway as a real process.

site = Site(directory, devices=["scale-0001"])
with site.gateway(), site.link("scale-0001") as link: ...
"""

import contextlib
import getpass
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from tracewire import record
from tracewire.p256 import VerifyingKey, new_secret

from edge import config, store
from edge.mosquitto import configuration
from simulators.mosquitto import MosquittoProcess
from simulators.node import Node, Trust
from simulators.ports import free_port
from tests.edge.authority import Authority
from tests.edge.cloud_peer import CloudPeer
from tests.edge.device_link import DeviceLink

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
SETTINGS = {"refresh_ms": 100, "link_retry_ms": 20, "link_retry_max_ms": 100, "refusal_retry_ms": 20}


class Site:
    """Keys and files of one site. ``nodes`` by name; the gateway is ``gateway-01``, the cloud ``cloud-01``."""

    def __init__(
        self, directory: Path, devices: dict[str, str], broker: str = config.EMBEDDED, **settings: int | str
    ) -> None:
        self.directory = directory
        self.broker = broker
        self.authority = Authority()
        self.trust = Trust()
        self.mqtt_port, self.status_port, self.cloud_port = free_port(), free_port(), free_port()
        roles = dict.fromkeys(devices, "scale") | {"gateway-01": "gateway", "cloud-01": "cloud"}
        self._secrets = {name: new_secret(os.urandom) for name in roles}
        self.nodes = {name: Node(name, role, self._secrets[name]) for name, role in roles.items()}
        for name, state in devices.items():
            self.nodes[name].credential.state = state
        self.home = directory / "gateway-01"
        for name in self.nodes:
            self.issue(name)
        for name in ("gateway-01", "cloud-01"):
            self.authority.servers.issue(name, directory / name, "server_cert.pem")
        self._write_gateway(settings)

    def issue(self, name: str, **defects: bool) -> Any:
        """Give ``name`` a TLS key and a client certificate in its own directory."""
        certificate = self.authority.devices.issue(name, self.directory / name, "client_cert.pem", **defects)
        self.authority.write_public(self.directory / name)
        return certificate

    def hand_out(self, name: str) -> Path:
        """Write what an enrolled node's directory holds beside its certificates; return the directory."""
        directory = self.directory / name
        (directory / "record.key").write_bytes(self._secrets[name])
        (directory / "root.point").write_bytes(self.trust.root_point)
        (directory / "registry.cose").write_bytes((self.home / "registry.cose").read_bytes())
        return directory

    def write_registry(self) -> None:
        """Publish the nodes' present states to the gateway, the way provisioning does: write beside, then rename."""
        fresh = self.home / "registry.new"
        fresh.write_bytes(self.trust.bundle(list(self.nodes.values())))
        fresh.replace(self.home / "registry.cose")

    def write_revocations(self) -> None:
        """Publish the authority's present revocation list to the gateway, in the same way."""
        fresh = self.home / "crl.new"
        fresh.write_bytes(self.authority.devices.revocation_list())
        fresh.replace(self.home / "crl.pem")

    def seal(self, name: str, kind: int = record.CLOCK) -> bytes:
        """Return the next record of a device."""
        return self.nodes[name].seal(kind, {"before_ms": 1, "source": 1})

    def link(self, name: str, **options: Any) -> DeviceLink:
        """Return a device's connection, not yet opened."""
        keeper = VerifyingKey(self.nodes["gateway-01"].key.point)
        port = options.pop("port", self.mqtt_port)
        return DeviceLink(port, self.directory / name, name, keeper=keeper, **options)

    def cloud(self) -> CloudPeer:
        """Return the cloud's test peer, not yet serving."""
        return CloudPeer(self.directory / "cloud-01", self.nodes["cloud-01"], self.nodes["gateway-01"], self.cloud_port)

    @contextlib.contextmanager
    def gateway(self, *command: str) -> Iterator["GatewayProcess"]:
        """Run the gateway until the block ends, with Mosquitto where the site has one.

        ``command`` replaces ``python -m edge run``.
        """
        with contextlib.ExitStack() as stack:
            if self.broker == config.MOSQUITTO:
                stack.enter_context(MosquittoProcess(self.home / "broker", self.mqtt_port))
            yield stack.enter_context(self.gateway_alone(*command))

    @contextlib.contextmanager
    def gateway_alone(self, *command: str) -> Iterator["GatewayProcess"]:
        """Run the gateway until the block ends; its broker, if it is not embedded, is the test's own affair."""
        process = GatewayProcess(self, command or (sys.executable, "-m", "edge", "run", "--dir", str(self.home)))
        try:
            process.wait_until_ready()
            yield process
        finally:
            process.end()

    def dying(self, moment: str) -> tuple[str, ...]:
        """Return the command of a gateway that kills itself at ``moment`` (``dying_gateway.py``)."""
        return sys.executable, str(ROOT / "tests/edge/dying_gateway.py"), str(self.home), moment

    def rows(self, query: str, *parameters: object) -> list[Any]:
        """Ask the outbox file, beside the running gateway."""
        with contextlib.closing(sqlite3.connect(self.home / "outbox.sqlite")) as database:
            return database.execute(query, parameters).fetchall()

    def quarantined(self, sender: str) -> list[str]:
        """Return the codes under which ``sender``'s bytes lie in quarantine."""
        return [code for (code,) in self.rows("SELECT code FROM quarantine WHERE sender = ? ORDER BY id", sender)]

    def wait(self, condition: Callable[[], object], timeout_s: float = 15.0) -> None:
        """Wait until something shows in the gateway's file or page; those have no event to await from outside."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.02)

    def status(self) -> dict[str, Any]:
        """Return the gateway's status page."""
        page: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.status_port}/status", trust_env=False).json()
        return page

    def metric(self, sample: str) -> float:
        """Return one Prometheus sample, 0 when it was never counted."""
        lines = self.page("/metrics").splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(sample)), 0.0)

    def page(self, path: str) -> str:
        """Return one of the gateway's pages as text."""
        return httpx.get(f"http://127.0.0.1:{self.status_port}{path}", trust_env=False).text

    def _write_gateway(self, settings: dict[str, int | str]) -> None:
        (self.home / "record.key").write_bytes(self._secrets["gateway-01"])
        (self.home / "root.point").write_bytes(self.trust.root_point)
        self.write_registry()
        url, pid_file = f"https://127.0.0.1:{self.cloud_port}", self.home / "broker/state/mosquitto.pid"
        lines = [config.default_text(url, self.mqtt_port, self.status_port, self.broker, str(pid_file))]
        for name, value in {**SETTINGS, **settings}.items():
            lines.append(f"{name} = {value!r}\n".replace("'", '"'))
        (self.home / "gateway.toml").write_text("".join(lines))
        store.create(self.home / "outbox.sqlite")
        if self.broker == config.MOSQUITTO:
            configuration.write(config.load(self.home), getpass.getuser(), getpass.getuser())


class GatewayProcess:
    """The gateway as its own process; stderr goes to ``gateway.log`` in its directory."""

    def __init__(self, site: Site, command: tuple[str, ...]) -> None:
        self._site = site
        self.log_path = site.home / "gateway.log"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=log, stdout=log)

    def wait_until_ready(self) -> None:
        """Wait until the gateway hears its broker."""
        self._site.wait(self._is_ready, START_SECONDS)

    def kill(self) -> None:
        """Pull the plug."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to stop, as a service manager would, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log_path.read_text()
        try:
            address = f"http://127.0.0.1:{self._site.status_port}/healthz"
            return httpx.get(address, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
