"""Step 5: each numbered check has its refusal, and nothing in foreign bytes makes the verifier raise."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracewire import cbor, chain, cose, topics
from tracewire.record import Record

from edge.inbox import Delivery
from edge.verify import Refused, Signed, Verified
from simulators.node import Node, now_ms
from tests.edge.conftest import Bench, delivery
from tests.examples import examples

CLOCK: dict[str, object] = {"before_ms": 1, "source": 1}


def code_of(bench: Bench, payload: bytes, name: str = "scale-0001", sender: str = "") -> str:
    verdict = bench.verifier.judge(delivery(payload, name, sender))
    assert isinstance(verdict, Refused)
    assert verdict.payload == payload
    return verdict.code


def test_a_good_record_passes_with_its_bytes_as_they_came(bench: Bench) -> None:
    sealed = bench.seal()
    verdict = bench.verifier.judge(delivery(sealed))
    assert isinstance(verdict, Verified)
    assert (verdict.device, verdict.sealed, verdict.record.seq) == ("scale-0001", sealed, 1)


def test_a_topic_that_is_not_the_senders_own_is_refused(bench: Bench) -> None:
    assert code_of(bench, bench.seal(), sender="scale-0002") == "access.publish"


def test_a_topic_outside_the_system_is_refused(bench: Bench) -> None:
    verdict = bench.verifier.judge(Delivery("somewhere/else", b"", 0, lambda: None))
    assert isinstance(verdict, Refused)
    assert (verdict.code, verdict.sender) == ("topics.form", "-")


@pytest.mark.parametrize(
    ("defect", "code"),
    [
        (lambda sealed: sealed[:-1], "cose.truncated"),
        (lambda sealed: sealed + b"\x00", "cose.trailing"),
        (lambda sealed: b"\xff" + sealed, "cose.tag"),
        (lambda _sealed: b"weight: 1 kg", "cose.tag"),
        (lambda _sealed: b"", "cose.tag"),
        (lambda sealed: sealed + bytes(4097), "cose.size"),
        (lambda sealed: sealed[1:], "cose.tag"),
        (lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]), "cose.signature"),
    ],
)
def test_a_broken_seal_is_refused_by_the_clause_it_breaks(bench: Bench, defect: object, code: str) -> None:
    assert code_of(bench, defect(bench.seal())) == code  # type: ignore[operator]  # a lambda of the table above


def test_an_unknown_key_is_refused(bench: Bench) -> None:
    assert code_of(bench, Node("scale-0001").seal(2, {"before_ms": 1, "source": 1})) == "registry.unknown"


def test_a_wrong_key_under_a_known_kid_is_refused(bench: Bench) -> None:
    forged = bytearray(Node("scale-0001").seal(2, {"before_ms": 1, "source": 1}))
    forged[9:17] = bench.nodes["scale-0001"].kid
    assert code_of(bench, bytes(forged)) == "cose.signature"


def test_another_devices_key_is_refused_on_this_topic(bench: Bench) -> None:
    assert code_of(bench, bench.seal("scale-0002"), name="scale-0001") == "access.topic"


def test_a_seal_for_another_purpose_is_refused(bench: Bench) -> None:
    payload = Record(2, {"before_ms": 1, "source": 1}, 1, chain.NO_PREVIOUS, 1).encode()
    assert code_of(bench, cose.seal(payload, cose.PROOF, bench.nodes["scale-0001"].key)) == "cose.signature"


@pytest.mark.parametrize(
    ("payload", "claimed"),
    [(b"\xff", 0), (cbor.encode([1, 2]), 0), (cbor.encode({2: 7}), 7), (cbor.encode({2: 2**63}), 0)],
)
def test_a_well_sealed_payload_that_is_no_record_is_refused_as_evidence(
    bench: Bench, payload: bytes, claimed: int
) -> None:
    node = bench.nodes["scale-0001"]
    sealed = cose.seal(payload, cose.RECORD, node.key)
    verdict = bench.verifier.judge(delivery(sealed))
    assert isinstance(verdict, Refused)
    assert verdict.code.split(".")[0] in ("cbor", "record")
    assert verdict.signed == Signed("scale-0001", node.kid, claimed, chain.digest(sealed))


@pytest.mark.parametrize(
    ("topic", "sender", "code"),
    [
        (topics.up("scale-0001"), "", "access.topic"),
        (topics.up("scale-0002"), "scale-0001", "access.publish"),
        ("somewhere/else", "scale-0001", "topics.form"),
    ],
)
def test_a_stolen_record_is_refused_and_its_seal_still_names_its_own_device(
    bench: Bench, topic: str, sender: str, code: str
) -> None:
    stolen = bench.seal("scale-0002")
    verdict = bench.verifier.judge(Delivery(topic, stolen, 0, lambda: None, sender))
    assert isinstance(verdict, Refused)
    assert (verdict.code, verdict.sender) == (code, "scale-0001")
    assert verdict.signed == Signed("scale-0002", bench.nodes["scale-0002"].kid, 1, chain.digest(stolen))


def test_noise_is_nobodys_evidence(bench: Bench) -> None:
    sealed = bench.seal()
    for noise in (b"noise", sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), Node("scale-0001").seal(2, CLOCK)):
        verdict = bench.verifier.judge(delivery(noise))
        assert isinstance(verdict, Refused)
        assert verdict.signed is None


def test_a_revoked_device_is_refused_but_its_signature_counts_as_proof(bench: Bench) -> None:
    verdict = bench.verifier.judge(delivery(bench.seal("scale-gone"), "scale-gone"))
    assert isinstance(verdict, Refused)
    assert verdict.code == "device.revoked"
    assert verdict.signed is not None


def test_a_revoked_key_counts_up_to_its_last_number(bench: Bench) -> None:
    first, second = bench.seal("scale-past"), bench.seal("scale-past")
    assert isinstance(bench.verifier.judge(delivery(first, "scale-past")), Verified)
    assert code_of(bench, second, "scale-past") == "device.revoked"


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_refused(bench: Bench, position: int, bit: int) -> None:
    sealed = bytearray(bench.nodes["scale-0002"].seal(2, {"before_ms": 1, "source": 1}))
    sealed[position % len(sealed)] ^= 1 << bit
    assert isinstance(bench.verifier.judge(delivery(bytes(sealed), "scale-0002")), Refused)


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=300), topic=st.sampled_from([topics.up("scale-0001"), "", "cx/1//up", "#"]))
def test_noise_is_refused_and_never_raises(bench: Bench, noise: bytes, topic: str) -> None:
    assert isinstance(bench.verifier.judge(Delivery(topic, noise, now_ms(), lambda: None)), Refused)
