"""The device's own arithmetic, from limbs to faults; tests/wire/test_p256_device.py runs each test under MicroPython.

Run one test: ``micropython p256_engines.py test_name``.
"""

import random
import sys

from tracewire import p256
from tracewire.curve import points, table
from tracewire.curve.bigint import BigintEngine
from tracewire.curve.comb import Comb, build
from tracewire.curve.nonce import NonceSource, hmac_sha256
from tracewire.curve.parameters import BASE_POINT, BASE_TEETH, KEY_TEETH, MONTGOMERY_INVERSE, ORDER, PRIME
from tracewire.curve.software import Software
from tracewire.errors import Misuse

HAS_EMITTER = getattr(sys.implementation, "_mpy", 0) >> 10 & 0xF != 0
ENGINES = [BigintEngine]
if HAS_EMITTER:
    from tracewire.curve import field_viper
    from tracewire.curve.viper import ViperEngine

    ENGINES.append(ViperEngine)

SECRET = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
EDGES = (1, 2, 3, 4, 5, 1 << 32, 1 << 127, 1 << 255, ORDER - 4, ORDER - 3, ORDER - 2, ORDER - 1, ORDER >> 1)


def fermat(value, modulus):
    """Return 1 / ``value``, the model for the engines' own."""
    return pow(value, modulus - 2, modulus)


def random_below(limit):
    """Return a number in [1, limit - 1]; the tests start from one seed."""
    return int.from_bytes(bytes(random.getrandbits(8) for _ in range(40)), "big") % (limit - 1) + 1


def model(base_scalar, scalar, point):
    """Return the sum of two multiples by the complete affine arithmetic."""
    return points.sum_of_multiples(base_scalar, scalar, point, BigintEngine().inverse)


def test_the_engine_is_the_one_this_interpreter_must_use():
    assert ("viper" if HAS_EMITTER else "bigint") == p256.ENGINE


def test_engines_invert():
    for engine in [make() for make in ENGINES]:
        for modulus in (PRIME, ORDER):
            for value in [1, 2, modulus - 1, modulus >> 1, 1 << 255] + [random_below(modulus) for _ in range(100)]:
                assert engine.inverse(value, modulus) == fermat(value, modulus), (engine.name, value)


def test_engines_multiply_the_base_point():
    comb = Comb(table.ROWS, BASE_TEETH)
    for engine in [make() for make in ENGINES]:
        for scalar in EDGES + tuple(random_below(ORDER) for _ in range(4)):
            product = engine.walk(((comb, comb.digits(scalar)),), 1, 1)
            assert product == model(scalar, 0, BASE_POINT), (engine.name, scalar)
        assert engine.walk(((comb, comb.digits(0)),), 1, 1) is None


def test_engines_add_two_multiples():
    base = Comb(table.ROWS, BASE_TEETH)
    point = model(SECRET, 0, BASE_POINT)
    for engine in [make() for make in ENGINES]:
        comb = build(point, KEY_TEETH, engine.shift, engine.inverse)
        assert len(comb.rows) == 64 << KEY_TEETH - 1
        for scalars in ((1, 1), (2, 1), (1, 2), (ORDER - 1, 7), (random_below(ORDER), random_below(ORDER))):
            terms = (base, base.digits(scalars[0])), (comb, comb.digits(scalars[1]))
            assert engine.walk(terms, 1, 1) == model(scalars[0], scalars[1], point), (engine.name, scalars)


def test_a_comb_of_the_base_point_is_the_generated_table():
    for engine in [make() for make in ENGINES]:
        assert build(BASE_POINT, BASE_TEETH, engine.shift, engine.inverse).rows == table.ROWS


class Watched(BigintEngine):
    """Keeps the coordinates that each walk ended with."""

    def _finish(self, blind):
        self.last = self._x, self._y, self._z
        return BigintEngine._finish(self, blind)


WATCHED = [Watched]
if HAS_EMITTER:

    class WatchedMachine(ViperEngine):
        """The same, from the registers."""

        def _finish(self, blind):
            self.last = tuple([self._read(register) % PRIME for register in range(3)])
            return ViperEngine._finish(self, blind)

    WATCHED.append(WatchedMachine)


def test_another_start_changes_every_coordinate_and_no_result():
    comb = Comb(table.ROWS, BASE_TEETH)
    digits = comb.digits(SECRET)
    right = model(SECRET, 0, BASE_POINT)
    for engine in [make() for make in WATCHED]:
        seen = []
        for start_z in (1, 2, random_below(PRIME), random_below(PRIME)):
            assert engine.walk(((comb, digits),), start_z, random_below(PRIME)) == right
            seen.append(engine.last)
        for axis in range(3):
            assert len({coordinates[axis] for coordinates in seen}) == len(seen), (engine.name, axis)


