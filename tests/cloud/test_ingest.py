"""What comes in through ``POST /v1/records``: good records are kept, bad ones are kept apart, nothing is lost."""

import gzip
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracewire import cbor, chain, cose, p256, record

from cloud.ledger import store
from simulators.node import Node
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.examples import examples

HEALTH = {"uptime_s": 1, "journal_pending": 0, "journal_permille": 0}


def test_a_record_is_in_the_ledger_when_its_receipt_is_sealed(cloud: CloudUnderTest, market: Market) -> None:
    sealed = [market.health() for _ in range(3)]
    answer = cloud.deliver(market.envelope(*sealed))
    (receipt,) = answer.receipts
    assert (receipt.keeper, receipt.kid) == (2, market.scale.kid)
    assert (receipt.seq_from, receipt.seq_to, receipt.head) == (1, 3, chain.digest(sealed[-1]))
    assert [row.sealed for row in cloud.rows(store.records)] == sealed
    assert answer.refused == {}


def test_the_same_envelope_twice_changes_nothing_and_is_answered_again(cloud: CloudUnderTest, market: Market) -> None:
    envelope = market.envelope(market.health(), market.health())
    first, second = cloud.deliver(envelope), cloud.deliver(envelope)
    assert len(cloud.rows(store.records)) == 2
    assert [vars(each) | {"time_ms": 0} for each in first.receipts] == [
        vars(each) | {"time_ms": 0} for each in second.receipts
    ]


def test_a_record_twice_in_one_envelope_is_one_record(cloud: CloudUnderTest, market: Market) -> None:
    sealed = market.health()
    answer = cloud.deliver(market.envelope(sealed, sealed))
    assert len(cloud.rows(store.records)) == 1
    assert answer.refused == {}


def test_each_device_gets_its_own_receipt(cloud: CloudUnderTest, market: Market) -> None:
    answer = cloud.deliver(market.envelope(market.health(market.farm), market.health(market.scale)))
    assert {receipt.kid for receipt in answer.receipts} == {market.farm.kid, market.scale.kid}


def _truncated(market: Market) -> bytes:
    return market.health()[:-1]


def _trailing(market: Market) -> bytes:
    return market.health() + b"\x00"


def _sealed(market: Market, payload: bytes) -> bytes:
    return cose.seal(payload, cose.RECORD, market.scale.key)


def _non_deterministic(market: Market) -> bytes:
    payload = cose.parse(market.health()).payload
    assert payload[:3] == b"\xa8\x01\x01"
    return _sealed(market, b"\xa8\x01\x18\x01" + payload[3:])


def _oversized(market: Market) -> bytes:
    return _sealed(market, bytes(5000))


def _not_cbor(market: Market) -> bytes:
    return _sealed(market, b"\xff\xfe not cbor")


def _wrong_key(market: Market) -> bytes:
    thief = Node("scale-0001", "scale")
    thief.key.kid = market.scale.kid
    return thief.seal(record.HEALTH, dict(HEALTH))


def _unknown_device(market: Market) -> bytes:
    return Node("scale-0666", "scale").seal(record.HEALTH, dict(HEALTH))


def _wrong_kid(market: Market) -> bytes:
    sealed = bytearray(market.health())
    sealed[9:17] = market.farm.kid
    return bytes(sealed)


def _another_purpose(market: Market) -> bytes:
    return cose.seal(cose.parse(market.health()).payload, cose.PROOF, market.scale.key)


def _role_oversteps(market: Market) -> bytes:
    body = {"lot": "35020000100070000001", "source": 2, "goods": "生猪", "place": "别处", "division": "350821"}
    return market.scale.seal(record.LOT, dict(body))


def _unknown_field(market: Market) -> bytes:
    entries = cbor.decode(cose.parse(market.health()).payload)
    assert isinstance(entries, dict)
    entries[6][22] = 1
    return _sealed(market, cbor.encode(entries))


def _sixty_four_bits(market: Market) -> bytes:
    entries = cbor.decode(cose.parse(market.health()).payload)
    assert isinstance(entries, dict)
    entries[2] = 2**64 - 1
    return _sealed(market, cbor.encode(entries))


