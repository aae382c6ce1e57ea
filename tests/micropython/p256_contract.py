"""What ``tracewire.p256`` promises on either Python; tests/wire/test_p256.py runs each test on both.

Run one test: ``micropython p256_contract.py test_name``, or the same with ``python``.
"""

import sys
from hashlib import sha256

from tracewire import p256
from tracewire.curve import points
from tracewire.curve.parameters import BASE_POINT, ORDER, PRIME
from tracewire.errors import Misuse, Rejected, Unavailable

# RFC 6979 A.2.5; "wv[vnX" is not in it: its first candidate for a nonce is above n, which happens once in 2**32.
SECRET = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
ANSWERS = (
    (
        b"sample",
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    (
        b"test",
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ),
    (
        b"wv[vnX",
        "efd9073b652e76da1b5a019c0e4a2e3fa529b035a6abb91ef67f0ed7a1f21234",
        "3db4706c9d9f4a4fe13bb5e08ef0fab53a57dbab2061c83a35fa411c68d2ba33",
    ),
)
MESSAGE = b"a message"


def fails(family, code, action, *arguments):
    """Assert that ``action`` raises an error of one family with one code."""
    try:
        action(*arguments)
    except family as error:
        assert error.code == code, error.code
        return
    raise AssertionError("nothing raised")


def number(data):
    """Return the integer of big-endian bytes."""
    return int.from_bytes(data, "big")


def joined(r, s):
    """Return the 64 bytes of a signature."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def inverse(value, modulus):
    """Return 1 / ``value`` the plain way (Fermat)."""
    return pow(value, modulus - 2, modulus)


def digest_of(message):
    """Return the integer that ECDSA signs."""
    return number(sha256(message).digest())


def test_the_answers_of_the_standard_come_out():
    key = p256.SigningKey(SECRET)
    verifying = p256.VerifyingKey(key.point)
    for message, r, s in ANSWERS:
        assert key.sign(message) == bytes.fromhex(r + s), message
        verifying.verify(message, bytes.fromhex(r + s))


def test_the_self_test_finds_this_engine_sound():
    p256.self_test()


def test_both_signatures_of_a_pair_verify_and_one_is_low():
    key = p256.SigningKey(SECRET)
    for message, r, s in ANSWERS:
        signature = bytes.fromhex(r + s)
        mirror = joined(number(signature[:32]), ORDER - number(signature[32:]))
        p256.VerifyingKey(key.point).verify(message, mirror)
        assert p256.is_low_s(signature) != p256.is_low_s(mirror)
        assert p256.low_s(signature) == p256.low_s(mirror)
        assert p256.is_low_s(p256.low_s(mirror))
    assert p256.is_low_s(joined(1, ORDER >> 1)) and not p256.is_low_s(joined(1, (ORDER >> 1) + 1))


def test_any_flipped_bit_of_a_signature_is_refused():
    key = p256.SigningKey(SECRET)
    verifying = p256.VerifyingKey(key.point)
    good = key.sign(MESSAGE)
    for bit in range(0, 512, 3):
        bad = bytearray(good)
        bad[bit >> 3] ^= 1 << (bit & 7)
        fails(Rejected, "p256.signature", verifying.verify, MESSAGE, bytes(bad))


def test_another_message_or_key_is_refused():
    signature = p256.SigningKey(SECRET).sign(MESSAGE)
    verifying = p256.VerifyingKey(p256.SigningKey(SECRET).point)
    fails(Rejected, "p256.signature", verifying.verify, b"another message", signature)
    other = p256.VerifyingKey(p256.SigningKey(bytes(31) + b"\x01").point)
    fails(Rejected, "p256.signature", other.verify, MESSAGE, signature)


def test_halves_outside_the_range_and_odd_lengths_are_refused():
    key = p256.SigningKey(SECRET)
    verifying = p256.VerifyingKey(key.point)
    good = key.sign(MESSAGE)
    r, s = number(good[:32]), number(good[32:])
    tops = (0, ORDER, (1 << 256) - 1)
    bad = [joined(top, s) for top in tops] + [joined(r, top) for top in tops] + [joined(top, top) for top in tops]
    bad += [joined(r, 1), joined(1, s), joined(1, 1), joined(ORDER - 1, ORDER - 1)]
    bad += [b"", good[:63], good + b"\x00", good[:32]]
    for signature in bad:
        fails(Rejected, "p256.signature", verifying.verify, MESSAGE, signature)


def test_a_point_whose_x_exceeds_the_order_verifies_by_its_remainder():
    """``r`` is x modulo n: a verifier that compares x itself would refuse this signature."""
    x = ORDER
    y = PRIME
    while not points.is_on_curve((x, y)):
        x += 1
        y = pow(x * x * x - 3 * x + points.COEFFICIENT_B, (PRIME + 1) >> 2, PRIME)
    r, s = x - ORDER, 0x1234567
    scale = inverse(r, ORDER)
    public = points.sum_of_multiples(-digest_of(MESSAGE) * scale % ORDER, s * scale % ORDER, (x, y), inverse)
    verifying = p256.VerifyingKey(points.encode(public))
    verifying.verify(MESSAGE, joined(r, s))
    for other in (joined(r + 1, s), joined(r + ORDER, s), joined(r, s + ORDER)):
        fails(Rejected, "p256.signature", verifying.verify, MESSAGE, other)


def test_a_forgery_whose_sum_is_infinite_is_refused():
    secret = number(SECRET)
    r = -digest_of(MESSAGE) * inverse(secret, ORDER) % ORDER
    verifying = p256.VerifyingKey(p256.SigningKey(SECRET).point)
    for s in (1, 2, 0x1234567, ORDER - 1):
        fails(Rejected, "p256.signature", verifying.verify, MESSAGE, joined(r, s))


def test_keys_at_the_ends_of_the_range_sign_and_verify():
    for secret in (1, 2, 3, 4, ORDER - 3, ORDER - 2, ORDER - 1, 1 << 128, 1 << 255):
        key = p256.SigningKey(secret.to_bytes(32, "big"))
        p256.VerifyingKey(key.point).verify(MESSAGE, key.sign(MESSAGE))
    assert p256.SigningKey(bytes(31) + b"\x01").point == points.encode(BASE_POINT)
    last = p256.SigningKey((ORDER - 1).to_bytes(32, "big")).point
    assert last == points.encode((BASE_POINT[0], PRIME - BASE_POINT[1]))


def test_points_that_are_not_on_the_curve_are_refused():
    good = points.encode(BASE_POINT)
    x, y = BASE_POINT
    bad = [
        b"",
        b"\x00",
        good[:64],
        good + b"\x00",
        b"\x02" + good[1:33],
        b"\x06" + good[1:],
        bytes(65),
        b"\x04" + bytes(64),
        good[:64] + bytes((good[64] ^ 1,)),
        b"\x04" + y.to_bytes(32, "big") + x.to_bytes(32, "big"),
        b"\x04" + b"\xff" * 64,
    ]
    for point in bad:
        fails(Rejected, "p256.point", p256.VerifyingKey, point)


def test_a_coordinate_that_is_not_reduced_is_refused():
    x = 0
    while True:  # a small x on the curve, so that x + p still fits 32 bytes
        y = pow(x * x * x - 3 * x + points.COEFFICIENT_B, (PRIME + 1) >> 2, PRIME)
        if points.is_on_curve((x, y)):
            break
        x += 1
    p256.VerifyingKey(points.encode((x, y)))
    fails(Rejected, "p256.point", p256.VerifyingKey, points.encode((x + PRIME, y)))


def test_secrets_out_of_range_are_misuse():
    for secret in (bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32, SECRET[:31], SECRET + b"\x00", b""):
        fails(Misuse, "p256.secret", p256.SigningKey, secret)


def test_a_new_secret_is_drawn_again_when_out_of_range():
    draws = [bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32, SECRET]
    assert p256.new_secret(lambda size: draws.pop(0)) == SECRET


def test_a_stuck_source_yields_no_secret():
    for stuck in (b"\x00" * 32, b"\xff" * 32, b"", SECRET[:16]):
        fails(Unavailable, "p256.entropy", p256.new_secret, lambda size, stuck=stuck: stuck)


def test_a_stuck_source_never_repeats_a_nonce():
    key = p256.SigningKey(SECRET, bytes)  # bytes(32) is 32 zeros
    verifying = p256.VerifyingKey(key.point)
    nonces = set()
    for index in range(20):
        message = b"sale %d" % index
        signature = key.sign(message)
        verifying.verify(message, signature)
        nonces.add(signature[:32])
    assert len(nonces) == 20


def test_entropy_makes_every_signature_of_one_message_new():
    count = [0]

    def entropy(size):
        count[0] += 1
        return sha256(bytes((count[0],))).digest()[:size]

    key = p256.SigningKey(SECRET, entropy)
    signatures = [key.sign(MESSAGE) for _ in range(5)]
    for signature in signatures:
        p256.VerifyingKey(key.point).verify(MESSAGE, signature)
    assert len({signature[:32] for signature in signatures}) == 5
    assert p256.SigningKey(SECRET).sign(MESSAGE)[:32] not in {signature[:32] for signature in signatures}


def test_a_key_is_named_by_its_public_key_info():
    key = p256.SigningKey(SECRET)
    info = p256.spki(key.point)
    assert len(info) == 91 and info.endswith(key.point)
    assert key.kid == p256.key_id(key.point) == p256.VerifyingKey(key.point).kid == sha256(info).digest()[:8]


if __name__ == "__main__":
    globals()[sys.argv[1]]()
