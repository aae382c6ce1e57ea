"""How fast the cloud takes records in: the real program, over mutual TLS, on disk before it answers.

    python -m simulators.bench ingest

The yardstick is measured just before and just after, on the same cores: nothing but ``cryptography`` verifying P-256.
Client, service and projections share these cores.
"""

import tempfile
import time
from pathlib import Path

import httpx

from simulators.bench import raw_verify
from simulators.bench.figures import Figure, at_least, at_most
from simulators.bench.yard import Yard

RECORDS = 500
"""Records in one post."""
WARM_UP, POSTS = 4, 120
BAR = 0.6
YARDSTICK_S = 2.0


def figures() -> list[Figure]:
    """Measure one load on a fresh cloud."""
    with tempfile.TemporaryDirectory() as folder, Yard(Path(folder, "yard")) as yard:
        bodies = yard.envelopes(WARM_UP + POSTS, RECORDS)
        yard.cloud.start()
        answers = yard.post(bodies[:WARM_UP])
        before = raw_verify.rate(YARDSTICK_S)
        start = time.perf_counter()
        answers += yard.post(bodies[WARM_UP:])
        committed_s = time.perf_counter() - start
        caught_up_s = committed_s + _catch_up_s(yard)
        raw = (before + raw_verify.rate(YARDSTICK_S)) / 2
        health = httpx.get(f"http://127.0.0.1:{yard.public_port}/healthz").json()
        missing = len(bodies) * RECORDS - health["records"] + yard.refusals(answers)
    records = POSTS * RECORDS
    rate = records / committed_s
    return [
        Figure("raw P-256 verification, all cores", f"{raw:,.0f} a second"),
        Figure("ingest, verified and committed", f"{rate:,.0f} records a second"),
        at_least("ingest against raw verification", rate / raw, BAR, "of it", 2),
        Figure("the same until projections are level", f"{records / caught_up_s:,.0f} records a second"),
        at_most("posted and not in the ledger", missing, 0, "records"),
    ]


def _catch_up_s(yard: Yard) -> float:
    """Wait until every projection has seen all of the ledger; return how long that took."""
    start = time.perf_counter()
    while any(httpx.get(f"http://127.0.0.1:{yard.public_port}/healthz").json()["projection_lag"].values()):
        time.sleep(0.02)
    return time.perf_counter() - start