def _nul_in_the_reason(market: Market) -> bytes:
    entries = cbor.decode(cose.parse(market.health()).payload)
    assert isinstance(entries, dict)
    entries[5] = "\0"
    return _sealed(market, cbor.encode(entries))


def _empty(market: Market) -> bytes:
    return b""


BAD_RECORDS: dict[Callable[[Market], bytes], str] = {
    _nul_in_the_reason: "record.kind",
    _empty: "cose.tag",
    _truncated: "cose.truncated",
    _trailing: "cose.trailing",
    _non_deterministic: "cbor.shortest",
    _oversized: "cose.size",
    _not_cbor: "cbor.type",
    _wrong_key: "cose.signature",
    _unknown_device: "registry.unknown",
    _wrong_kid: "cose.signature",
    _another_purpose: "cose.signature",
    _role_oversteps: "role.source",
    _unknown_field: "record.unknown",
    _sixty_four_bits: "record.header",
}


@pytest.mark.parametrize("spoil", BAD_RECORDS, ids=lambda spoil: spoil.__name__.strip("_"))
def test_a_bad_record_is_quarantined_and_its_neighbours_are_kept(
    cloud: CloudUnderTest, market: Market, spoil: Callable[[Market], bytes]
) -> None:
    bad = spoil(market)
    before, after = market.health(market.farm), market.health(market.farm)
    answer = cloud.deliver(market.envelope(before, bad, after))
    assert answer.refused == {1: BAD_RECORDS[spoil]}
    (kept,) = cloud.rows(store.quarantine)
    assert (kept.sealed, kept.code, kept.gateway) == (bad, BAD_RECORDS[spoil], "gateway-01")
    assert [row.sealed for row in cloud.rows(store.records)] == [before, after]


def test_a_good_record_between_two_bad_ones_is_kept(cloud: CloudUnderTest, market: Market) -> None:
    good = market.health(market.farm)
    answer = cloud.deliver(market.envelope(_not_cbor(market), good, _truncated(market)))
    assert answer.refused == {0: "cbor.type", 2: "cose.truncated"}
    assert [row.sealed for row in cloud.rows(store.records)] == [good]
    assert len(cloud.rows(store.quarantine)) == 2


def test_a_record_that_a_gateway_of_another_site_brings_is_kept_with_a_note(
    cloud: CloudUnderTest, market: Market
) -> None:
    stranger = market.add("gateway-02", "gateway")
    stranger.credential.site = "第九市场"
    cloud.publish_registry()
    answer = cloud.deliver(market.envelope(market.health(), by=stranger))
    assert answer.refused == {}
    cloud.deliver(market.envelope(market.health()))
    assert [(row.idx, row.code, row.detail) for row in cloud.rows(store.flags)] == [
        (1, "gateway.site", "brought by a gateway of 第九市场")
    ]


def test_the_same_bad_record_again_is_one_row_in_quarantine(cloud: CloudUnderTest, market: Market) -> None:
    envelope = market.envelope(_wrong_key(market))
    assert cloud.deliver(envelope).refused == cloud.deliver(envelope).refused
    assert len(cloud.rows(store.quarantine)) == 1


def test_a_refused_record_is_named_in_its_devices_receipt(cloud: CloudUnderTest, market: Market) -> None:
    bad = _unknown_field(market)
    (receipt,) = cloud.deliver(market.envelope(bad)).receipts
    assert receipt.refused == ((1, chain.digest(bad), "record.unknown"),)
    assert (receipt.seq_from, receipt.seq_to, receipt.head) == (1, 0, bytes(32))


def test_more_refusals_than_a_receipt_holds_go_into_the_next_one(cloud: CloudUnderTest, market: Market) -> None:
    bad = [_unknown_field(market) for _ in range(70)]
    receipts = cloud.deliver(market.envelope(*bad)).receipts
    assert [len(receipt.refused) for receipt in receipts] == [64, 6]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True))
