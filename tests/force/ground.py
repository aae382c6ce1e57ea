"""Ground for force tests: devices, broker, gateway and the real cloud as processes, with a bad network on both sides.

    with Ground(directory, broker="mosquitto", devices=3) as ground:
        ground.start(); ...; ground.gateway.kill(); ...
        ground.settle()          # everything arrives, and the ledger is exactly what was signed

Devices ── ``wire`` ── broker, gateway ── ``uplink`` ── cloud, which with ``postgres`` has two workers and projections
in a process of their own. Devices live in this process; what they signed is in
their own history files, which is all that the oracle believes.
"""

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from cloud import app
from cloud import config as cloud_config
from cloud.ledger import log_keys
from edge import config
from simulators import accounting
from simulators.mosquitto import MosquittoProcess
from simulators.ports import free_port
from simulators.postgres import PostgresServer
from simulators.proxy import Proxy
from simulators.service import Service
from simulators.upstream import UpstreamDevice
from tests.edge.site import Site

CHENGXIN = str(Path(sys.executable).with_name("chengxin"))
SETTLED_WITHIN_S = 90.0
KEEP_ALIVE_SECONDS = 2
SETTINGS: dict[str, int | str] = {"cloud_timeout_ms": 2_000}


class Ground:
    """One site; nothing runs before ``start`` or a service's own ``start``."""

    def __init__(
        self, directory: Path, broker: str = config.EMBEDDED, devices: int = 3, postgres: PostgresServer | None = None
    ) -> None:
        self.names = [f"scale-{number:04}" for number in range(1, devices + 1)]
        self.site = Site(directory, dict.fromkeys(self.names, "active"), broker, **SETTINGS)
        self.public_port = free_port()
        self.wire, self.uplink = Proxy(self.site.mqtt_port), Proxy(self.site.cloud_port)
        self.postgres = postgres
        home = str(self._found_cloud())
        options = () if postgres is None else ("--workers", "2", "--no-project")
        self.cloud = Service(
            "cloud", [CHENGXIN, "cloud", "run", "--dir", home, *options],
            f"http://127.0.0.1:{self.public_port}/healthz", directory / "cloud.log",
        )  # fmt: skip
        self.projecting = Service(
            "project", [CHENGXIN, "cloud", "project", "--dir", home], None, directory / "project.log"
        )
        self.gateway = Service(
            "gateway", [CHENGXIN, "gateway", "run", "--dir", str(self.site.home)],
            f"http://127.0.0.1:{self.site.status_port}/healthz", directory / "gateway.log",
        )  # fmt: skip
        self.mosquitto: MosquittoProcess | None = None
        if broker == config.MOSQUITTO:
            self.mosquitto = MosquittoProcess(self.site.home / "broker", self.site.mqtt_port)
        self.devices: list[UpstreamDevice] = []

    def __enter__(self) -> Self:
        self._open = contextlib.ExitStack()
        for proxy in (self.wire, self.uplink):
            self._open.enter_context(proxy)
        settings = self.site.home / config.FILE_NAME
        direct, detour = f":{self.site.cloud_port}", f":{self.uplink.port}"
        settings.write_text(settings.read_text().replace(direct, detour))
        self._open.callback(self.cloud.stop)
        self._open.callback(self.projecting.stop)
        if self.mosquitto is not None:
            self._open.enter_context(self.mosquitto)
        self._open.callback(self.gateway.stop)
        for name in self.names:
            self.devices.append(
                UpstreamDevice(self.site.hand_out(name), "127.0.0.1", self.wire.port, KEEP_ALIVE_SECONDS)
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def start(self) -> None:
        """Start cloud and gateway, and let every device connect."""
        self.cloud.start()
        if self.postgres is not None:
            self.projecting.start()
        self.gateway.start()
        self.connect(self.devices)

    def connect(self, devices: list[UpstreamDevice]) -> None:
        """Let devices connect, for as long as the ground is open."""
        for device in devices:
            self._open.enter_context(device)

    def settle(self) -> None:
        """Wait until every device has its cloud receipts, then compare the ledger with what they signed: exactly."""
        for device in self.devices:
            device.wait_until_settled(SETTLED_WITHIN_S)
        self.wait(lambda: self.status()["outbox_records"] == 0)
        histories = [accounting.upstream_history(self.site.directory / name) for name in self.names]
        account = accounting.settle(accounting.read_ledger(f"http://127.0.0.1:{self.public_port}"), {}, histories, [])
        assert account.errors == []
        assert account.signed == account.committed == sum(device.signed for device in self.devices)
        assert self.status()["quarantined"] == 0
        self.wait(self._is_derived)

    def status(self) -> dict[str, Any]:
        """Return the gateway's figures."""
        return self.site.status()

    def wait(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait for something that shows only on a page; a page that does not answer yet counts as no."""
        deadline = time.monotonic() + timeout_s
        while True:
            with contextlib.suppress(httpx.TransportError, httpx.HTTPStatusError):
                if condition():
                    return
            assert time.monotonic() < deadline, self.gateway.last_words()
            time.sleep(0.05)

    def _is_derived(self) -> bool:
        """Tell whether every projection has followed the ledger to its end."""
        lag: dict[str, int] = httpx.get(f"http://127.0.0.1:{self.public_port}/healthz").json()["projection_lag"]
        return not any(lag.values())

    def _found_cloud(self) -> Path:
        """Write the real cloud's directory, as ``chengxin cloud init`` does; on PostgreSQL where there is one."""
        home = self.site.hand_out("cloud-01")
        text = cloud_config.TEMPLATE.format(ingest_port=self.site.cloud_port, public_port=self.public_port)
        if self.postgres is not None:
            text += f'database = "{self.postgres.new_database()}"\n'
        (home / "cloud.toml").write_text(text, encoding="utf-8")
        app.create_stores(cloud_config.load(home))
        log_keys.create(home)
        return home
