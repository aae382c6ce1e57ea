"""Which answer unlocks a sealed device (spec 13): digits shown on its screen, digits told by the authority.

Why here: device and authority must compute the same eight digits and neither imports the other. Why digits: they are
read over a telephone and typed on the digit keys of a scale. No clock is in them, because an opened device may believe
any year. Pure rules over bytes.
"""

from hashlib import sha256

from tracewire.curve.nonce import hmac_sha256
from tracewire.errors import Rejected

DIGITS = 8


def challenge_of(name: str, event: int, nonce: bytes) -> str:
    """Return the challenge of one lock: device, lifetime number of the event that locked it, nonce drawn for it."""
    return _digits(sha256(b"chengxin/challenge/1\0%s\0%d\0" % (name.encode(), event) + nonce).digest())


def response_to(secret: bytes, name: str, challenge: str) -> str:
    """Return the only answer to ``challenge``; ``secret`` is the device's own, 32 bytes (spec 13.1)."""
    if len(challenge) != DIGITS or not all(["0" <= digit <= "9" for digit in challenge]):
        raise Rejected("unlock.challenge", "a challenge has %d digits" % DIGITS)
    return _digits(hmac_sha256(secret, b"chengxin/unlock/1\0", name.encode(), b"\0", challenge.encode()))


def _digits(digest: bytes) -> str:
    return "%08d" % (int.from_bytes(digest[:8], "big") % 10**DIGITS)
