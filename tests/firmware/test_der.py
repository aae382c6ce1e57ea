"""The device's DER against the library that will read it."""

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from device import der
from hypothesis import given
from hypothesis import strategies as st
from tracewire import p256
from tracewire.p256 import SigningKey

SECRET = bytes(31) + b"\x05"
KEY = SigningKey(SECRET)


@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
def test_a_signature_reads_back_as_its_two_numbers(r: int, s: int) -> None:
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert decode_dss_signature(der.signature(raw)) == (r, s)


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=3, max_size=32))
def test_a_request_holds_the_name_the_key_and_nothing_else(name: str) -> None:
    request = x509.load_der_x509_csr(der.certificate_request(name, p256.spki(KEY.point), KEY.sign))
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == f"CN={name}"
    assert len(request.attributes) == 0


def test_a_private_key_reads_back() -> None:
    key = serialization.load_der_private_key(der.private_key(SECRET, KEY.point), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers().private_value == 5
    assert isinstance(key.curve, ec.SECP256R1)


def test_lengths_take_the_shortest_form() -> None:
    heads = {size: der.element(0x04, bytes(size))[:-size].hex() for size in (1, 127, 128, 255, 256, 65535)}
    assert heads == {1: "0401", 127: "047f", 128: "048180", 255: "0481ff", 256: "04820100", 65535: "0482ffff"}