def test_a_bit_flipped_anywhere_is_never_accepted(cloud: CloudUnderTest, market: Market, place: float) -> None:
    sealed = bytearray(market.scale.seal(record.HEALTH, dict(HEALTH)))
    bit = int(place * len(sealed) * 8)
    sealed[bit // 8] ^= 1 << bit % 8
    accepted = len(cloud.rows(store.records))
    answer = cloud.deliver(market.envelope(bytes(sealed)))
    assert set(answer.refused) == {0}
    assert len(cloud.rows(store.records)) == accepted
    assert bytes(sealed) in {row.sealed for row in cloud.rows(store.quarantine)}


def test_a_revoked_devices_record_is_refused_and_kept(cloud: CloudUnderTest, market: Market) -> None:
    market.scale.credential.state = "revoked"
    cloud.publish_registry()
    answer = cloud.deliver(market.envelope(market.health()))
    assert answer.refused == {0: "registry.revoked"}
    assert cloud.rows(store.quarantine)[0].device == "scale-0001"


def test_a_key_revoked_as_of_a_number_still_speaks_for_the_numbers_before(
    cloud: CloudUnderTest, market: Market
) -> None:
    market.scale.credential.state, market.scale.credential.to_seq = "revoked", 2
    cloud.publish_registry()
    answer = cloud.deliver(market.envelope(*(market.health() for _ in range(3))))
    assert answer.refused == {2: "registry.revoked"}


def test_a_changed_key_continues_its_devices_chain(cloud: CloudUnderTest, market: Market) -> None:
    old = [market.health(), market.health()]
    successor = Node("scale-0001", "scale", code_base="3502000010007")
    successor.head, successor.totals = market.scale.head, market.scale.totals
    market.scale.credential.to_seq, successor.credential.from_seq = 2, 3
    market.nodes.append(successor)
    cloud.publish_registry()
    answer = cloud.deliver(market.envelope(*old, market.health(successor), market.health(market.scale)))
    assert answer.refused == {3: "registry.range"}
    assert [row.seq for row in cloud.rows(store.records)] == [1, 2, 3]


def test_a_device_in_quarantine_is_stored(cloud: CloudUnderTest, market: Market) -> None:
    market.scale.credential.state = "quarantined"
    cloud.publish_registry()
    assert cloud.deliver(market.envelope(market.health())).refused == {}
    assert cloud.rows(store.records)[0].standing == "quarantined"


GARBAGE = {
    "empty": b"",
    "text": b"POST me",
    "zeros": bytes(300),
    "cbor but no seal": cbor.encode([[1, b"x"]]),
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_garbage_envelope_is_refused_with_a_problem_document(cloud: CloudUnderTest, body: bytes) -> None:
    response = cloud.ingest.post("/v1/records", content=body)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"].startswith("cose.")


@pytest.mark.parametrize("portion", [0.1, 0.5, 0.999])
def test_a_truncated_envelope_acknowledges_nothing(cloud: CloudUnderTest, market: Market, portion: float) -> None:
    envelope = market.envelope(*(market.health() for _ in range(10)))
    status, code = _refusal(cloud, envelope[: int(len(envelope) * portion)])
    assert (status, code.partition(".")[2]) == (400, "truncated")
    assert cloud.deliver(envelope).refused == {}
    assert len(cloud.rows(store.records)) == 10


@pytest.mark.parametrize("given", ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "cose"])
def test_a_body_of_another_type_is_not_looked_at(cloud: CloudUnderTest, market: Market, given: str) -> None:
    response = cloud.ingest.post(
        "/v1/records", content=market.envelope(market.health()), headers={"Content-Type": given}
    )
    assert (response.status_code, response.json()["code"]) == (415, "envelope.type")
    assert cloud.rows(store.records) == []


def _refusal(cloud: CloudUnderTest, envelope: bytes, encoding: str = "identity") -> tuple[int, str]:
    response = cloud.ingest.post("/v1/records", content=envelope, headers={"Content-Encoding": encoding})
    assert cloud.rows(store.records) == []
    return response.status_code, response.json()["code"]


def test_an_envelope_of_anyone_but_a_gateway_is_refused(cloud: CloudUnderTest, market: Market) -> None:
    sealed = market.health()
    assert _refusal(cloud, market.envelope(sealed, by=market.farm)) == (403, "envelope.role")
    stranger = Node("gateway-66", "gateway")
    assert _refusal(cloud, market.envelope(sealed, by=stranger)) == (403, "envelope.unknown")


def test_an_envelope_of_a_revoked_gateway_is_refused(cloud: CloudUnderTest, market: Market) -> None:
    market.gateway.credential.state = "revoked"
    cloud.publish_registry()
    assert _refusal(cloud, market.envelope(market.health())) == (403, "envelope.state")


def test_a_forged_envelope_is_refused(cloud: CloudUnderTest, market: Market) -> None:
    envelope = bytearray(market.envelope(market.health()))
    envelope[40] ^= 1
    assert _refusal(cloud, bytes(envelope))[0] == 400


@pytest.mark.parametrize(
    "items", [7, [[1]], [[b"x", b"x"]], [[-1, b"x"]], [[2**60, b"x"]], [[True, b"x"]], [[1, "text"]]], ids=repr
)
def test_an_envelope_with_other_contents_is_refused(cloud: CloudUnderTest, market: Market, items: object) -> None:
    envelope = cose.seal(cbor.encode(items), cose.ENVELOPE, market.gateway.key)
    assert _refusal(cloud, envelope) == (400, "envelope.items")


def test_an_empty_envelope_is_answered(cloud: CloudUnderTest, market: Market) -> None:
    envelope = cose.seal(cbor.encode([]), cose.ENVELOPE, market.gateway.key)
    answer = cloud.deliver(envelope)
    assert (answer.receipts, answer.refused) == ([], {})


def test_gzip_is_taken(cloud: CloudUnderTest, market: Market) -> None:
    envelope = market.envelope(market.health())
    response = cloud.ingest.post("/v1/records", content=gzip.compress(envelope), headers={"Content-Encoding": "gzip"})
    assert response.status_code == 200
    assert len(cloud.rows(store.records)) == 1


def test_a_gzip_bomb_is_refused_before_it_unfolds(cloud: CloudUnderTest) -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024))
    assert _refusal(cloud, bomb, "gzip") == (413, "envelope.too_large")


