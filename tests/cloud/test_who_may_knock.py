"""The listener for gateways, as it runs: whose certificate opens it, and what the name in it decides."""

import contextlib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tracewire import cbor

from cloud.config import TEMPLATE, load
from cloud.feed import orders
from cloud.feed.store import EVERYONE
from cloud.ingest.endpoints import MEDIA_TYPE
from cloud.stores import open_ledger
from simulators.node import now_ms
from simulators.ports import free_port
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.edge.authority import Authority

CHENGXIN = Path(sys.executable).with_name("chengxin")


class Listener:
    """A cloud that runs under an authority of the test's own; ``knock`` comes with any certificate."""

    def __init__(self, directory: Path) -> None:
        self.market = Market()
        abroad = self.market.add("gateway-02", "gateway")
        abroad.credential.site = "第九市场"
        self.market.add("scale-0002", "scale").credential.site = "第九市场"
        self.node = directory / "cloud"
        CloudUnderTest(self.node, self.market).stop()
        self._certificates = directory / "certificates"
        self.authority = Authority()
        self.authority.servers.issue("cloud-01", self.node, "server_cert.pem")
        self.gone = self.authority.devices.issue("gateway-03", self.folder("gateway-03"), "client_cert.pem")
        self.authority.devices.revoke(self.gone)
        self.authority.write_public(self.node)
        self.port = free_port()
        written = TEMPLATE.format(ingest_port=self.port, public_port=0)
        (self.node / "cloud.toml").write_text(written, encoding="utf-8")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Serve until the block ends."""
        process = subprocess.Popen([CHENGXIN, "cloud", "run", "--dir", self.node], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert any(b"cloud.serving" in line for line in process.stdout)
            yield
        finally:
            process.kill()
            process.communicate()

    def issue(self, name: str, *, is_expired: bool = False, is_future: bool = False) -> None:
        """Make a certificate of the device CA."""
        devices = self.authority.devices
        devices.issue(name, self.folder(name), "client_cert.pem", is_expired=is_expired, is_future=is_future)

    def knock(self, name: str) -> httpx.Client:
        """Return a client that shows the certificate of this name."""
        folder = self.folder(name)
        context = ssl.create_default_context(cafile=str(self.node / "server_ca.pem"))
        context.load_cert_chain(folder / "client_cert.pem", folder / "tls_key.pem")
        return httpx.Client(verify=context, base_url=f"https://localhost:{self.port}", trust_env=False)

    def is_refused(self, name: str) -> bool:
        """Tell whether the handshake fails for the certificate of this name."""
        with self.knock(name) as client:
            try:
                client.get("/v1/feed")
            except httpx.TransportError:
                return True
        return False

    def folder(self, name: str) -> Path:
        """Return where the certificate of this name lies."""
        folder = self._certificates / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    built = Listener(tmp_path_factory.mktemp("listener"))
    with built.running():
        yield built


def test_an_expired_certificate_is_refused(listener: Listener) -> None:
    listener.issue("gateway-11", is_expired=True)
    assert listener.is_refused("gateway-11")


def test_a_certificate_of_the_future_is_refused(listener: Listener) -> None:
    listener.issue("gateway-12", is_future=True)
    assert listener.is_refused("gateway-12")


def test_a_revoked_certificate_is_refused(listener: Listener) -> None:
    assert listener.is_refused("gateway-03")


def test_a_certificate_of_a_rogue_authority_with_a_gateways_name_is_refused(listener: Listener) -> None:
    listener.issue("gateway-01")
    assert not listener.is_refused("gateway-01")
    Authority().devices.issue("gateway-01", listener.folder("gateway-01"), "client_cert.pem")
    assert listener.is_refused("gateway-01")


def test_a_server_certificate_is_refused_as_a_client(listener: Listener) -> None:
    listener.authority.servers.issue("gateway-13", listener.folder("gateway-13"), "client_cert.pem")
    assert listener.is_refused("gateway-13")


def test_a_feed_is_that_of_the_gateway_in_the_certificate_whatever_it_says(listener: Listener) -> None:
    ledger = open_ledger(load(listener.node))
    orders.order_prices(ledger, EVERYONE, [orders.Price(1, "五花肉", 3600)], now_ms())
    ledger.close()
    assert _devices(listener, "gateway-01", "gateway-02") == {"scale-0001"}
    assert _devices(listener, "gateway-02", "gateway-01") == {"scale-0002"}


def _devices(listener: Listener, caller: str, said: str) -> set[str]:
    """Return whom a gateway hears of that calls itself another."""
    listener.issue(caller)
    with listener.knock(caller) as client:
        response = client.get("/v1/feed", params={"gateway": said, "since": 0})
    answer = cbor.decode(response.content)
    assert isinstance(answer, dict)
    return {row[0] for row in answer[3]}


@pytest.mark.parametrize("name", ["scale-0001", "cloud-01", "nobody-01"])
def test_a_good_certificate_of_no_gateway_gets_no_feed_and_delivers_nothing(listener: Listener, name: str) -> None:
    listener.issue(name)
    with listener.knock(name) as client:
        assert client.get("/v1/feed", params={"gateway": "gateway-01"}).status_code == httpx.codes.FORBIDDEN
        envelope = listener.market.envelope(listener.market.health(), by=listener.market.scale)
        response = client.post("/v1/records", content=envelope, headers={"Content-Type": MEDIA_TYPE})
    assert (response.status_code, response.json()["code"]) == (httpx.codes.FORBIDDEN, "envelope.role")