class Recording(BigintEngine):
    """Keeps what was inverted and what each walk was blinded with."""

    def __init__(self):
        BigintEngine.__init__(self)
        self.inverted = []
        self.blinds = []

    def walk(self, terms, start_z, blind):
        self.blinds += [start_z, blind]
        return BigintEngine.walk(self, terms, start_z, blind)

    def inverse(self, value, modulus):
        self.inverted.append((value, modulus))
        return BigintEngine.inverse(self, value, modulus)


def test_neither_a_nonce_nor_a_bare_z_is_inverted():
    engine = Recording()
    signer = Software(engine).signer(SECRET, None)
    signature = signer.sign(b"sample")
    digest = p256.sha256(b"sample").digest()
    nonce = NonceSource(SECRET.to_bytes(32, "big"), digest).nonce()
    values = [value for value, modulus in engine.inverted if modulus == ORDER]
    assert values and nonce not in values
    point = model(nonce, 0, BASE_POINT)
    assert signature[:32] == (point[0] % ORDER).to_bytes(32, "big")
    # The same message again, hedged with nothing new, inverts the same; with entropy no value comes twice.
    hedge = iter(range(1, 100))
    hedged = Software(engine).signer(SECRET, lambda size: bytes([next(hedge)]) * size)
    engine.inverted.clear()
    for _ in range(4):
        hedged.sign(b"sample")
    assert len(set(engine.inverted)) == len(engine.inverted) == 8


def test_every_walk_of_a_signer_is_blinded_anew_even_without_entropy():
    engine = Recording()
    signer = Software(engine).signer(SECRET, None)
    for message in (b"one", b"two", b"three"):
        signer.sign(message)
    assert len(engine.blinds) == 8  # the walk for the public point, and one for each signature
    assert len(set(engine.blinds)) == 8 and min(engine.blinds) > 1 << 128


def test_a_nonce_source_follows_its_standard():
    assert hmac_sha256(b"\x0b" * 20 + bytes(12), b"Hi There").hex() == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"  # RFC 4231 case 1: zeros pad a key anyway
    )
    secret = SECRET.to_bytes(32, "big")
    source = NonceSource(secret, p256.sha256(b"sample").digest())
    assert source.nonce() == 0xA6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60
    drawn = {source.nonce(), source.nonce(), source.blind(), source.blind(), source.nonce()}
    assert len(drawn) == 5 and all(0 < value < ORDER for value in drawn)


def meeting_scalars():
    """Return (u1, u2, q) for which the first base row added equals what was gathered of q * G so far.

    The comb of the key is longer than the base point's, so at column 31 the accumulator holds 2 * c * q times G, with c
    from the digits of u2 above, and the row t * G, with t from the digits of u1. Then q = t / 2c.
    """
    u1, u2 = random_below(ORDER), random_below(ORDER)
    base, key = Comb(table.ROWS, BASE_TEETH), Comb(b"", KEY_TEETH)

    def signed(digits, position):
        return 1 if digits[position >> 3] >> (position & 7) & 1 else -1

    digits = key.digits(u2)
    gathered = 0
    for column in range(key.spacing - 1, base.spacing - 1, -1):
        gathered *= 2
        for tooth in range(key.teeth):
            gathered += signed(digits, column + tooth * key.spacing) << (tooth * key.spacing)
    digits = base.digits(u1)
    row = sum([signed(digits, 31 + tooth * 32) << (tooth * 32) for tooth in range(base.teeth)])
    return u1, u2, row * fermat(2 * gathered % ORDER, ORDER) % ORDER


def test_equal_points_on_the_way_do_not_mislead_a_verifier():
    for make in ENGINES:
        engine = make()
        for sign in (1, -1):
            u1, u2, q = meeting_scalars()
            q = sign * q % ORDER
            public = model(q, 0, BASE_POINT)
            verifier = Software(engine).verifier(points.encode(public))
            base, comb = Comb(table.ROWS, BASE_TEETH), build(public, KEY_TEETH, engine.shift, engine.inverse)
            assert engine.walk(((base, base.digits(u1)), (comb, comb.digits(u2))), 1, 1) is None
            r = model((u1 + u2 * q) % ORDER, 0, BASE_POINT)[0] % ORDER
            s = r * fermat(u2, ORDER) % ORDER
            assert verifier.holds_for_digest(u1 * s % ORDER, r, s)
            assert not verifier.holds_for_digest((u1 * s + 1) % ORDER, r, s)
            assert not verifier.holds_for_digest(u1 * s % ORDER, r + 1, s)


