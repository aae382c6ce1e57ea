"""The consumer's own check: a real browser verifies the slip with WebCrypto, and says what does not hold."""

import base64
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import cbor2
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page
from starlette.types import Message, Receive, Scope, Send
from tracewire import cose, record

from cloud.config import load
from tests.cloud.conftest import CloudUnderTest, listener, replace
from tests.cloud.market import Market

PHONE: Any = {"width": 390, "height": 844}
LARGEST_VISIT_BYTES = 60 * 1024
LARGEST_PROOF_BYTES = 2 * 1024
"""Of the two keys that a slip needs, however many devices there are."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, locale="zh-CN")
    yield context.new_page()
    context.close()


class Slip:
    """One sale in the ledger, with what its QR code carries."""

    def __init__(self, cloud: CloudUnderTest, market: Market) -> None:
        lot = market.pork_for()
        market.card_in(lot)
        self.code = market.sell(lot)
        self.sealed = market.pending[-1]
        self.deliver = lambda: cloud.deliver(market.envelope())
        self.deliver()
        cloud.catch_up()


@pytest.fixture
def slip(cloud: CloudUnderTest, market: Market) -> Slip:
    return Slip(cloud, market)


@pytest.fixture
def scan(cloud: CloudUnderTest, page: Page) -> Callable[..., dict[str, str]]:
    """Open the page of a slip's QR code; return each check's outcome as the reader sees it."""

    def scan(code: str, sealed: bytes, query: str = "") -> dict[str, str]:
        text = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
        page.goto("about:blank")
        page.goto(f"{cloud.url}/t/{code}{query}#{text}")
        page.locator("#phone[data-done]").wait_for()
        return outcomes(page)

    return scan


def outcomes(page: Page) -> dict[str, str]:
    rows = page.locator("#phone [data-check]:not([hidden])").all()
    assert all(row.inner_text().strip() for row in rows)
    return {str(row.get_attribute("data-check")): str(row.get_attribute("class")) for row in rows}


ALL_HELD = {"signature": "held", "key": "held", "page": "held", "log": "held"}


NOT_ARRIVED = {"signature": "held", "key": "held", "page": "open", "log": "open"}


def test_a_slip_whose_record_is_still_on_the_way_is_checked_and_shows_what_was_signed(
    cloud: CloudUnderTest, market: Market, slip: Slip, scan: Callable[..., dict[str, str]], page: Page
) -> None:
    lot = market.pork_for()
    code = market.sell(lot)
    sealed = market.pending[-1]
    assert scan(code, sealed) == NOT_ARRIVED
    told = page.inner_text("main")
    assert "没有查到这个码" in told and "还没有传到" in told
    signed = record.decode(cose.parse(sealed).payload).body
    assert f"{signed['net_grams'] / 1000} kg × {signed['price_fen_per_kg'] / 100:.2f}" in told
    assert scan(code, sealed[:-1] + bytes([sealed[-1] ^ 1])) == NOT_ARRIVED | {"signature": "failed", "page": "failed"}
    assert scan(code[:-1] + str((int(code[-1]) + 1) % 10), sealed) == NOT_ARRIVED | {"page": "failed"}
    slip.deliver()
    cloud.catch_up()
    assert scan(code, sealed) == ALL_HELD


class Counted:
    """A web application, with how many bytes of answers it gave by path; the service worker's questions count too."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.sent: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def count(message: Message) -> None:
            self.sent[scope["path"]] += len(message.get("body", b""))
            self.sent[scope["path"]] += sum(len(name) + len(value) + 4 for name, value in message.get("headers", ()))
            await send(message)

        await self._app(scope, receive, count)


def test_an_honest_slip_holds_on_the_phone_within_sixty_kilobytes(
    cloud: CloudUnderTest, market: Market, slip: Slip, scan: Callable[..., dict[str, str]], page: Page
) -> None:
    for number in range(300):
        market.add(f"scale-9{number:03}", "scale")
    cloud.publish_registry()
    counted = Counted(cloud.cloud.public_app)
    listener("public").app = counted
    answers: list[str] = []
    page.on("response", lambda answer: answers.append(answer.url))
    assert scan(slip.code, slip.sealed) == ALL_HELD
    page.evaluate("navigator.serviceWorker.ready")
    assert all(url.startswith((cloud.url, "data:")) for url in answers)
    assert counted.sent.total() < LARGEST_VISIT_BYTES, counted.sent
    assert counted.sent[f"/v1/keys/{market.scale.kid.hex()}"] < LARGEST_PROOF_BYTES
    assert "/registry.cose" not in counted.sent
    assert "签名成立" in page.inner_text("#phone")
    assert len(page.inner_text("[data-fingerprint]")) == 19


def test_a_registry_from_before_there_were_heads_is_fetched_whole(
    cloud: CloudUnderTest, market: Market, slip: Slip, scan: Callable[..., dict[str, str]]
) -> None:
    voucher, registry, _ = cbor2.loads(market.trust.bundle(market.nodes))
    replace(cloud.config.directory / "registry.cose", cbor2.dumps([voucher, registry]))
    assert scan(slip.code, slip.sealed) == ALL_HELD


@pytest.mark.parametrize("part", ["voucher", "head", "credential", "path"])
def test_a_key_that_is_not_proved_is_not_believed(
    market: Market, slip: Slip, scan: Callable[..., dict[str, str]], page: Page, part: str
) -> None:
    page.route("**/v1/keys/*", lambda route: route.fulfill(body=_bent(route.fetch().body(), part)))
    assert scan(slip.code, slip.sealed) == {"key": "failed"}


