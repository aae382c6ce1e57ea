"""The digits that unlock a sealed device: the same on both sides, for one device, one lock and one challenge."""

import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire.errors import Rejected
from tracewire.unlock import DIGITS, challenge_of, response_to

from tests.interpreters import run_micropython

SECRET = bytes(range(32))


@given(st.integers(0, 2**31 - 1), st.binary(min_size=8, max_size=8))
def test_challenge_and_answer_are_eight_digits_by_the_specification(event: int, nonce: bytes) -> None:
    digest = sha256(b"chengxin/challenge/1\0scale-0001\0" + str(event).encode() + b"\0" + nonce).digest()
    challenge = challenge_of("scale-0001", event, nonce)
    assert challenge == f"{int.from_bytes(digest[:8], 'big') % 10**8:08d}"
    code = hmac.digest(SECRET, b"chengxin/unlock/1\0scale-0001\0" + challenge.encode(), sha256)
    assert response_to(SECRET, "scale-0001", challenge) == f"{int.from_bytes(code[:8], 'big') % 10**8:08d}"


def test_another_device_lock_nonce_or_secret_has_another_answer() -> None:
    challenges = {
        challenge_of(name, event, nonce)
        for name in ("scale-0001", "scale-0002")
        for event in (0, 1)
        for nonce in (bytes(8), bytes(7) + b"\1")
    }
    assert len(challenges) == 8
    answers = {
        response_to(secret, name, challenge)
        for secret in (SECRET, SECRET[::-1])
        for name in ("scale-0001", "scale-0002")
        for challenge in ("00000000", "00000001")
    }
    assert len(answers) == 8


@pytest.mark.parametrize("digits", ["", "1234567", "123456789", "1234567x", "１２３４５６７８"])
def test_what_no_device_shows_is_refused(digits: str) -> None:
    with pytest.raises(Rejected, match=r"unlock\.challenge"):
        response_to(SECRET, "scale-0001", digits)


def test_the_device_computes_the_same_digits() -> None:
    script = (
        "from tracewire.unlock import challenge_of, response_to\n"
        "c = challenge_of('scale-0001', 17, bytes(range(8)))\n"
        "print(c, response_to(bytes(range(32)), 'scale-0001', c))"
    )
    challenge = challenge_of("scale-0001", 17, bytes(range(8)))
    said = run_micropython("-c", script).stdout.split()
    assert said == [challenge, response_to(SECRET, "scale-0001", challenge)]
    assert len(said[1]) == DIGITS
