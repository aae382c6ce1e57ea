"""What this machine can verify at most: nothing but ``cryptography`` checking P-256 signatures, one process a core.

Why processes and not threads: they scale better, so the yardstick is the harder one to reach.
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_MESSAGE = bytes(200)
"""As long as a sealed sale."""
_SCHEME = ec.ECDSA(hashes.SHA256())


def rate(seconds: float) -> tuple[float, float]:
    """Return verifications a second over all cores together, and the processor seconds that one takes."""
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_rate_of_one, [0.1] * cores))  # processes are up and warm
        rates, costs = zip(*pool.map(_rate_of_one, [seconds] * cores), strict=True)
        return sum(rates), sum(costs) / cores


def _rate_of_one(seconds: float) -> tuple[float, float]:
    secret = ec.generate_private_key(ec.SECP256R1())
    key, signature = secret.public_key(), secret.sign(_MESSAGE, _SCHEME)
    count, start, start_cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        for _ in range(100):
            key.verify(signature, _MESSAGE, _SCHEME)
        count += 100
    return count / (time.perf_counter() - start), (time.process_time() - start_cpu) / count
