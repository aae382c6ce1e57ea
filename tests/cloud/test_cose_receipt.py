"""COSE receipts: checked from the RFC alone, by a browser's WebCrypto, and with every bit of them bent."""

import base64
import hashlib
import os

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright
from tracewire import p256
from tracewire.errors import Rejected

from cloud.ledger import cose_receipt, merkle
from cloud.ledger.cose_receipt import Issuer
from cloud.ledger.merkle import Node, Range
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

KEY = p256.SigningKey(p256.new_secret(os.urandom))
VERIFYING = p256.VerifyingKey(KEY.point)
ORIGIN = "market.example/log"
TIME_S = 1_795_000_000
LEAVES = [bytes([number]) * 40 for number in range(7)]
INDEX = 4


def _tree(size: int) -> dict[Node, bytes]:
    nodes: dict[Node, bytes] = {}
    for node, value in merkle.grow(0, [merkle.leaf_hash(leaf) for leaf in LEAVES[:size]], nodes.__getitem__):
        nodes[node] = value
    return nodes


def _root(size: int) -> bytes:
    return merkle.range_hash(Range(0, size), _tree(size).__getitem__)


def _path(ranges: list[Range], size: int) -> list[bytes]:
    return [merkle.range_hash(each, _tree(size).__getitem__) for each in ranges]


ISSUER = Issuer(ORIGIN, KEY, lambda: TIME_S * 1000)
INCLUSION = ISSUER.inclusion(LEAVES[INDEX], INDEX, 7, _path(merkle.inclusion(INDEX, 7), 7))
CONSISTENCY = ISSUER.consistency(3, 7, _path(merkle.consistency(3, 7), 7), _root(7))


def test_a_receipt_opens_to_what_it_was_issued_for() -> None:
    receipt = cose_receipt.open_inclusion(INCLUSION, LEAVES[INDEX], VERIFYING)
    assert (receipt.first, receipt.second, receipt.origin, receipt.time_s) == (7, INDEX, ORIGIN, TIME_S)
    grown = cose_receipt.open_consistency(CONSISTENCY, _root(3), _root(7), VERIFYING)
    assert (grown.first, grown.second) == (3, 7)


def test_an_outsider_checks_a_receipt_with_the_rfc_and_two_libraries() -> None:
    protected, unprotected, payload, signature = cbor2.loads(INCLUSION).value
    header = cbor2.loads(protected)
    assert (header[1], header[395], header[15], payload) == (-7, 1, {1: ORIGIN, 2: "7", 6: TIME_S}, None)
    size, index, path = cbor2.loads(unprotected[396][-1][0])
    assert (size, index) == (7, INDEX)
    node, last = hashlib.sha256(b"\0" + LEAVES[INDEX]).digest(), size - 1  # RFC 9162 2.1.3.2
    for sibling in path:
        if index % 2 or index == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        index, last = index // 2, last // 2
    signed = cbor2.dumps(["Signature1", protected, b"", node])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), KEY.point)
    point.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_of_a_receipt_is_refused(bit: int) -> None:
    for place in range(len(INCLUSION)):
        with pytest.raises(Rejected):
            cose_receipt.open_inclusion(_bent(INCLUSION, place, bit), LEAVES[INDEX], VERIFYING)
    for place in range(len(CONSISTENCY)):
        with pytest.raises(Rejected):
            cose_receipt.open_consistency(_bent(CONSISTENCY, place, bit), _root(3), _root(7), VERIFYING)


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_of_the_record_is_refused(bit: int) -> None:
    for place in range(len(LEAVES[INDEX])):
        with pytest.raises(Rejected, match=r"receipt\.signature"):
            cose_receipt.open_inclusion(INCLUSION, _bent(LEAVES[INDEX], place, bit), VERIFYING)


def test_a_receipt_is_no_receipt_of_another_kind_key_or_root() -> None:
    other = p256.VerifyingKey(p256.SigningKey(p256.new_secret(os.urandom)).point)
    with pytest.raises(Rejected, match=r"receipt\.kid"):
        cose_receipt.open_inclusion(INCLUSION, LEAVES[INDEX], other)
    with pytest.raises(Rejected, match=r"receipt\.type"):
        cose_receipt.open_inclusion(CONSISTENCY, LEAVES[INDEX], VERIFYING)
    with pytest.raises(Rejected, match=r"log\.consistency"):
        cose_receipt.open_consistency(CONSISTENCY, _root(4), _root(7), VERIFYING)
    with pytest.raises(Rejected, match=r"receipt\.signature"):
        cose_receipt.open_consistency(CONSISTENCY, _root(3), _root(6), VERIFYING)


