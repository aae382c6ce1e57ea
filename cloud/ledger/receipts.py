"""COSE receipts over HTTP: what a person with a slip keeps, to prove later that the sale was in the log.

By place (``index``, from 0) or by what a slip says (device and number). Every answer is computed from the ledger as it
is now and sealed by the cloud's record key, which the signed registry names.
"""

from fastapi import APIRouter, Response
from sqlalchemy import Connection
from tracewire.errors import Rejected
from tracewire.topics import is_name

from cloud.answers import octets
from cloud.db.engine import Store
from cloud.ledger import cose_receipt
from cloud.ledger import store as ledger
from cloud.ledger.cose_receipt import Issuer
from cloud.ledger.proofs import a_number, log_of, number_of
from cloud.ledger.tree import Log

_RECEIPT = octets(cose_receipt.MEDIA_TYPE, "A COSE receipt (RFC 9942)")


def router(store: Store, issuer: Issuer) -> APIRouter:
    """Return the routes of the receipts, for the prefix of the log."""
    routes = APIRouter()

    def inclusion_of(connection: Connection, index: int) -> Response:
        log = Log(connection)
        size = log.size()
        path = log.inclusion(index, size)
        (sealed,) = log.leaves(index, 1)
        return _answer(issuer.inclusion(sealed, index, size, path))

    @routes.get("/receipt/inclusion", response_class=Response, responses=_RECEIPT)
    def inclusion(index: str = a_number("index")) -> Response:
        with store.reader.connect() as connection:
            return inclusion_of(connection, number_of("index", index))

    @routes.get("/receipt/record/{device}/{seq}", response_class=Response, responses=_RECEIPT)
    def of_record(device: str, seq: str) -> Response:
        with store.reader.connect() as connection:
            number = number_of("seq", seq)
            row = ledger.at_seq(connection, device, number) if is_name(device) else None
            if row is None:
                raise Rejected("log.record", "the ledger holds no such record")
            return inclusion_of(connection, row.idx - 1)

    @routes.get("/receipt/consistency", response_class=Response, responses=_RECEIPT)
    def consistency(start: str = a_number("from"), end: str = a_number("to")) -> Response:
        old_size, size = number_of("from", start), number_of("to", end)
        with store.reader.connect() as connection:
            log = log_of(connection, size)
            path, root = log.consistency(old_size, size), log.root(size)
        return _answer(issuer.consistency(old_size, size, path, root))

    return routes


def _answer(receipt: bytes) -> Response:
    return Response(receipt, media_type=cose_receipt.MEDIA_TYPE, headers={"Cache-Control": "max-age=60"})
