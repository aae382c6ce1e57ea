"""From when to when a certificate holds, read from what the authority really issues."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from device import validity
from hypothesis import given
from hypothesis import strategies as st
from tracewire.errors import Rejected

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway-01")])
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.datetimes(datetime(1950, 1, 1), datetime(2400, 1, 1)).map(  # noqa: DTZ001 (made aware below)
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def issue(begins: datetime, ends: datetime) -> bytes:
    builder = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 7, begins, ends)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def ms(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


@given(moments, moments)
def test_dates_are_those_of_the_certificate(one: datetime, other: datetime) -> None:
    begins, ends = sorted((one, other))
    assert validity.dates(issue(begins, ends)) == (ms(begins), ms(ends))


def test_a_certificate_holds_from_its_first_to_its_last_moment() -> None:
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    certificate = issue(begins, ends)
    for now, holds in ((begins, True), (ends, True), (datetime(2000, 1, 1, tzinfo=UTC), False)):
        assert (validity.check(lambda now=now: ms(now))(certificate, 0) == 0) is holds
    assert validity.check(lambda: ms(ends) + 1)(certificate, 0) != 0
    assert validity.check(lambda: ms(begins))(certificate[:40], 0) != 0


@given(st.binary(max_size=80))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Rejected):
        validity.dates(data)


@given(st.integers(0, 400), st.binary(max_size=3))
def test_a_damaged_certificate_is_read_or_refused_and_nothing_else(place: int, damage: bytes) -> None:
    certificate = issue(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    place %= len(certificate)
    with contextlib.suppress(Rejected):
        validity.dates(certificate[:place] + damage + certificate[place + len(damage) :])
