"""The log as files that never change, for who would rather compute proofs than ask for them: c2sp.org/tlog-tiles.

256 hashes or records to a tile. Any cache may keep a tile for ever: full or partial, its hashes are those of complete
subtrees. A tile is served once the log has grown so far and is a 404 before.
"""

import re
import struct

from fastapi import APIRouter, Response
from tracewire.errors import Rejected

from cloud.answers import octets
from cloud.db.engine import LARGEST_INTEGER, Store
from cloud.ledger.tree import Log

TILE_WIDTH = 256
TILE_LEVELS = 8
"""Levels of the tree in one tile."""

LARGEST_ENTRY_BYTES = 0xFFFF
"""An entry's length takes two bytes; a sealed record has at most 4,096."""

_HIGHEST_TILE = 7
"""64-bit sizes need no more levels of tiles."""

_TILE_PATH = re.compile(r"((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
MEDIA_TYPE = "application/octet-stream"
_TILE = octets(MEDIA_TYPE, "A tile of hashes, or of records (c2sp.org/tlog-tiles)")


def router(store: Store) -> APIRouter:
    """Return the routes of the tiles, for the prefix of the log."""
    routes = APIRouter()

    @routes.get("/tile/entries/{path:path}", response_class=Response, responses=_TILE)
    def entries(path: str) -> Response:
        first, count = _tile(path)
        with store.reader.connect() as connection:
            leaves = Log(connection).leaves(first, count)
        return _immutable([struct.pack(">H", len(leaf)) + leaf for leaf in leaves], count)

    @routes.get("/tile/{level}/{path:path}", response_class=Response, responses=_TILE)
    def tile(level: str, path: str) -> Response:
        if not re.fullmatch(r"[0-9]|[1-5][0-9]|6[0-3]", level):
            raise Rejected("log.tile", "a level from 0 to 63 expected")
        first, count = _tile(path)
        with store.reader.connect() as connection:
            hashes = Log(connection).row(int(level) * TILE_LEVELS, first, count) if int(level) <= _HIGHEST_TILE else []
        return _immutable(hashes, count)

    return routes


def path_of(number: int, width: int = TILE_WIDTH) -> str:
    """Return the last part of a tile's address: tile 1234067 of 12 hashes is ``x001/x234/067.p/12``."""
    digits = f"{number:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return "".join(f"x{group}/" for group in groups[:-1]) + groups[-1] + suffix


def entries_of(bundle: bytes) -> list[bytes]:
    """Return the records of an entry bundle; ``Rejected("log.bundle")`` when it ends within one."""
    entries, at = [], 0
    while at < len(bundle):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        if start > len(bundle) or at > len(bundle):
            raise Rejected("log.bundle", "it ends within a record")
        entries.append(bundle[start:at])
    return entries


def _tile(path: str) -> tuple[int, int]:
    """Return where a tile begins and how many hashes wide it is."""
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
    return Response(b"".join(parts), media_type=MEDIA_TYPE, headers=_FOR_EVER)
