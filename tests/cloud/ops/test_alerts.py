"""Rules that fire: after their time, once, with one ticket and a signed message that waits for its receiver."""

import hashlib
import hmac
import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select
from tracewire.errors import Misuse, Unavailable

from cloud.ops.alerts import Alerts, outbox
from cloud.ops.fleet import Scope
from cloud.ops.tickets import Tickets
from cloud.ops.watch import Watch
from cloud.ops.webhook import SECRET_FILE, configured
from cloud.registry import RegistryFile, read_root
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.cloud.ops.test_fleet_projection import audit

MINUTE_MS = 60_000
RULES = """\
[[rule]]
name = "case-opened"
tile = "tampered"
metric = "is_locked"
above = 0
for_minutes = 30
severity = "critical"
ticket = true
jurisdiction = "CN"
valid_from = 2026-01-01
source = "a test"
"""


class Receiver:
    """Somebody's server: keeps what it was sent; ``status`` is what it answers."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?token=hidden"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ms = now_ms()

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alerts(cloud: CloudUnderTest, clock: Clock) -> Alerts:
    (cloud.config.directory / "alerts.toml").write_text(RULES, encoding="utf-8")
    stores = cloud.cloud.stores
    root = read_root(cloud.config.directory / "root.point")
    registry = RegistryFile(cloud.config.directory / "registry.cose", root, stores.ledger, clock)
    watch = Watch(cloud.config.directory, stores, cloud.cloud.accounts, registry, clock)
    return Alerts(watch, is_told=True)


def tell(cloud: CloudUnderTest, market: Market, event: str) -> None:
    market.say(market.scale, *audit(event, "case switch"))
    cloud.deliver(market.envelope())
    cloud.catch_up()


def messages(cloud: CloudUnderTest) -> list[dict[str, object]]:
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        return [json.loads(row.body) for row in connection.execute(select(outbox).order_by(outbox.c.id))]


def open_tickets(cloud: CloudUnderTest) -> list[tuple[str, str]]:
    tickets = Tickets(cloud.cloud.stores.projections, cloud.cloud.accounts)
    return [(each.fault.device, each.last.account) for each in tickets.waiting(Scope())]


def test_a_rule_fires_once_after_its_time_and_is_cleared(
    cloud: CloudUnderTest, market: Market, alerts: Alerts, clock: Clock
) -> None:
    tell(cloud, market, "locked")
    assert alerts.look() == 0
    clock.ms += 29 * MINUTE_MS
    assert alerts.look() == 0
    clock.ms += MINUTE_MS
    assert alerts.look() == 1
    assert alerts.look() == 0
    assert open_tickets(cloud) == [("scale-0001", "rule:case-opened")]
    tell(cloud, market, "unlocked")
    assert alerts.look() == 0
    assert [(each["fired"], each["cleared"]) for each in messages(cloud)] == [
        (["scale-0001"], []),
        ([], ["scale-0001"]),
    ]
    tell(cloud, market, "locked")
    alerts.look()
    clock.ms += 30 * MINUTE_MS
    assert alerts.look() == 1
    assert open_tickets(cloud) == [("scale-0001", "rule:case-opened")], "the first is still open"


def test_a_condition_that_passes_in_time_tells_nobody(
    cloud: CloudUnderTest, market: Market, alerts: Alerts, clock: Clock
) -> None:
    tell(cloud, market, "locked")
    alerts.look()
    tell(cloud, market, "unlocked")
    clock.ms += 31 * MINUTE_MS
    assert alerts.look() == 0
    assert (messages(cloud), open_tickets(cloud)) == ([], [])


def test_a_message_is_signed_and_waits_for_a_receiver_that_is_away(
    cloud: CloudUnderTest, market: Market, alerts: Alerts, clock: Clock, receiver: Receiver
) -> None:
    tell(cloud, market, "locked")
    alerts.look()
    clock.ms += 30 * MINUTE_MS
    alerts.look()
    webhook = configured(cloud.cloud.stores.ledger, cloud.config.directory, receiver.url)
    assert webhook is not None
    receiver.status = 503
    with pytest.raises(Unavailable, match=r"alerts\.receiver") as refusal:
        webhook.deliver()
    assert "hidden" not in str(refusal.value)
    receiver.status = 204
    assert webhook.deliver() == 1
    assert webhook.deliver() == 0
    (first, _), (headers, body) = receiver.heard
    assert first["webhook-id"] == headers["webhook-id"]
    path = cloud.config.directory / SECRET_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    secret = b64decode(path.read_text().strip().removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert b64decode(headers["webhook-signature"].removeprefix("v1,")) == hmac.digest(secret, signed, hashlib.sha256)
    assert json.loads(body)["fired"] == ["scale-0001"]


def test_the_running_cloud_looks_by_itself(cloud: CloudUnderTest, market: Market) -> None:
    cloud.cloud.lookout.start()
    tell(cloud, market, "case_opened")
    deadline = threading.Event()
    for _ in range(300):
        if any(device == "scale-0001" for device, _ in open_tickets(cloud)):
            return
        deadline.wait(0.1)
    raise AssertionError("no ticket in thirty seconds")


def test_an_address_that_is_none_stops_the_program(cloud: CloudUnderTest, tmp_path: Path) -> None:
    assert configured(cloud.cloud.stores.ledger, tmp_path, "") is None
    with pytest.raises(Misuse, match=r"alerts\.address"):
        configured(cloud.cloud.stores.ledger, tmp_path, "ftp://example")
