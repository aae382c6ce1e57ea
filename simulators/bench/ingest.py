"""How fast the cloud takes records in: the real program, over mutual TLS, on disk before it answers, over either store.

    python -m simulators.bench ingest

The yardstick is measured just before and just after, on the same cores: nothing but ``cryptography`` verifying P-256.
The client and PostgreSQL's server share these cores and are counted apart; envelopes are sealed beforehand. Projections
follow when the load is over, as they do where a process of their own makes them.
"""

import dataclasses
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tracewire.errors import Unavailable

from cloud.config import DATABASE_VARIABLE
from simulators.bench import ingest_steps, processor_time, raw_verify
from simulators.bench.figures import Figure, at_least, at_most
from simulators.bench.yard import Yard
from simulators.postgres import PostgresServer

RECORDS = 500
"""Records in one post."""
WARM_UP, POSTS, STEPS = 4, 120, 8
BAR = 0.6
YARDSTICK_S = 2.0


def figures() -> Iterator[Figure]:
    """Measure one load on a fresh cloud over SQLite, and one over PostgreSQL where that is installed."""
    yield from _over("SQLite", None)
    try:
        server = PostgresServer(durable=True)
    except Unavailable as missing:
        yield Figure("PostgreSQL", f"not measured: {missing}")
        return
    try:
        with _chosen(server.new_database()):
            yield from _over("PostgreSQL", server)
    finally:
        server.remove()


@contextmanager
def _chosen(database: str) -> Iterator[None]:
    """Let every command and program that is started meanwhile keep its ledger in this database."""
    os.environ[DATABASE_VARIABLE] = database
    try:
        yield
    finally:
        del os.environ[DATABASE_VARIABLE]


def _over(store: str, server: PostgresServer | None) -> list[Figure]:
    options = ("--workers", str(os.cpu_count()), "--no-project")
    with tempfile.TemporaryDirectory() as folder, Yard(Path(folder, "yard"), options) as yard:
        bodies = yard.envelopes(WARM_UP + POSTS, RECORDS)
        more = yard.envelopes(STEPS, RECORDS)
        yard.cloud.start()
        answers = yard.post(bodies[:WARM_UP])
        before = raw_verify.rate(YARDSTICK_S)
        load = _Load(yard, server, bodies[WARM_UP:])
        after = raw_verify.rate(YARDSTICK_S)
        health = httpx.get(f"http://127.0.0.1:{yard.public_port}/healthz").json()
        yard.cloud.stop()
        steps = ingest_steps.figures(Path(folder, "yard", "cloud"), more)
        missing = len(bodies) * RECORDS - health["records"] + yard.refusals(answers + load.answers)
    raw, verification_s = ((one + other) / 2 for one, other in zip(before, after, strict=True))
    measured = [
        Figure("raw P-256 verification, all cores", f"{raw:,.0f} a second, {verification_s * 1e6:.0f} µs each"),
        Figure("verified and committed", f"{load.rate:,.0f} records a second"),
        at_least("against raw verification, by the clock", load.rate / raw, BAR, "of it", 2),
        Figure("processor time of a record: service", f"{load.service_s * 1e6:.0f} µs"),
        Figure("processor time of a record: client", f"{load.client_s * 1e6:.0f} µs"),
        *(_of_server(load, verification_s) if server else ()),
        at_least("verification in the time of the service", verification_s / load.service_s, BAR, "of it", 2),
        at_most("posted and not in the ledger", missing, 0, "records"),
        *steps,
    ]
    return [dataclasses.replace(figure, what=f"{store}: {figure.what}") for figure in measured]


def _of_server(load: "_Load", verification_s: float) -> Iterator[Figure]:
    yield Figure("processor time of a record: its server", f"{load.server_s * 1e6:.0f} µs")
    share = verification_s / (load.service_s + load.server_s)
    yield Figure("verification in the time of service and server", f"{share:.2f} of it")


class _Load:
    """Post envelopes as fast as they are taken; processor seconds are per record."""

    def __init__(self, yard: Yard, server: PostgresServer | None, bodies: list[bytes]) -> None:
        records = len(bodies) * RECORDS
        trees = [yard.cloud.pid, *([server.pid] if server else [])]
        start, start_client = time.perf_counter(), time.process_time()
        starts = list(map(processor_time.of_tree, trees))
        self.answers = yard.post(bodies)
        self.rate = records / (time.perf_counter() - start)
        self.client_s = (time.process_time() - start_client) / records
        self.service_s, *servers = (
            (processor_time.of_tree(tree) - before) / records for tree, before in zip(trees, starts, strict=True)
        )
        self.server_s = sum(servers)
