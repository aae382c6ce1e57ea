"""The MicroPython half of the signing bench: prints ``name milliseconds`` lines, measured in turns in one process.

The best of several turns counts: on a shared machine everything slower than that is somebody else's work.
"""

import gc
import sys
import time

from tracewire import p256
from tracewire.curve.bigint import BigintEngine
from tracewire.curve.software import Software

from simulators.bench import textbook_p256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = bytes(range(1, 33))
MESSAGE = b"a sale of about this many bytes, as the Sig_structure of a record is when it is signed, " * 2
TURNS = 7


def milliseconds(action: "Callable[[], object]", repeats: int) -> float:
    """Return the time of one ``action`` out of ``repeats``, after a collection."""
    gc.collect()
    started = time.time_ns()
    for _ in range(repeats):
        action()
    return (time.time_ns() - started) / repeats / 1e6


def main() -> None:
    """Check that all signers agree, then time them."""
    secret = int.from_bytes(SECRET, "big")
    key = p256.SigningKey(SECRET)
    hedged = p256.SigningKey(SECRET, bytes)
    model = Software(BigintEngine()).signer(secret, None)
    verifying = p256.VerifyingKey(key.point)
    signature = key.sign(MESSAGE)
    if not signature == model.sign(MESSAGE) == textbook_p256.sign(secret, MESSAGE):
        sys.exit("the signers disagree")
    subjects = (
        ("textbook_sign", lambda: textbook_p256.sign(secret, MESSAGE), 4),
        ("sign", lambda: key.sign(MESSAGE), 40),
        ("hedged_sign", lambda: hedged.sign(MESSAGE), 40),
        ("bigint_sign", lambda: model.sign(MESSAGE), 15),
        ("verify", lambda: verifying.verify(MESSAGE, signature), 30),
        ("verifying_key", lambda: p256.VerifyingKey(key.point), 8),
        ("self_test", p256.self_test, 3),
    )
    best = {name: 1e9 for name, _, _ in subjects}
    for _ in range(TURNS):
        for name, action, repeats in subjects:
            best[name] = min(best[name], milliseconds(action, repeats))
    for name, figure in best.items():
        sys.stdout.write(name + " " + str(figure) + "\n")


if __name__ == "__main__":
    main()
