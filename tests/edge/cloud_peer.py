"""A test peer that speaks the cloud's side of spec 9 over real HTTPS with mutual TLS.

It is not the cloud: it keeps records in a dict and says whatever ``answer`` tells it to, including nonsense. The
journeys run the real one.

    peer = CloudPeer(directory, node, gateway, port)
    peer.start(); ...; peer.stop()
    peer.answer = refuse_with_status(500)
"""

import asyncio
import gzip
import hashlib
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from tracewire import cbor, chain, cose, record
from tracewire.errors import Rejected
from tracewire.p256 import VerifyingKey
from tracewire.receipt import CLOUD, Receipt

from simulators.node import Node, now_ms

Answer = Callable[["CloudPeer", bytes, list[tuple[int, bytes]]], Response]


class CloudPeer:
    """Holds what it was sent: ``held[(kid, seq)]`` is the sealed record.

    ``calls`` counts the requests, ``heard`` how often each sealed record came up, whatever was answered.
    """

    def __init__(self, directory: Path, node: Node, gateway: Node, port: int) -> None:
        self.node = node
        self.port = port
        self.held: dict[tuple[bytes, int], bytes] = {}
        self.heard: Counter[bytes] = Counter()
        self.calls = 0
        self.answer: Answer = honest
        self.feed = cbor.encode({1: 1, 2: 0, 3: []})
        self.asked_since: list[int] = []
        self._gateway = gateway
        self._changed = threading.Condition()
        app = FastAPI()
        app.post("/v1/records")(self._records)
        app.get("/v1/feed")(self._feed)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=port,
                log_level="warning",
                timeout_graceful_shutdown=1,  # an idle keep-alive connection holds a TLS goodbye back for 30 s
                ssl_certfile=str(directory / "server_cert.pem"),
                ssl_keyfile=str(directory / "tls_key.pem"),
                ssl_ca_certs=str(directory / "device_ca.pem"),
                ssl_cert_reqs=ssl.CERT_REQUIRED,
            )
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> "CloudPeer":
        """Serve from a thread; returns when the port is open."""
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)  # uvicorn has no event for "port is open"
        return self

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._server.should_exit = True
        self._thread.join()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Wait until ``condition`` holds after some request."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s)

    def _serve(self) -> None:
        asyncio.run(self._server.serve())

    async def _feed(self, since: int) -> Response:
        with self._changed:
            self.asked_since.append(since)
            self._changed.notify_all()
        return Response(self.feed, media_type="application/cbor")

    async def _records(self, request: Request) -> Response:
        body = await request.body()
        assert request.headers["content-encoding"] == "gzip"
        envelope = gzip.decompress(body)
        opened = cose.open(envelope, cose.ENVELOPE, VerifyingKey(self._gateway.key.point), 1 << 24)
        rows = [(received, sealed) for received, sealed in cbor.decode(opened.payload)]
        with self._changed:
            self.calls += 1
            self.heard.update(sealed for _, sealed in rows)
            response = self.answer(self, envelope, rows)
            self._changed.notify_all()
        return response


def honest(peer: CloudPeer, envelope: bytes, rows: list[tuple[int, bytes]]) -> Response:
    """Keep everything and say so."""
    for _, sealed in rows:
        message = cose.parse(sealed)
        peer.held.setdefault((message.kid, record.decode(message.payload).seq), sealed)
    return sealed_answer(peer.node, envelope, [seal_receipt(peer, kid) for kid in _kids(rows)], [])


def judging(peer: CloudPeer, envelope: bytes, rows: list[tuple[int, bytes]]) -> Response:
    """Keep what continues a history; refuse the rest by name, in the answer and in the receipts."""
    refusals: list[list[object]] = []
    named: dict[bytes, list[tuple[int, bytes, str]]] = {}
    for index, (_, sealed) in enumerate(rows):
        message = cose.parse(sealed)
        try:
            statement = record.decode(message.payload)
            _check_history(peer, message.kid, statement, sealed)
        except Rejected as refusal:
            refusals.append([index, refusal.code, "said the test"])
            seq = cbor.decode(message.payload)[2]
            named.setdefault(message.kid, []).append((seq, chain.digest(sealed), refusal.code))
        else:
            peer.held[(message.kid, statement.seq)] = sealed
    receipts = [seal_receipt(peer, kid, refused=named.get(kid, ())) for kid in _kids(rows)]
    return sealed_answer(peer.node, envelope, receipts, refusals)


