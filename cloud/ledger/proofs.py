"""The log over HTTP: its signed head, proofs for whoever asks, and tiles for who would rather compute them.

``/v1/log`` is the prefix of a c2sp.org/tlog-tiles log; the two proof addresses are ours. Read only, and read only what
is committed. Hashes are base64 in JSON, as they are in a checkpoint. Bad parameters are 400, what is not there is 404.
"""

import base64
import re
import struct
from collections.abc import Callable

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection
from tracewire.errors import Rejected

from cloud.db.engine import LARGEST_INTEGER, Store
from cloud.ledger import checkpoint
from cloud.ledger.checkpoint import Checkpoint
from cloud.ledger.log_keys import LogKeys
from cloud.ledger.merkle import Node
from cloud.ledger.tree import Log

TILE_WIDTH = 256
_TILE_LEVELS = 8
"""Levels of the tree in one tile."""

_HIGHEST_TILE = 7
"""64-bit sizes need no more levels of tiles."""

_TILE_PATH = re.compile(r"((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_FOR_EVER = {"Cache-Control": "max-age=31536000, immutable"}
_BRIEFLY = {"Cache-Control": "max-age=1"}


def router(store: Store, keys: LogKeys, now_ms: Callable[[], int]) -> APIRouter:
    """Return the routes of the log."""
    routes = APIRouter(prefix="/v1/log")

    @routes.get("/checkpoint")
    def head() -> Response:
        with store.reader.connect() as connection:
            log = Log(connection)
            newest = Checkpoint(keys.origin, size := log.size(), log.root(size))
        # Signed after it was read, and only what is committed is read: a crash takes no signed head back.
        sealed = checkpoint.seal(newest, keys.signers, now_ms() // 1000)
        return Response(sealed, media_type="text/plain; charset=utf-8", headers=_BRIEFLY)

    @routes.get("/vkey")
    def verifier_keys() -> Response:
        return Response("".join(f"{key}\n" for key in keys.public), media_type="text/plain; charset=utf-8")

    @routes.get("/proof/inclusion")
    def inclusion(index: str = Query(""), size: str = Query("")) -> dict[str, object]:
        with store.reader.connect() as connection:
            return _inclusion(connection, _number("index", index), _number("size", size))

    @routes.get("/proof/consistency")
    def consistency(start: str = Query("", alias="from"), end: str = Query("", alias="to")) -> dict[str, object]:
        with store.reader.connect() as connection:
            return _consistency(connection, _number("from", start), _number("to", end))

    @routes.get("/tile/entries/{path:path}")
    def entries(path: str) -> Response:
        first, count = _tile(path)
        with store.reader.connect() as connection:
            leaves = Log(connection).leaves(first, count)
        return _immutable([struct.pack(">H", len(leaf)) + leaf for leaf in leaves], count)

    @routes.get("/tile/{level}/{path:path}")
    def tile(level: str, path: str) -> Response:
        if not re.fullmatch(r"[0-9]|[1-5][0-9]|6[0-3]", level):
            raise Rejected("log.tile", "a level from 0 to 63 expected")
        first, count = _tile(path)
        with store.reader.connect() as connection:
            hashes = Log(connection).row(int(level) * _TILE_LEVELS, first, count) if int(level) <= _HIGHEST_TILE else []
        return _immutable(hashes, count)

    return routes


def _inclusion(connection: Connection, index: int, size: int) -> dict[str, object]:
    log = _log_of(connection, size)
    hashes = log.inclusion(index, size)
    return {
        "index": index,
        "size": size,
        "leaf_hash": _text(log.look_up(Node(0, index))),
        "root": _text(log.root(size)),
        "hashes": [_text(each) for each in hashes],
    }


def _consistency(connection: Connection, old_size: int, size: int) -> dict[str, object]:
    log = _log_of(connection, size)
    hashes = log.consistency(old_size, size)
    return {
        "from": old_size,
        "to": size,
        "from_root": _text(log.root(old_size)),
        "to_root": _text(log.root(size)),
        "hashes": [_text(each) for each in hashes],
    }


def _log_of(connection: Connection, size: int) -> Log:
    """Return the log if it has ever had ``size`` leaves; ``Rejected("log.beyond")`` otherwise."""
    log = Log(connection)
    if size > (now := log.size()):
        raise Rejected("log.beyond", f"the log has {now} leaves")
    return log


def _number(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,19}", text) or int(text) > LARGEST_INTEGER:
        raise Rejected("log.parameter", f"{name}: a number from 0 expected")
    return int(text)


def _tile(path: str) -> tuple[int, int]:
    """Return where a tile begins and how many hashes wide it is: ``x001/x234/067.p/12`` is 12 of tile 1234067."""
    match = _TILE_PATH.fullmatch(path)
    width = int(match[2] or TILE_WIDTH) if match else 0
    if match is None or not 0 < width <= TILE_WIDTH or (match[2] and width == TILE_WIDTH):
        raise Rejected("log.tile", "no such tile")
    number = int(re.sub("[x/]", "", match[1]))
    if number * TILE_WIDTH >= LARGEST_INTEGER - TILE_WIDTH or match[1].startswith("x000/"):
        raise Rejected("log.tile", "no such tile")
    return number * TILE_WIDTH, width


def _immutable(parts: list[bytes], count: int) -> Response:
    if len(parts) < count:
        raise Rejected("log.tile", "the log has not grown so far")
    return Response(b"".join(parts), media_type="application/octet-stream", headers=_FOR_EVER)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
