"""``GET /v1/ledger``: everything an outsider needs to check the ledger, as one CBOR sequence (spec 9.3).

First ``["chengxin/ledger/1", registry bundle]``; then per record ``[index, received ms, gateway name, sealed bytes]``;
last, with ``null`` in place of an index, each forked record: evidence that a device's key sealed two histories. Read in
pages, so that a ledger of any length leaves through a few hundred kilobytes of memory.
"""

from collections.abc import Callable, Iterator

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from tracewire import cbor
from tracewire.errors import Rejected

from cloud.answers import octets
from cloud.db.engine import LARGEST_INTEGER, Store
from cloud.ledger import store as ledger

FORMAT = "chengxin/ledger/1"
MEDIA_TYPE = "application/cbor-seq"
_PAGE = 1000


def router(store: Store, registry_bundle: Callable[[], bytes]) -> APIRouter:
    """Return the route of the export; ``?from=INDEX`` continues an earlier one."""
    routes = APIRouter()

    @routes.get("/v1/ledger", response_class=Response, responses=octets(MEDIA_TYPE, "The ledger as a CBOR sequence"))
    def export(start: str = Query("1", alias="from")) -> StreamingResponse:
        sequence = _sequence(store, registry_bundle(), _index(start))
        return StreamingResponse(sequence, media_type=MEDIA_TYPE)

    return routes


def _index(start: str) -> int:
    if not start.isascii() or not start.isdigit() or not 0 < int(start[:20]) <= LARGEST_INTEGER:
        raise Rejected("ledger.from", "a ledger index: 1 or higher")
    return int(start)


def _sequence(store: Store, registry_bundle: bytes, start: int) -> Iterator[bytes]:
    yield cbor.encode([FORMAT, registry_bundle])
    index = start - 1
    while True:
        with store.reader.connect() as connection:
            rows = ledger.slice_after(connection, index, _PAGE)
        if not rows:
            break
        yield b"".join(cbor.encode([row.idx, row.received_ms, row.gateway, row.sealed]) for row in rows)
        index = rows[-1].idx
    fork_id = 0
    while True:
        with store.reader.connect() as connection:
            rows = ledger.forks_after(connection, fork_id, _PAGE)
        if not rows:
            break
        yield b"".join(cbor.encode([None, row.received_ms, row.gateway, row.sealed]) for row in rows)
        fork_id = rows[-1].id