def _check_history(peer: CloudPeer, kid: bytes, statement: record.Record, sealed: bytes) -> None:
    if peer.held.get((kid, statement.seq), sealed) != sealed:
        raise Rejected("chain.fork")
    before = peer.held.get((kid, statement.seq - 1))
    if before is not None and statement.prev != chain.digest(before):
        raise Rejected("chain.prev")


def refusing_all(code: str) -> Answer:
    """Refuse every record by name, without a receipt: what a cloud does that does not know the key."""

    def answer(peer: CloudPeer, envelope: bytes, rows: list[tuple[int, bytes]]) -> Response:
        return sealed_answer(peer.node, envelope, [], [[index, code, "said the test"] for index in range(len(rows))])

    return answer


def refusing_first(code: str) -> Answer:
    """Refuse the first record of every envelope by name, and accept the others."""

    def answer(peer: CloudPeer, envelope: bytes, rows: list[tuple[int, bytes]]) -> Response:
        for _, sealed in rows[1:]:
            message = cose.parse(sealed)
            peer.held.setdefault((message.kid, record.decode(message.payload).seq), sealed)
        receipts = [seal_receipt(peer, kid) for kid in _kids(rows[1:])]
        return sealed_answer(peer.node, envelope, receipts, [[0, code, "said the test"]])

    return answer


def status(code: int, **headers: str) -> Answer:
    """Answer with a bare status."""
    return lambda _peer, _envelope, _rows: Response(status_code=code, headers=headers)


def garbage(_peer: CloudPeer, _envelope: bytes, _rows: list[tuple[int, bytes]]) -> Response:
    """Answer 200 with bytes that are no answer."""
    return Response(b"\x00all is well", media_type="application/cose")


def by_another_key(peer: CloudPeer, envelope: bytes, rows: list[tuple[int, bytes]]) -> Response:
    """Answer under a key that the registry does not know."""
    receipts = [seal_receipt(peer, kid, cloud=Node("stranger-01", "cloud")) for kid in _kids(rows)]
    return sealed_answer(Node("stranger-01", "cloud"), envelope, receipts, [])


def by_the_gateway(peer: CloudPeer, envelope: bytes, rows: list[tuple[int, bytes]]) -> Response:
    """Answer under a key that the registry knows, but not as a cloud."""
    return sealed_answer(peer._gateway, envelope, [seal_receipt(peer, kid) for kid in _kids(rows)], [])


def about_another_envelope(peer: CloudPeer, _envelope: bytes, rows: list[tuple[int, bytes]]) -> Response:
    """Answer to something that was not asked."""
    return sealed_answer(peer.node, b"another", [seal_receipt(peer, kid) for kid in _kids(rows)], [])


def without_receipts(peer: CloudPeer, envelope: bytes, _rows: list[tuple[int, bytes]]) -> Response:
    """Answer validly and settle nothing."""
    return sealed_answer(peer.node, envelope, [], [])


def sealed_answer(cloud: Node, envelope: bytes, receipts: list[bytes], refusals: list[list[object]]) -> Response:
    """Return the response with a sealed answer of spec 9.2."""
    payload = cbor.encode({1: 1, 2: hashlib.sha256(envelope).digest(), 3: receipts, 4: refusals})
    return Response(cose.seal(payload, cose.ANSWER, cloud.key), media_type="application/cose")


def seal_receipt(
    peer: CloudPeer, kid: bytes, cloud: Node | None = None, refused: Sequence[tuple[int, bytes, str]] = ()
) -> bytes:
    """Return a cloud receipt over the newest stretch without a hole that ``peer`` holds of a key."""
    first, last, head = 1, 0, bytes(32)
    seqs = [seq for held_kid, seq in peer.held if held_kid == kid]
    if seqs:
        first = last = max(seqs)
        head = chain.digest(peer.held[(kid, last)])
    while (kid, first - 1) in peer.held:
        first -= 1
    made = Receipt(CLOUD, kid, first, last, head, now_ms(), refused)
    return cose.seal(made.encode(), cose.RECEIPT, (cloud or peer.node).key)


def _kids(rows: list[tuple[int, bytes]]) -> list[bytes]:
    return sorted({cose.parse(sealed).kid for _, sealed in rows})
