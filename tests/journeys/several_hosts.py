"""What the section "Several hosts" of docs/operations.md builds, read from the page and typed on one machine.

Names and ports of the page stand for some of this machine; the lines that the page names as not typed (packages, roles,
users, systemd) are not.
"""

import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from simulators.ports import free_port
from simulators.service import Service
from simulators.upstream import UpstreamDevice

PAGE = Path(__file__).parents[2] / "docs/operations.md"
PROGRAMS = Path(sys.executable).parent
HOME, UNITS = "/var/lib/chengxin", "/etc/systemd/system"
DEVICES = {"farm-0001": "farm", "line-0001": "rail"}
TYPED = re.compile(r"cd |chengxin |sed |cat |END$|[A-Z_]+='|\(umask 077; echo |\(set -a; \. |head ")
"""How a line begins that may be typed: tests run as root, and the page has lines that would change the machine."""


def block(mark: str) -> str:
    """Return the one block of commands or settings in the section that has ``mark`` in it."""
    section = PAGE.read_text(encoding="utf-8").partition("## Several hosts\n")[2].partition("\n## ")[0]
    found = [each for each in re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", section, re.MULTILINE) if mark in each]
    assert len(found) == 1, f"{mark}: {len(found)} blocks in {PAGE.name}"
    return re.sub("^ {4}", "", found[0].strip("\n"), flags=re.MULTILINE) + "\n"


def unit_settings(unit: str, name: str) -> str:
    """Return what a systemd unit sets ``name`` to."""
    return next(line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{name}="))


class Host:
    """One of the two: its directory stands for ``/var/lib/chengxin``, its programs are those of its units."""

    def __init__(self, home: Path, units: dict[str, str]) -> None:
        self.home = home
        self.ingest_port, self.public_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.public_port}"
        self.programs = [
            Service(name, self._command(unit), f"{self.url}/healthz" if name == "cloud" else None, home / f"{name}.log")
            for name, unit in units.items()
        ]

    def take_ports(self) -> None:
        """Listen on ports of its own: two hosts on one machine."""
        settings = self.home / "cloud/cloud.toml"
        text = settings.read_text(encoding="utf-8")
        for name, port in (("ingest_port", self.ingest_port), ("public_port", self.public_port)):
            text = re.sub(f"^{name} = .*", f"{name} = {port}", text, flags=re.MULTILINE)
        settings.write_text(text, encoding="utf-8")

    def start(self) -> None:
        for program in self.programs:
            program.start()

    def kill(self) -> None:
        for program in self.programs:
            program.kill()

    def stop(self) -> None:
        for program in self.programs:
            program.stop()

    def health(self) -> dict[str, Any]:
        figures: dict[str, Any] = httpx.get(f"{self.url}/healthz", trust_env=False).json()
        return figures

    def _command(self, unit: str) -> list[str]:
        """Return what systemd would start, with the unit's environment."""
        environment, words = (
            unit_settings(unit, name).replace(HOME, str(self.home)) for name in ("EnvironmentFile", "ExecStart")
        )
        return ["sh", "-c", f"set -a; . {environment}; exec {words}"]


class Cluster:
    """Everything that the section builds, and a gateway with two devices."""

    def __init__(self, directory: Path, database: str, series: str) -> None:
        self.directory = directory
        self.series = series.partition("?")[0]
        first, second = directory / "host-1", directory / "host-2"
        self.balancer_port, self.mqtt_port, self.status_port = free_port(), free_port(), free_port()
        for folder in (first, second, directory / "units"):
            folder.mkdir()
        self._here = {
            "/opt/chengxin/bin/": f"{PROGRAMS}/",
            UNITS: str(directory / "units"),
            "postgresql+psycopg://chengxin@10.0.0.10/chengxin": database,
            "http://10.0.0.10:8428?read=promql": series,
            "cloud.example:8443": f"localhost:{self.balancer_port}",
            "cloud.example": "localhost",
            "bind :8443": f"bind 127.0.0.1:{self.balancer_port}",
            '"0.0.0.0"': '"127.0.0.1"',
        }
        units = self.write_units()
        self.hosts = [Host(first, units), Host(second, units)]
        for number, host in enumerate(self.hosts, 1):
            self._here[f"10.0.0.1{number}:8443"] = f"127.0.0.1:{host.ingest_port}"
        configuration = directory / "haproxy.cfg"
        self.balancer = Service(
            "balancer", [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", str(configuration)],
            None, directory / "haproxy.log",
        )  # fmt: skip
        configuration.write_text(self.said("listen chengxin-ingest"))
        self.gateway = Service(
            "gateway", [str(PROGRAMS / "chengxin"), "gateway", "run", "--dir", str(first / "gateway")],
            f"http://127.0.0.1:{self.status_port}/healthz", directory / "gateway.log",
        )  # fmt: skip

    def said(self, mark: str) -> str:
        """Return a block of the section, with names of this machine in place of those that stand for any."""
        text = block(mark)
        for name, here in self._here.items():
            text = text.replace(name, here)
        return text

    def type(self, script: str) -> None:
        """Have a shell run lines, as somebody types them at the first host, and stop at the first that fails."""
        assert all(map(TYPED.match, script.splitlines())), script
        home = str(self.directory / "host-1")
        done = subprocess.run(  # lines of our own page
            ["/bin/sh", "-ec", f"PATH={PROGRAMS}:$PATH\n{script.replace(HOME, home)}"],
            cwd=home, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"

    def write_units(self) -> dict[str, str]:
        """Write both units, the second as the page says, and return their texts."""
        folder = self.directory / "units"
        (folder / "chengxin-cloud.service").write_text(self.said("[Unit]"), encoding="ascii")
        self.type(self.said("sed 's/cloud run"))
        return {name: (folder / f"chengxin-{name}.service").read_text() for name in ("cloud", "project")}

    def build(self) -> None:
        """Make authority, first host, gateway and devices, and the second host as a copy of the first."""
        self.type(
            "head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' >passphrase\n"
            "chengxin ca init --dir ca --organisation market --passphrase-file passphrase"
        )
        self.type(self.said("chengxin cloud init"))
        shutil.copytree(self.hosts[0].home / "cloud", self.hosts[1].home / "cloud")
        for host in self.hosts:
            host.take_ports()
        # The second host's registry knows nobody who is enrolled from here on: it has them from the ledger.
        enrol = "chengxin device enrol {0} --ca ca --role {1} --dir {2} {3}\n"
        gateway = enrol.format("gateway-01", "gateway", "gateway", "--host localhost --host 127.0.0.1")
        self.type(gateway + "".join(enrol.format(name, role, name, "--site m") for name, role in DEVICES.items()))
        self.type("".join(f"chengxin ca export --ca ca --out {name}\n" for name in ("cloud", "gateway", *DEVICES)))
        ports = f"--mqtt-port {self.mqtt_port} --status-port {self.status_port}"
        self.type(self.said("chengxin gateway init").replace("gateway init", f"gateway init {ports}"))

    def run(self, until: ExitStack) -> list[UpstreamDevice]:
        """Start everything, to be stopped at the end; return the devices, connected."""
        for service in (*self.hosts, self.balancer, self.gateway):
            until.callback(service.stop)
            service.start()
        nodes = [self.hosts[0].home / name for name in DEVICES]
        return [until.enter_context(UpstreamDevice(node, "127.0.0.1", self.mqtt_port)) for node in nodes]

    def waiting_records(self) -> int:
        """Return how many records the gateway has that the cloud has not answered for."""
        page = httpx.get(f"http://127.0.0.1:{self.status_port}/status", trust_env=False).json()
        return int(page["outbox_records"])
