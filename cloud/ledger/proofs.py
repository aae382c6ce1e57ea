"""The log over HTTP: its signed head, its keys, and proofs for whoever asks.

``/v1/log`` is the prefix of a c2sp.org/tlog-tiles log (``tiles``, ``receipts`` hang under it too); the proof addresses
are ours. Read only, and read only what is committed. Hashes are base64 in JSON, as they are in a checkpoint. Bad
parameters are 400, what is not there is 404.
"""

import base64
import re
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection
from tracewire.errors import Rejected

from cloud.answers import plain
from cloud.db.engine import LARGEST_INTEGER, Store
from cloud.ledger.cosigning import Cosignatures
from cloud.ledger.log_keys import LogKeys
from cloud.ledger.merkle import Node
from cloud.ledger.tree import Log

PREFIX = "/v1/log"
NOTE_TYPE = "text/plain; charset=utf-8"
BRIEFLY = {"Cache-Control": "max-age=1"}

_NUMBER = "[0-9]{1,19}"
_A_HEAD = plain("text/plain", "A signed note (c2sp.org/tlog-checkpoint)")
_KEYS = plain("text/plain", "Verifier keys of the log, one a line (c2sp.org/signed-note)")


def heads_router(keys: LogKeys, kept: Cosignatures, status: Callable[[], dict[str, object]]) -> APIRouter:
    """Return the routes of heads, keys and witnessing, for the prefix of the log."""
    routes = APIRouter()

    @routes.get("/checkpoint", response_class=Response, responses=_A_HEAD)
    def checkpoint() -> Response:
        return Response(kept.sealed_newest(), media_type=NOTE_TYPE, headers=BRIEFLY)

    @routes.get("/checkpoint/witnessed", response_class=Response, responses=_A_HEAD)
    def witnessed() -> Response:
        return Response(kept.sealed_witnessed(), media_type=NOTE_TYPE, headers=BRIEFLY)

    @routes.get("/status")
    def how_far() -> dict[str, object]:
        return status()

    @routes.get("/vkey", response_class=Response, responses=_KEYS)
    def verifier_keys() -> Response:
        return Response("".join(f"{key}\n" for key in keys.public), media_type=NOTE_TYPE)

    return routes


def router(store: Store) -> APIRouter:
    """Return the routes of the proofs, for the prefix of the log."""
    routes = APIRouter()

    @routes.get("/proof/inclusion")
    def inclusion(index: str = a_number("index"), size: str = a_number("size")) -> dict[str, object]:
        with store.reader.connect() as connection:
            return _inclusion(connection, number_of("index", index), number_of("size", size))

    @routes.get("/proof/consistency")
    def consistency(start: str = a_number("from"), end: str = a_number("to")) -> dict[str, object]:
        with store.reader.connect() as connection:
            return _consistency(connection, number_of("from", start), number_of("to", end))

    return routes


def a_number(name: str) -> Any:
    """Describe a parameter for ``number_of``, which says in our words what is wrong with one."""
    return Query("", alias=name, json_schema_extra={"pattern": f"^{_NUMBER}$"})


def log_of(connection: Connection, size: int) -> Log:
    """Return the log if it has ever had ``size`` leaves; ``Rejected("log.beyond")`` otherwise."""
    log = Log(connection)
    if size > (now := log.size()):
        raise Rejected("log.beyond", f"the log has {now} leaves")
    return log


def number_of(name: str, text: str) -> int:
    """Return a parameter as a number; ``Rejected("log.parameter")`` when it is none that a log can have."""
    if not re.fullmatch(_NUMBER, text) or int(text) > LARGEST_INTEGER:
        raise Rejected("log.parameter", f"{name}: a number from 0 expected")
    return int(text)


def _inclusion(connection: Connection, index: int, size: int) -> dict[str, object]:
    log = log_of(connection, size)
    hashes = log.inclusion(index, size)
    return {
        "index": index,
        "size": size,
        "leaf_hash": _text(log.look_up(Node(0, index))),
        "root": _text(log.root(size)),
        "hashes": [_text(each) for each in hashes],
    }


def _consistency(connection: Connection, old_size: int, size: int) -> dict[str, object]:
    log = log_of(connection, size)
    hashes = log.consistency(old_size, size)
    return {
        "from": old_size,
        "to": size,
        "from_root": _text(log.root(old_size)),
        "to_root": _text(log.root(size)),
        "hashes": [_text(each) for each in hashes],
    }


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