def test_a_body_beyond_the_limit_is_refused(cloud: CloudUnderTest) -> None:
    assert _refusal(cloud, bytes(cloud.config.max_envelope_bytes + 1)) == (413, "envelope.too_large")


def test_damaged_gzip_and_other_encodings_are_refused(cloud: CloudUnderTest, market: Market) -> None:
    folded = gzip.compress(market.envelope(market.health()))
    assert _refusal(cloud, folded[:-5], "gzip") == (400, "envelope.gzip")
    assert _refusal(cloud, folded + b"x", "gzip") == (400, "envelope.gzip")
    assert _refusal(cloud, b"not gzip", "gzip") == (400, "envelope.gzip")
    assert _refusal(cloud, folded, "br") == (415, "envelope.encoding")


def test_counters_say_what_came_in(cloud: CloudUnderTest, market: Market) -> None:
    sealed = market.health()
    cloud.deliver(market.envelope(sealed, sealed, _wrong_key(market)))
    cloud.ingest.post("/v1/records", content=b"garbage")
    text = cloud.public.get("/metrics").text
    for line in (
        "chengxin_cloud_records_received_total 3.0",
        "chengxin_cloud_records_verified_total 1.0",
        "chengxin_cloud_records_repeated_total 1.0",
        'chengxin_cloud_records_quarantined_total{code="cose.signature"} 1.0',
        'chengxin_cloud_envelopes_refused_total{code="cose.tag"} 1.0',
        "chengxin_cloud_ledger_records 1.0",
    ):
        assert line in text


def test_the_answer_is_sealed_by_the_clouds_own_key(cloud: CloudUnderTest, market: Market) -> None:
    response = cloud.ingest.post("/v1/records", content=market.envelope(market.health()))
    assert cose.parse(response.content).kid == p256.key_id(market.cloud.key.point)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_full_disk_acknowledges_nothing_and_the_next_try_goes_through(cloud: CloudUnderTest, market: Market) -> None:
    envelope = market.envelope(*(market.health() for _ in range(500)))
    writer = cloud.cloud.stores.ledger.writer
    with writer.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
    response = cloud.ingest.post("/v1/records", content=envelope)
    assert (response.status_code, response.json()["code"]) == (503, "store.unavailable")
    assert response.headers["retry-after"]
    assert cloud.rows(store.records) == []
    writer.dispose()  # room again: the limit goes with its connection
    assert cloud.deliver(envelope).refused == {}
    assert len(cloud.rows(store.records)) == 500
