"""ECDSA of our own for MicroPython, over whichever engine the interpreter can run.

Defences, each for one way to lose the secret: nonces are deterministic or hedged, never random alone; the walk starts
from a random Z and both inversions are of blinded values, so timing and power say nothing about a repeated input; and
the nonce's point must lie on the curve before a signature leaves, because a fault on the way (a flipped byte of the
table, a flipped limb) throws it off, and a signature with a wrong point is a clue to the secret.

What that last check does not see: a fault that swaps one valid row for another. Hedged nonces make such a fault
unrepeatable; verifying each signature before release would catch it for twice the time, and is left to the caller.

One engine has one workspace: sign and verify from one thread only.
"""

from hashlib import sha256

from tracewire.curve import comb, points, table
from tracewire.curve.nonce import NonceSource
from tracewire.curve.parameters import BASE_TEETH, KEY_TEETH, ORDER
from tracewire.errors import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracewire.curve.comb import Comb, Engine
    from tracewire.curve.points import Point


class Signer:
    """Signs with one secret in [1, n - 1]."""

    def __init__(self, secret: int, entropy: "Callable[[int], bytes] | None", engine: "Engine", base: "Comb") -> None:
        self._secret = secret
        self._entropy = entropy
        self._engine = engine
        self._base = base
        self.point = points.encode(self._multiply_base(secret, self._nonce_source(bytes(32))))

    def sign(self, message: bytes) -> bytes:
        """Return r and s, 32 bytes each, over SHA-256 of ``message`` (FIPS 186-5 §6.4.1)."""
        digest = sha256(message).digest()
        source = self._nonce_source(digest)
        while True:
            nonce = source.nonce()
            r = self._multiply_base(nonce, source)[0] % ORDER
            s = self._proof(int.from_bytes(digest, "big"), nonce, r, source.blind())
            if r and s:  # zero once in 2**256: then another nonce (RFC 6979 §3.4)
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def _proof(self, digest: int, nonce: int, r: int, blind: int) -> int:
        """Return s = (digest + r * secret) / nonce, touching secret and nonce only when multiplied by ``blind``."""
        blinded = (blind * digest + r * (blind * self._secret % ORDER)) % ORDER
        return self._engine.inverse(nonce * blind % ORDER, ORDER) * blinded % ORDER

    def _multiply_base(self, scalar: int, source: NonceSource) -> "Point":
        term = (self._base, self._base.digits(scalar))
        product = self._engine.walk((term,), source.blind(), source.blind())
        if product is None or not points.is_on_curve(product):
            raise Misuse("p256.fault", "a point off the curve: nothing was signed")
        return product

    def _nonce_source(self, digest: bytes) -> NonceSource:
        hedge = self._entropy(32) if self._entropy is not None else b""
        return NonceSource(self._secret.to_bytes(32, "big"), digest, hedge)


class Verifier:
    """Checks signatures of one point; keeps its comb, 2 KiB."""

    def __init__(self, point: bytes, engine: "Engine", base: "Comb") -> None:
        """Build the comb, in the time of five signatures. ``Rejected("p256.point")``."""
        self._point = points.decode(point)
        self._engine = engine
        self._base = base
        self._comb = comb.build(self._point, KEY_TEETH, engine.shift, engine.inverse)

    def holds(self, message: bytes, r: int, s: int) -> bool:
        """Return whether (r, s), both in [1, n - 1], is a signature over SHA-256 of ``message``."""
        return self.holds_for_digest(int.from_bytes(sha256(message).digest(), "big"), r, s)

    def holds_for_digest(self, digest: int, r: int, s: int) -> bool:
        """Return whether (r, s) is a signature over ``digest`` (FIPS 186-5 §6.4.2)."""
        inverse = self._engine.inverse(s, ORDER)
        total = self._sum(digest * inverse % ORDER, r * inverse % ORDER)
        # The x of the sum may lie in [n, p), so it is x modulo n that has to be r.
        return total is not None and total[0] % ORDER == r

    def _sum(self, base_scalar: int, scalar: int) -> "Point | None":
        terms = (self._base, self._base.digits(base_scalar)), (self._comb, self._comb.digits(scalar))
        total = self._engine.walk(terms, 1, 1)
        if total is None:  # infinite, or two equal points met on the way, which only a forger can arrange
            total = points.sum_of_multiples(base_scalar, scalar, self._point, self._engine.inverse)
        return total


class Software:
    """What ``tracewire.p256`` needs of a back end, made of an engine and the base point's comb."""

    def __init__(self, engine: "Engine", rows: "bytes | bytearray" = table.ROWS) -> None:
        self.name = engine.name
        self._engine = engine
        self._base = comb.Comb(rows, BASE_TEETH)

    def signer(self, secret: int, entropy: "Callable[[int], bytes] | None") -> Signer:
        """Return a signer for ``secret`` in [1, n - 1]."""
        return Signer(secret, entropy, self._engine, self._base)

    def verifier(self, point: bytes) -> Verifier:
        """Return a verifier for an uncompressed ``point``; ``Rejected("p256.point")``."""
        return Verifier(point, self._engine, self._base)

    def check_tables(self) -> None:
        """Return when the comb is the one that was generated; ``Misuse("p256.table")`` when a byte of it changed."""
        if sha256(self._base.rows).digest() != table.DIGEST:
            raise Misuse("p256.table", "the comb of the base point is damaged")