def _bent(answer: bytes, part: str) -> bytes:
    """Turn one bit over in a part of what proves a key."""
    voucher, head, rows = cbor2.loads(answer)
    row, index, path = rows[0]

    def bend(octets: bytes) -> bytes:
        return octets[:-9] + bytes([octets[-9] ^ 1]) + octets[-8:]

    if part == "voucher":
        voucher = bend(voucher)
    if part == "head":
        head = bend(head)
    if part == "credential":
        row = bend(row)
    if part == "path":
        path = [bend(path[0]), *path[1:]]
    return cbor2.dumps([voucher, head, [[row, index, path], *rows[1:]]])


def test_a_wholesale_voucher_is_checked_like_a_slip(
    cloud: CloudUnderTest, market: Market, scan: Callable[..., dict[str, str]]
) -> None:
    lot = market.pork_for()
    voucher = market.pending[-1]
    other = market.pork_for(carcasses=1)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    assert scan(lot, voucher) == ALL_HELD
    assert scan(other, voucher) == {**ALL_HELD, "page": "failed"}


def test_a_slips_seal_on_its_lots_page_does_not_match(
    market: Market, slip: Slip, scan: Callable[..., dict[str, str]]
) -> None:
    assert scan(f"{market.wholesaler.credential.code_base}0000001", slip.sealed) == {**ALL_HELD, "page": "failed"}


def test_a_page_at_a_foreign_address_says_so(
    cloud: CloudUnderTest, slip: Slip, scan: Callable[..., dict[str, str]], page: Page
) -> None:
    path = cloud.config.directory / "cloud.toml"
    path.write_text(path.read_text(encoding="utf-8") + 'public_address = "https://trace.example"\n', encoding="utf-8")
    cloud.stop()
    cloud.config = load(cloud.config.directory)
    cloud.start()
    assert scan(slip.code, slip.sealed) == {"address": "failed", **ALL_HELD}
    assert "仿冒" in page.inner_text("#phone .failed")


def test_it_speaks_english_too(slip: Slip, scan: Callable[..., dict[str, str]], page: Page) -> None:
    scan(slip.code, slip.sealed, "?lang=en")
    assert "The signature holds" in page.inner_text("#phone")


@pytest.mark.parametrize("at", [30, 60, 110, -1])
def test_one_changed_bit_is_said_to_be_a_changed_slip(
    slip: Slip, scan: Callable[..., dict[str, str]], page: Page, at: int
) -> None:
    changed = bytearray(slip.sealed)
    changed[at] ^= 1
    assert scan(slip.code, bytes(changed))["signature"] == "failed"
    assert "不成立" in page.inner_text("#phone .failed")


def test_noise_in_place_of_a_seal_is_no_seal(slip: Slip, scan: Callable[..., dict[str, str]]) -> None:
    assert scan(slip.code, b"\xff" * 180) == {"signature": "failed"}


def test_a_slip_sealed_by_an_unknown_key_is_a_forgery(
    slip: Slip, market: Market, scan: Callable[..., dict[str, str]]
) -> None:
    stranger = Market().scale
    payload = cose.parse(slip.sealed).payload
    assert scan(slip.code, cose.seal(payload, cose.RECORD, stranger.key)) == {"key": "failed"}


def test_a_revoked_scale_is_named(
    cloud: CloudUnderTest, market: Market, slip: Slip, scan: Callable[..., dict[str, str]], page: Page
) -> None:
    market.scale.credential.state = "revoked"
    cloud.publish_registry()
    found = scan(slip.code, slip.sealed)
    assert found["key"] == "failed"
    assert "吊销" in page.inner_text("#phone .failed")


def test_a_real_slip_on_another_slips_page_does_not_match(
    cloud: CloudUnderTest, market: Market, slip: Slip, scan: Callable[..., dict[str, str]]
) -> None:
    lot = market.pork_for()
    other = market.sell(lot, grams=700)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    assert scan(other, slip.sealed) == {**ALL_HELD, "page": "failed"}


def test_a_sealed_record_that_is_no_sale_proves_no_slip(
    slip: Slip, market: Market, scan: Callable[..., dict[str, str]]
) -> None:
    weighing = market.scale.seal(record.HEALTH, {"uptime_s": 60, "journal_pending": 0, "journal_permille": 1})
    assert scan(slip.code, weighing) == {"signature": "failed"}


def test_without_a_seal_in_the_address_nothing_is_claimed(cloud: CloudUnderTest, slip: Slip, page: Page) -> None:
    page.goto(f"{cloud.url}/t/{slip.code}")
    assert page.locator("#phone").is_hidden()


def test_what_was_scanned_once_opens_again_without_a_network(
    cloud: CloudUnderTest, slip: Slip, scan: Callable[..., dict[str, str]], page: Page
) -> None:
    scan(slip.code, slip.sealed)
    page.evaluate("navigator.serviceWorker.ready")
    scan(slip.code, slip.sealed)  # now the worker sees the page and keeps it
    page.wait_for_function("caches.open('chengxin-2').then(cache => cache.match(location.pathname))")
    page.context.set_offline(True)
    assert scan(slip.code, slip.sealed) == ALL_HELD
