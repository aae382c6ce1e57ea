"""The update manifest: what two people signed for this board opens, and every other byte string is refused by name."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor, cose, manifest, p256
from tracewire.errors import Misuse, Rejected
from tracewire.manifest import Manifest, Target

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
ALICE, BOB, CAROL, MALLORY = (p256.SigningKey(hashlib.sha256(name).digest()) for name in (b"a", b"b", b"c", b"m"))
TRUSTED = [key.point for key in (ALICE, BOB, CAROL)]
TARGET = Target("scale", hardware=2, loader=1, security_floor=3)
FILES = [("device/journal.mpy", 4000, bytes(32)), ("scale/main.mpy", 900, bytes(range(32)))]


def release(**changed: Any) -> Manifest:
    fields = {
        "version": "1.4.0",
        "model": "scale",
        "hardware": (1, 3),
        "security_version": 3,
        "issued_ms": NOW_MS,
        "expires_ms": NOW_MS + 30 * DAY_MS,
        "files": FILES,
    }
    return Manifest(**{**fields, **changed})


def signed(payload: bytes, *keys: p256.SigningKey) -> bytes:
    return cbor.encode([cose.seal(payload, cose.FIRMWARE, key) for key in keys])


PAYLOAD = release().encode()
BUNDLE = signed(PAYLOAD, ALICE, BOB)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Rejected) as refusal:
        call()
    return refusal.value.code


def check(bundle: bytes, now_ms: int = NOW_MS) -> Manifest:
    return manifest.check(bundle, TRUSTED, TARGET, now_ms)


def altered(key: int, value: object) -> bytes:
    """A manifest whose one field is something that ``encode`` would refuse."""
    wire = cbor.decode(PAYLOAD)
    assert isinstance(wire, dict)
    return cbor.encode({**wire, key: value})


@pytest.mark.parametrize("signers", [(ALICE, BOB), (CAROL, ALICE), (ALICE, BOB, CAROL)])
def test_two_of_three_signers_are_enough_in_any_order(signers: tuple[p256.SigningKey, ...]) -> None:
    opened = check(signed(PAYLOAD, *signers))
    assert opened.encode() == PAYLOAD
    assert (opened.version, opened.total_bytes, opened.files[1]) == ("1.4.0", 4900, FILES[1])
    assert opened.digest == hashlib.sha256(PAYLOAD).digest()


def test_signatures_are_added_one_after_the_other() -> None:
    first = manifest.add_signature(None, PAYLOAD, ALICE)
    assert refused(lambda: check(first)) == "manifest.signatures"
    assert check(manifest.add_signature(first, PAYLOAD, BOB)).version == "1.4.0"
    with pytest.raises(Misuse, match="same_key"):
        manifest.add_signature(first, PAYLOAD, ALICE)
    with pytest.raises(Misuse, match="differs"):
        manifest.add_signature(first, release(version="1.4.1").encode(), BOB)


def test_no_more_than_four_people_sign() -> None:
    bundle = None
    for number in range(manifest.MAX_SIGNATURES):
        bundle = manifest.add_signature(bundle, PAYLOAD, p256.SigningKey(bytes(31) + bytes([number + 1])))
    with pytest.raises(Misuse, match="signatures"):
        manifest.add_signature(bundle, PAYLOAD, ALICE)


@pytest.mark.parametrize(
    ("code", "bundle"),
    [
        ("manifest.signatures", signed(PAYLOAD, ALICE)),
        ("manifest.signatures", cbor.encode([])),
        ("manifest.same_key", signed(PAYLOAD, ALICE, ALICE)),
        ("manifest.foreign_key", signed(PAYLOAD, ALICE, MALLORY)),
        ("manifest.foreign_key", signed(PAYLOAD, ALICE, BOB, MALLORY)),
        ("manifest.bundle", cbor.encode(b"")),
        ("manifest.bundle", cbor.encode([1, 2])),
        ("manifest.size", bytes(manifest.MAX_BUNDLE_BYTES + 1)),
        ("manifest.map", signed(cbor.encode({1: 1}), ALICE, BOB)),
        ("manifest.map", signed(cbor.encode([]), ALICE, BOB)),
        ("manifest.model", signed(release(model="terminal").encode(), ALICE, BOB)),
        ("manifest.hardware", signed(release(hardware=(3, 4)).encode(), ALICE, BOB)),
        ("manifest.hardware", signed(release(hardware=(0, 1)).encode(), ALICE, BOB)),
        ("manifest.loader", signed(release(loader=2).encode(), ALICE, BOB)),
        ("manifest.security_version", signed(release(security_version=2).encode(), ALICE, BOB)),
        ("manifest.expired", signed(release(expires_ms=NOW_MS - 1).encode(), ALICE, BOB)),
        ("manifest.not_yet", signed(release(issued_ms=NOW_MS + 2 * DAY_MS).encode(), ALICE, BOB)),
    ],
)
def test_each_defect_of_a_bundle_has_its_name(code: str, bundle: bytes) -> None:
    assert refused(lambda: check(bundle)) == code


def test_signers_of_different_manifests_do_not_add_up() -> None:
    other = release(version="1.4.1").encode()
    seals = [cose.seal(PAYLOAD, cose.FIRMWARE, ALICE), cose.seal(other, cose.FIRMWARE, BOB)]
    assert refused(lambda: check(cbor.encode(seals))) == "manifest.differs"


def test_a_seal_for_another_purpose_does_not_count() -> None:
    seals = [cose.seal(PAYLOAD, cose.RECORD, key) for key in (ALICE, BOB)]
    assert refused(lambda: check(cbor.encode(seals))) == "cose.signature"


def test_nothing_of_an_unsigned_payload_is_looked_at() -> None:
    nonsense = signed(b"\xff\xff", ALICE, MALLORY)
    assert refused(lambda: check(nonsense)) == "manifest.foreign_key"


def test_a_clock_that_stands_in_the_year_2000_installs_nothing() -> None:
    assert refused(lambda: check(BUNDLE, now_ms=946_684_800_000)) == "manifest.not_yet"


@pytest.mark.parametrize(
    ("code", "payload"),
    [
        ("manifest.format", altered(1, 2)),
        ("manifest.format", altered(1, True)),
        ("manifest.field", altered(2, "")),
        ("manifest.field", altered(2, "1.4\n")),
        ("manifest.field", altered(2, "v" * 25)),
        ("manifest.field", altered(3, "Scale 1")),
        ("manifest.field", altered(4, [3, 1])),
        ("manifest.field", altered(4, [1])),
        ("manifest.field", altered(5, -1)),
        ("manifest.field", altered(5, True)),
        ("manifest.field", altered(6, None)),
        ("manifest.field", altered(7, 1 << 47)),
        ("manifest.field", altered(8, [])),
        ("manifest.field", altered(8, [["x", 0, bytes(32)]])),
        ("manifest.field", altered(8, [["x", 1, bytes(31)]])),
        ("manifest.field", altered(8, [["x" * 65, 1, bytes(32)]])),
        ("manifest.field", altered(8, [[f"{number:03}", 1, bytes(32)] for number in range(201)])),
        ("manifest.total", altered(9, 4901)),
        ("manifest.field", altered(10, "1")),
    ],
)
def test_each_defect_of_a_payload_has_its_name(code: str, payload: bytes) -> None:
    assert refused(lambda: manifest.decode(payload)) == code


@pytest.mark.parametrize(
    ("code", "paths"),
    [
        ("manifest.path", ["../main.mpy"]),
        ("manifest.path", ["scale/../../main.mpy"]),
        ("manifest.path", ["/main.mpy"]),
        ("manifest.path", ["scale/"]),
        ("manifest.path", ["scale//main.mpy"]),
        ("manifest.path", ["./main.mpy"]),
        ("manifest.path", [".hidden"]),
        ("manifest.path", ["Main.mpy"]),
        ("manifest.path", ["a\\b"]),
        ("manifest.path", ["a b"]),
        ("manifest.path", ["秤.mpy"]),
        ("manifest.path", ["a/b/c/d/e"]),
        ("manifest.path", ["scale", "scale.x", "scale/main.mpy"]),
        ("manifest.duplicate", ["a", "b", "b"]),
        ("manifest.order", ["b", "a"]),
    ],
)
def test_a_path_leads_to_one_place_inside_of_the_slot_or_is_refused(code: str, paths: list[str]) -> None:
    files = [(path, 1, bytes(32)) for path in paths]
    with pytest.raises(Misuse) as misuse:
        release(files=files).encode()
    assert misuse.value.code == code
    wire = {**dict(cbor.decode(PAYLOAD)), 8: files, 9: len(files)}
    assert refused(lambda: manifest.decode(cbor.encode(wire))) == code


def test_a_flipped_bit_anywhere_is_refused() -> None:
    for bit in range(8 * len(BUNDLE)):
        changed = bytearray(BUNDLE)
        changed[bit // 8] ^= 1 << bit % 8
        refused(lambda changed=changed: check(bytes(changed)))


def test_a_bundle_cut_short_anywhere_is_refused() -> None:
    for length in range(len(BUNDLE)):
        refused(lambda length=length: check(BUNDLE[:length]))


def only_rejected(call: Callable[[], object]) -> None:
    try:
        call()
    except Rejected as refusal:
        assert refusal.code.partition(".")[0] in {"manifest", "cose", "cbor"}


@given(st.binary(max_size=400))
def test_any_bytes_open_or_are_rejected(data: bytes) -> None:
    only_rejected(lambda: check(data))
    only_rejected(lambda: manifest.peek(data))
    only_rejected(lambda: manifest.decode(data))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 23), inner, max_size=4),
    max_leaves=12,
)


@given(st.integers(0, 23), VALUES)
def test_any_value_in_any_field_is_understood_or_rejected(key: int, value: object) -> None:
    payload = altered(key, value)
    only_rejected(lambda: manifest.decode(payload))
    only_rejected(lambda: check(signed(payload, ALICE, BOB)))


@given(st.lists(st.tuples(st.text(max_size=70), st.integers(-1, 2**21), st.binary(max_size=33)), max_size=6))
def test_any_list_of_files_is_understood_or_rejected(files: list[tuple[str, int, bytes]]) -> None:
    payload = altered(8, [list(file) for file in files])
    only_rejected(lambda: manifest.decode(payload))


NAMES = st.text("abz019_-.", min_size=1, max_size=8).filter(lambda name: name[0] != ".")
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.lists(PATHS, min_size=1, max_size=8, unique=True))
def test_what_encodes_comes_back_the_same(paths: list[str]) -> None:
    made = release(files=[(path, index + 1, bytes(32)) for index, path in enumerate(sorted(paths))])
    try:
        payload = made.encode()
    except Misuse as misuse:
        assert misuse.code == "manifest.path"  # a file and a folder of one name
        return
    assert manifest.decode(payload).encode() == payload
    assert manifest.decode(payload).files == made.files