def test_a_lone_record_has_no_receipt_yet() -> None:
    with pytest.raises(Rejected, match=r"receipt\.path"):
        ISSUER.inclusion(LEAVES[0], 0, 1, [])


@given(data=st.binary(max_size=300))
def test_nothing_but_rejected_comes_out_of_foreign_bytes(data: bytes) -> None:
    for foreign in (data, INCLUSION[: len(data)], INCLUSION[: len(data)] + data, INCLUSION + data[:1] + b"x"):
        with pytest.raises(Rejected):
            cose_receipt.open_inclusion(foreign, LEAVES[INDEX], VERIFYING)


def test_receipts_are_served_for_every_record(cloud: CloudUnderTest, market: Market) -> None:
    sealed = [market.health() for _ in range(5)]
    cloud.deliver(market.envelope(*sealed))
    key = p256.VerifyingKey(market.cloud.key.point)
    for index, record in enumerate(sealed):
        by_place = cloud.public.get("/v1/log/receipt/inclusion", params={"index": index})
        by_name = cloud.public.get(f"/v1/log/receipt/record/scale-0001/{index + 1}")
        assert by_name.headers["content-type"] == 'application/cose; cose-type="cose-sign1"'
        for answer in (by_place, by_name):
            receipt = cose_receipt.open_inclusion(answer.content, record, key)
            assert (receipt.first, receipt.second) == (5, index)


def test_growth_is_receipted(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(*[market.health() for _ in range(6)]))
    roots = {size: _served_root(cloud, size) for size in (2, 6)}
    answer = cloud.public.get("/v1/log/receipt/consistency", params={"from": 2, "to": 6})
    cose_receipt.open_consistency(answer.content, roots[2], roots[6], p256.VerifyingKey(market.cloud.key.point))


WEBCRYPTO = """
async ([point, protectedHeader, root, signature]) => {
    const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const head = (major, length) => length < 24 ? [major + length] : [major + 24, length];
    const string = data => [...head(0x40, data.length), ...data];
    const name = new TextEncoder().encode("Signature1");
    const signed = new Uint8Array([0x84, 0x60 + name.length, ...name, ...string(bytes(protectedHeader)), 0x40,
        ...string(bytes(root))]);
    const key = await crypto.subtle.importKey("raw", bytes(point), {name: "ECDSA", namedCurve: "P-256"}, false,
        ["verify"]);
    return crypto.subtle.verify({name: "ECDSA", hash: "SHA-256"}, key, bytes(signature), signed);
}
"""


def test_a_phones_webcrypto_verifies_a_receipt(cloud: CloudUnderTest) -> None:
    protected, _, _, signature = cbor2.loads(INCLUSION).value
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        page.goto(cloud.url + "/healthz")  # a loopback address is a secure context; without one there is no WebCrypto

        def verdict(root: bytes) -> object:
            fields = (KEY.point, protected, root, signature)
            return page.evaluate(WEBCRYPTO, [base64.b64encode(each).decode() for each in fields])

        assert verdict(_root(7)) is True
        assert verdict(_root(6)) is False
        browser.close()


def _served_root(cloud: CloudUnderTest, size: int) -> bytes:
    found = cloud.public.get("/v1/log/proof/inclusion", params={"index": 0, "size": size}).json()["root"]
    return base64.b64decode(found)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("inclusion?index=0", 404),
        ("inclusion?index=7", 404),
        ("inclusion?index=x", 400),
        ("record/scale-0001/2", 404),
        ("record/nobody/1", 404),
        ("record/scale-0001/-1", 400),
        ("consistency?from=1&to=1", 404),
        ("consistency?from=0&to=1", 404),
        ("consistency?from=1&to=9", 404),
        ("consistency?from=1", 400),
    ],
)
def test_a_receipt_that_cannot_be_given_says_why(
    cloud: CloudUnderTest, market: Market, asked: str, status: int
) -> None:
    cloud.deliver(market.envelope(market.health()))
    response = cloud.public.get(f"/v1/log/receipt/{asked}")
    assert response.status_code == status
    assert response.json()["detail"]


def _bent(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]
