"""The registry: who may speak, proved from the root's point alone."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor, cose, credential, p256
from tracewire.credential import Credential, Registry, Voucher
from tracewire.errors import Misuse, Rejected

ROOT, REGISTRY_KEY, DEVICE = (p256.SigningKey(hashlib.sha256(name).digest()) for name in (b"root", b"reg", b"dev"))
VOUCHER = cose.seal(Voucher(REGISTRY_KEY.point, 1000, 2000).encode(), cose.VOUCHER, ROOT)
SCALE = Credential(
    "scale-0001", "scale", DEVICE.point, code_base="3502000010007", site="八市", stall="12号", seller="林记鲜肉"
)
BUNDLE = credential.seal_bundle(Registry(7, 1500, [SCALE]), REGISTRY_KEY, VOUCHER)
ROOT_PUBLIC = p256.VerifyingKey(ROOT.point)


def test_a_bundle_opens_under_its_root_and_names_the_device_of_a_key() -> None:
    registry = credential.open_bundle(BUNDLE, ROOT_PUBLIC, 1500)
    assert registry.serial == 7
    found = registry.find(DEVICE.kid)
    assert vars(found) == vars(SCALE)
    assert registry.current("scale-0001") is found
    assert registry.with_role("scale") == [found]


def test_a_key_or_name_nobody_has_is_rejected() -> None:
    registry = credential.open_bundle(BUNDLE, ROOT_PUBLIC, 1500)
    for ask in (lambda: registry.find(b"????????"), lambda: registry.current("scale-0002")):
        with pytest.raises(Rejected) as refusal:
            ask()
        assert refusal.value.code == "registry.unknown"


@pytest.mark.parametrize("now_ms", [999, 2001])
def test_a_voucher_counts_only_while_it_is_valid(now_ms: int) -> None:
    with pytest.raises(Rejected) as refusal:
        credential.open_bundle(BUNDLE, ROOT_PUBLIC, now_ms)
    assert refusal.value.code == "registry.voucher"


def test_a_registry_sealed_by_a_key_without_a_voucher_is_refused() -> None:
    forged = credential.seal_bundle(Registry(8, 1500, [SCALE]), DEVICE, VOUCHER)
    with pytest.raises(Rejected) as refusal:
        credential.open_bundle(forged, ROOT_PUBLIC, 1500)
    assert refusal.value.code == "cose.kid"


@given(st.integers(0, len(BUNDLE) * 8 - 1))
def test_no_flipped_bit_opens(bit: int) -> None:
    flipped = bytearray(BUNDLE)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Rejected):
        credential.open_bundle(bytes(flipped), ROOT_PUBLIC, 1500)


def test_a_key_speaks_for_its_range_and_a_revoked_one_up_to_its_last_record() -> None:
    rotated = Credential("scale-0001", "scale", DEVICE.point, from_seq=10, to_seq=20)
    assert [rotated.may_seal(seq) for seq in (9, 10, 20, 21)] == [False, True, True, False]
    assert not Credential("scale-0001", "scale", DEVICE.point, state="revoked").may_seal(1)
    stolen = Credential("scale-0001", "scale", DEVICE.point, state="revoked", to_seq=5)
    assert [stolen.may_seal(seq) for seq in (5, 6)] == [True, False]


def test_the_newest_credential_of_a_name_is_the_current_one_and_a_key_is_listed_once() -> None:
    newer = Credential("scale-0001", "scale", REGISTRY_KEY.point, from_seq=9)
    assert Registry(1, 0, [SCALE, newer]).current("scale-0001") is newer
    with pytest.raises(Rejected):
        Registry(1, 0, [SCALE, SCALE])


@pytest.mark.parametrize(
    "wrong", [{"name": "NO"}, {"role": "king"}, {"state": "odd"}, {"from_seq": 0}, {"code_base": "12"}, {"site": ""}]
)
def test_a_credential_out_of_bounds_is_never_sealed(wrong: dict[str, object]) -> None:
    values: dict[str, object] = {"name": "scale-0001", "role": "scale", "point": DEVICE.point, **wrong}
    with pytest.raises(Misuse):
        Credential(**values).to_wire()  # type: ignore[arg-type]  # the wrong types are the point


@given(st.binary(max_size=100))
def test_any_other_bytes_are_rejected_and_nothing_else_escapes(data: bytes) -> None:
    for read in (credential.decode_registry, credential.decode_voucher):
        with pytest.raises(Rejected):
            read(data)
    with pytest.raises(Rejected):
        credential.open_bundle(data, ROOT_PUBLIC, 1500)


def test_a_credential_map_with_foreign_values_is_rejected() -> None:
    for wrong in ({2: 99}, {2: True}, {3: b"short"}, {7: b"\xab"}, {11: 1}, {1: 5}):
        wire = {**SCALE.to_wire(), **wrong}
        with pytest.raises(Rejected):
            credential.decode_registry(cbor.encode({1: 1, 2: 1, 3: 0, 4: [wire]}))
