"""The cloud house: real ingest and feed over a real ledger, and lines to it, which fail before, during and after."""

import functools
from collections.abc import Callable
from pathlib import Path

import httpx
from sqlalchemy import event, select
from tracewire import cbor, cose, p256, receipt
from tracewire.errors import Rejected, TracewireError

from cloud import errors
from cloud.db.engine import Store, open_store
from cloud.feed.statements import Statements
from cloud.ingest.service import Ingest
from cloud.ledger import store as ledger
from cloud.ledger import tree
from cloud.ledger.log import ClockLimits
from cloud.ledger.schema import REVISIONS
from cloud.registry import RegistryFile
from simulators.simulation.clockwork import PowerCut, World
from simulators.simulation.judge import Judge
from simulators.simulation.oracle import Oracle

NAME = "cloud"
FEED_PATH = "/v1/feed"
LEDGER = "ledger.sqlite"
MAX_ENVELOPE_BYTES = 8 << 20
LIMITS = ClockLimits(ahead_hours=24, behind_days=60)


class CloudHouse:
    """One cloud, behind a line for each gateway; it restarts within each request that finds it down."""

    def __init__(
        self, world: World, oracle: Oracle, key: p256.SigningKey, directory: Path, root_point: bytes, *, judge: Judge
    ) -> None:
        self._world = world
        self._oracle = oracle
        self._judge = judge
        self._key = key
        self._verifier = p256.VerifyingKey(key.point)
        self._directory = directory
        self._root = p256.VerifyingKey(root_point)
        self._store: Store | None = None
        self._read_to = (0, 0)
        self.disk: Callable[[Store], Store] = lambda store: store

    def line(self, gateway: str) -> httpx.AsyncBaseTransport:
        """Return the way here from a gateway, whose certificate says its name."""
        return _Line(self._world, functools.partial(self._deliver, gateway))

    def order(self, give: Callable[[Store, int], object]) -> bool:
        """Let people give an order; tell whether it is on disk, False when power went under it."""
        try:
            self._ingest()
            assert self._store is not None
            give(self._store, self._world.now_ms())
        except PowerCut:
            self._come_back()
            return False
        except Rejected:
            return True  # given before the power went, though nobody was told
        return True

    def close(self) -> None:
        """Give the ledger's file back."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _deliver(self, gateway: str, body: bytes, request: httpx.Request) -> httpx.Response:
        try:
            if request.url.path == FEED_PATH:
                answer = self._news(gateway, int(request.url.params["since"]))
            else:
                answer = self._take(body, request.headers["Content-Encoding"])
            self._world.maybe_cut(NAME, "before answering")
        except TracewireError as refusal:
            problem = errors.problem(refusal)
            return httpx.Response(problem.status_code, content=bytes(problem.body))
        except PowerCut as cut:
            self._come_back()
            raise httpx.ReadError("cloud lost power") from cut
        return httpx.Response(200, content=answer)

    def _take(self, envelope: bytes, encoding: str) -> bytes:
        answer = self._ingest().take(envelope, encoding).answer
        self._look()
        self._check(answer)
        return answer

    def _news(self, gateway: str, since: int) -> bytes:
        self._ingest()
        news = self._statements.since(gateway, since)
        for statement in news.rows:
            self._judge.sealed(*statement)
        return news.encode()

    def _come_back(self) -> None:
        self.close()
        self._ingest()
        self._look()

    def _ingest(self) -> Ingest:
        if self._store is None:
            self._world.note(NAME, "on")
            store = open_store(self._directory / LEDGER, REVISIONS, synchronous="FULL")
            tree.prepare(store)
            event.listen(store.writer, "commit", lambda _connection: self._world.maybe_cut(NAME, "at a commit"))
            self._store = self.disk(store)
            path = self._directory / "registry.cose"
            self._registry = RegistryFile(path, self._root, self._store, self._world.now_ms)
            self._statements = Statements(self._store, self._registry, self._key, self._world.now_ms)
            self._running = Ingest(
                self._store,
                self._registry,
                self._key,
                limits=LIMITS,
                max_envelope_bytes=MAX_ENVELOPE_BYTES,
                now_ms=self._world.now_ms,
                on_commit=lambda: self._world.maybe_cut(NAME, "after a commit"),
            )
        return self._running

    def _look(self) -> None:
        """Tell the oracle what has come into ledger and quarantine since it looked last."""
        assert self._store is not None
        rows, kept = ledger.records.c, ledger.quarantine.c
        came = select(rows.idx, rows.device, rows.seq, rows.digest).where(rows.idx > self._read_to[0])
        was_refused = select(kept.id, kept.device, kept.seq, kept.digest).where(kept.id > self._read_to[1])
        with self._store.reader.connect() as connection:
            new = connection.execute(came.order_by(rows.idx)).all()
            refused = connection.execute(was_refused.order_by(kept.id)).all()
        for _, device, seq, digest in new:
            self._oracle.committed(device, seq, digest)
        for _, device, seq, digest in refused:
            self._oracle.quarantined(device or "", seq or 0, digest)
        self._read_to = (new[-1][0] if new else self._read_to[0], refused[-1][0] if refused else self._read_to[1])

    def _check(self, answer: bytes) -> None:
        """Let the oracle judge every receipt before it leaves the house."""
        payload = cbor.decode(cose.open(answer, cose.ANSWER, self._verifier, len(answer)).payload)
        assert isinstance(payload, dict)
        roll = self._registry.current()
        for sealed in payload[3]:
            statement = receipt.decode(cose.open(sealed, cose.RECEIPT, self._verifier).payload)
            holder = roll.find(statement.kid)
            assert holder is not None
            self._oracle.receipted(holder.credential.name, statement)


class _Line(httpx.AsyncBaseTransport):
    """Carries one request up and the answer down; either may be lost, the request may arrive twice."""

    def __init__(self, world: World, deliver: Callable[[bytes, httpx.Request], httpx.Response]) -> None:
        self._world = world
        self._deliver = deliver

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        await self._world.pause(5, 300)
        if self._world.happens("line down"):
            raise httpx.ConnectError("line down")
        response = self._deliver(body, request)
        if self._world.happens("envelope doubled"):
            response = self._deliver(body, request)
        await self._world.pause(5, 300)
        if self._world.happens("answer lost"):
            raise httpx.ReadTimeout("answer lost")
        return response