def test_a_digest_of_zero_is_verified_too():
    for make in ENGINES:
        software = Software(make())
        verifier = software.verifier(points.encode(model(SECRET, 0, BASE_POINT)))
        r = model(7, 0, BASE_POINT)[0] % ORDER  # nonce 7: s = (0 + r * secret) / 7
        s = r * SECRET * fermat(7, ORDER) % ORDER
        assert verifier.holds_for_digest(0, r, s) and verifier.holds_for_digest(ORDER, r, s)
        assert not verifier.holds_for_digest(1, r, s)


def refuses(action):
    """Return whether ``action`` ends in ``Misuse("p256.fault")``."""
    try:
        action()
    except Misuse as error:
        return error.code == "p256.fault"
    return False


def test_a_flipped_byte_of_the_table_lets_no_wrong_signature_out():
    for make in ENGINES:
        rows = bytearray(table.ROWS)
        software = Software(make(), rows)
        signer = software.signer(SECRET, None)
        right = signer.sign(b"sample")
        refused = 0
        for at in range(5, len(rows), 113):
            rows[at] ^= 1 << (at & 7)
            assert is_damaged(software)
            try:
                assert signer.sign(b"sample") == right  # the row was not used
            except Misuse as error:
                assert error.code == "p256.fault"
                refused += 1
            rows[at] ^= 1 << (at & 7)
        assert refused > 5, refused
        software.check_tables()


def is_damaged(software):
    """Return whether the check at boot sees a changed table."""
    try:
        software.check_tables()
    except Misuse as error:
        return error.code == "p256.table"
    return False


class Glitched(BigintEngine):
    """Flips one bit of one coordinate before the doubling that ``countdown`` reaches zero at."""

    countdown = -1
    axis = 0

    def _double(self):
        self.countdown -= 1
        if self.countdown == 0:
            if self.axis == 0:
                self._x ^= 1 << 77
            elif self.axis == 1:
                self._y ^= 1 << 77
            else:
                self._z ^= 1 << 77
        BigintEngine._double(self)


GLITCHED = [Glitched]
if HAS_EMITTER:

    class GlitchedMachine(ViperEngine):
        """The same for a limb of a register: 0 to 2 are the accumulator's."""

        countdown = -1
        axis = 0

        def _double(self):
            self.countdown -= 1
            if self.countdown == 0:
                self._registers[20 * self.axis + 7] ^= 1 << (self.axis + 3)
            ViperEngine._double(self)

    GLITCHED.append(GlitchedMachine)


def test_a_flipped_limb_lets_no_signature_out():
    for make in GLITCHED:
        engine = make()
        signer = Software(engine).signer(SECRET, None)
        for axis in range(3):
            for countdown in (1, 2, 9, 16, 30, 31):
                engine.axis, engine.countdown = axis, countdown
                assert refuses(lambda signer=signer: signer.sign(b"sample")), (engine.name, axis, countdown)
        assert not refuses(lambda signer=signer: signer.sign(b"sample"))


def test_the_field_machine_computes_what_integers_do():
    if HAS_EMITTER:
        check_field_machine()
    else:
        assert p256.ENGINE == "bigint"  # nothing of it is in use here


def check_field_machine():
    """Compare every operation with integers, for random values and the largest ones that can occur."""
    engine = ViperEngine()
    largest = (1 << 257) + (1 << 232) - 1  # twice 2**256, and what folding what lies above adds
    values = [0, 1, PRIME - 1, PRIME, PRIME + 1, (1 << 256) - 1, largest, largest - PRIME]
    values += [random_below(largest) for _ in range(12)]
    operations = [(0, None), (1, None)] + [
        (m << 4 | n + 8, (m, n)) for m in (1, 2, 4, 15) for n in (-8, -2, -1, 0, 1, 7)
    ]
    for left in values:
        for right in values:
            for code, factors in operations:
                engine._write(0, left)
                engine._write(1, right)
                field_viper.run(engine._registers, bytes((code, 2, 0, 1)), 4)
                result = engine._read(2)
                if factors:
                    wanted = factors[0] * left + factors[1] * right
                else:
                    wanted = left * (right if code == 0 else left) * MONTGOMERY_INVERSE
                assert result % PRIME == wanted % PRIME, (code, left, right)
                assert 0 <= result <= largest, (code, left, right)


if __name__ == "__main__":
    random.seed(4)
    globals()[sys.argv[1]]()
