"""The program as it is run: enrolled by the authority, mutual TLS, killed at any moment, nothing acknowledged lost."""

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tracewire import cbor, cose, p256, record
from tracewire.credential import Registry, open_bundle

from simulators.node import Node, now_ms
from simulators.ports import free_port

CHENGXIN = Path(sys.executable).with_name("chengxin")
HEALTH = {"uptime_s": 1, "journal_pending": 0, "journal_permille": 0}


def _chengxin(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHENGXIN, *map(str, words)], capture_output=True, text=True, check=False)


def _done(*words: object) -> None:
    finished = _chengxin(*words)
    assert finished.returncode == 0, finished.stderr


class Site:
    """An authority, a cloud, a gateway and a scale on this machine, all enrolled with the real commands."""

    def __init__(self, directory: Path) -> None:
        self.cloud, self.gateway, scale = (directory / name for name in ("cloud", "gateway", "scale"))
        authority = directory / "authority"
        (directory / "passphrase").write_text("only a test\n")
        _done("ca", "init", "--dir", authority, "--organisation", "T", "--passphrase-file", directory / "passphrase")
        enrol = ("device", "enrol", "--ca", authority)
        _done(*enrol, "scale-0001", "--role", "scale", "--dir", scale)
        _done(*enrol, "gateway-01", "--role", "gateway", "--host", "localhost", "--dir", self.gateway)
        _done(*enrol, "cloud-01", "--role", "cloud", "--host", "localhost", "--dir", self.cloud)
        _done("ca", "export", "--ca", authority, "--out", self.cloud)
        self.ingest_port, self.public_port = free_port(), free_port()
        ports = ("--ingest-port", self.ingest_port, "--public-port", self.public_port)
        _done("cloud", "init", "--dir", self.cloud, *ports)
        root = p256.VerifyingKey((self.cloud / "root.point").read_bytes())
        self.registry: Registry = open_bundle((self.cloud / "registry.cose").read_bytes(), root, now_ms())
        self.scale = Node("scale-0001", "scale", (scale / "record.key").read_bytes())
        self.gateway_key = p256.SigningKey((self.gateway / "record.key").read_bytes())

    @contextlib.contextmanager
    def running(self, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the cloud until the block ends, then end it as Ctrl-C does."""
        process = subprocess.Popen([CHENGXIN, "cloud", "run", "--dir", self.cloud, *options], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert any(b"cloud.serving" in line for line in process.stdout), "the cloud ended before it served"
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)

    def tls(self) -> ssl.SSLContext:
        """Return a gateway's context."""
        context = ssl.create_default_context(cafile=str(self.gateway / "server_ca.pem"))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_cert_chain(self.gateway / "client_cert.pem", self.gateway / "tls_key.pem")
        return context

    def post(self, *sealed: bytes) -> httpx.Response:
        """Post records over mutual TLS."""
        envelope = cose.seal(cbor.encode([[now_ms(), each] for each in sealed]), cose.ENVELOPE, self.gateway_key)
        with httpx.Client(verify=self.tls(), base_url=f"https://localhost:{self.ingest_port}", timeout=30) as client:
            return client.post("/v1/records", content=envelope, headers={"Content-Type": "application/cose"})

    def deliver(self, *sealed: bytes) -> dict[int, object]:
        """Deliver records over mutual TLS and return the opened answer."""
        response = self.post(*sealed)
        assert response.status_code == 200, response.text
        key = p256.VerifyingKey(self.registry.current("cloud-01").point)
        answer = cbor.decode(cose.open(response.content, cose.ANSWER, key, len(response.content)).payload)
        assert isinstance(answer, dict)
        return answer

    def healthz(self) -> dict[str, object]:
        """Return the health page."""
        health = httpx.get(f"http://127.0.0.1:{self.public_port}/healthz").json()
        assert isinstance(health, dict)
        return health


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


def test_what_was_acknowledged_survives_kill_nine(site: Site) -> None:
    acknowledged = 0
    for _ in range(3):
        with site.running() as process:
            sealed = [site.scale.seal(record.HEALTH, dict(HEALTH)) for _ in range(5)]
            answer = site.deliver(*sealed)
            assert answer[4] == []
            acknowledged += len(sealed)
            os.kill(process.pid, signal.SIGKILL)
    with site.running():
        assert site.healthz()["records"] == acknowledged
        assert site.deliver(*sealed)[4] == []  # the gateway did not hear the answer and sends again
        assert site.healthz()["records"] == acknowledged


def test_a_worker_that_dies_is_replaced_and_nothing_acknowledged_is_lost(site: Site) -> None:
    with site.running("--workers", "2") as process:
        before = site.healthz()["records"]
        assert isinstance(before, int)
        sealed = [site.scale.seal(record.HEALTH, dict(HEALTH)) for _ in range(4)]
        assert site.deliver(*sealed[:2])[4] == []
        for worker in _workers(process.pid):
            os.kill(worker, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while (status := site.post(*sealed[2:]).status_code) == 503 and time.monotonic() < deadline:
            pass  # as a gateway does, only without its pause
        assert status == 200
        assert site.deliver(*sealed)[4] == []
        assert site.healthz()["records"] == before + 4


def test_workers_end_with_their_program(site: Site) -> None:
    with site.running("--workers", "2") as process:
        assert site.deliver(site.scale.seal(record.HEALTH, dict(HEALTH)))[4] == []
        workers = _workers(process.pid)
        assert workers
        os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while any(_is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline


def _workers(pid: int) -> list[int]:
    """Return the processes in which a cloud judges envelopes."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_only_a_certificate_of_the_device_ca_may_knock(site: Site) -> None:
    with site.running():
        anonymous = ssl.create_default_context(cafile=str(site.gateway / "server_ca.pem"))
        anonymous.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        with (
            httpx.Client(verify=anonymous) as client,
            pytest.raises(httpx.TransportError),
        ):
            client.post(f"https://localhost:{site.ingest_port}/v1/records", content=b"")


def test_the_ingest_listener_serves_nothing_else(site: Site) -> None:
    with (
        site.running(),
        httpx.Client(verify=site.tls(), base_url=f"https://localhost:{site.ingest_port}") as client,
    ):
        for path in ("/", "/metrics", "/status", "/v1/ledger", "/docs"):
            assert client.get(path).status_code == 404


def test_a_second_init_touches_nothing(site: Site) -> None:
    before = (site.cloud / "ledger.sqlite").read_bytes()
    finished = _chengxin("cloud", "init", "--dir", site.cloud)
    assert finished.returncode == 2
    assert "store.exists" in finished.stderr
    assert (site.cloud / "ledger.sqlite").read_bytes() == before


def test_rebuild_replays_the_ledger(site: Site) -> None:
    finished = _chengxin("rebuild", "--dir", site.cloud)
    assert finished.returncode == 0, finished.stderr
    assert "Rebuilt from" in finished.stdout


def test_run_in_a_directory_from_before_the_log_says_what_to_do(site: Site) -> None:
    names = ("log.vkey", "log_ed25519.pem", "log_mldsa44.pem")
    kept = {name: (site.cloud / name).read_bytes() for name in names}
    assert [(site.cloud / name).stat().st_mode & 0o777 for name in names] == [0o644, 0o600, 0o600]
    for name in names:
        (site.cloud / name).unlink()
    finished = _chengxin("cloud", "run", "--dir", site.cloud)
    assert finished.returncode == 2
    assert "chengxin cloud log-init" in finished.stderr
    assert _chengxin("cloud", "log-init", "--dir", site.cloud, "--origin", "market.example/log").returncode == 0
    assert (site.cloud / "log.vkey").read_text().startswith("market.example/log+")
    for name, contents in kept.items():
        (site.cloud / name).write_bytes(contents)


def test_run_without_stores_says_what_to_do(tmp_path: Path) -> None:
    finished = _chengxin("cloud", "run", "--dir", tmp_path)
    assert finished.returncode == 2
    assert "chengxin cloud init" in finished.stderr


COMMANDS = (
    ["cloud", "init"],
    ["cloud", "log-init"],
    ["cloud", "migrate"],
    ["cloud", "run"],
    ["cloud", "project"],
    ["cloud", "rebuild"],
    ["rebuild"],
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_in_its_help(words: list[str]) -> None:
    finished = _chengxin(*words, "--help")
    assert finished.returncode == 0
    assert f"Example: chengxin {' '.join(words)}" in finished.stdout
