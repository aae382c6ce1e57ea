"""The ledger as an outsider reaches it: plain HTTP, every answer bounded, nothing believed.

``Unavailable("audit.unreachable")`` when there is no answer, ``Rejected("audit.withheld")`` when the operator answers
that it has not what its own signed head promises, ``Rejected("audit.answer")`` for an answer that makes no sense.
"""

import base64
import json
from collections.abc import Iterator

import httpx
from tracewire import cbor
from tracewire.errors import Rejected, Unavailable

from cloud.ledger.merkle import HASH_BYTES
from cloud.ledger.proofs import PREFIX
from cloud.ledger.tiles import LARGEST_ENTRY_BYTES, TILE_WIDTH, entries_of, path_of

_TIMEOUT_S = 30.0
_LARGEST_BUNDLE_BYTES = TILE_WIDTH * (LARGEST_ENTRY_BYTES + 2)
_LARGEST_EXPORT_BYTES = 256 << 20
_LARGEST_ANSWER_BYTES = 1 << 20
_LEDGER_FORMAT = "chengxin/ledger/1"


class Source:
    """One ledger's public address; safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, timeout=_TIMEOUT_S, follow_redirects=True)

    def close(self) -> None:
        """End every connection."""
        self._client.close()

    def keys(self) -> bytes:
        """Return what the operator says its log's keys are."""
        return self._get(f"{PREFIX}/vkey")

    def newest_head(self) -> bytes:
        """Return the newest head as a signed note."""
        return self._get(f"{PREFIX}/checkpoint")

    def witnessed_head(self) -> bytes | None:
        """Return the newest head that enough witnesses cosigned, ``None`` when the operator has none."""
        try:
            return self._get(f"{PREFIX}/checkpoint/witnessed")
        except Rejected:
            return None

    def entries(self, number: int, width: int) -> list[bytes]:
        """Return the records of one entry bundle."""
        entries = entries_of(self._get(f"{PREFIX}/tile/entries/{path_of(number, width)}", _LARGEST_BUNDLE_BYTES))
        if len(entries) != width:
            raise Rejected("audit.answer", f"{len(entries)} records where {width} belong")
        return entries

    def tile(self, level: int, number: int, width: int) -> list[bytes]:
        """Return the hashes of one tile."""
        data = self._get(f"{PREFIX}/tile/{level}/{path_of(number, width)}")
        if len(data) != width * HASH_BYTES:
            raise Rejected("audit.answer", f"{len(data)} bytes where {width} hashes belong")
        return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]

    def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the log of ``size`` begins with that of ``old_size``."""
        return self._hashes(f"{PREFIX}/proof/consistency?from={old_size}&to={size}")

    def registry_and_forks(self, size: int) -> tuple[bytes, list[tuple[int, bytes]]]:
        """Return the registry bundle, and (received ms, sealed bytes) of each record kept beside the ledger."""
        items = _sequence(self._get(f"/v1/ledger?from={size + 1}", _LARGEST_EXPORT_BYTES))
        match next(items, None):
            case [str() as form, bytes() as bundle] if form == _LEDGER_FORMAT:
                rows = [item for item in items if isinstance(item, list) and len(item) == 4 and item[0] is None]
                forks = [(row[1], row[3]) for row in rows if type(row[1]) is int and type(row[3]) is bytes]
                return bundle, forks
            case _:
                raise Rejected("audit.answer", "the export begins otherwise than spec 9.3 says")

    def _hashes(self, path: str) -> list[bytes]:
        data = self._get(path)
        try:
            return [base64.b64decode(each, validate=True) for each in json.loads(data)["hashes"]]
        except (ValueError, TypeError, KeyError) as error:
            raise Rejected("audit.answer", "no proof in the answer") from error

    def _get(self, path: str, limit: int = _LARGEST_ANSWER_BYTES) -> bytes:
        body = bytearray()
        try:
            with self._client.stream("GET", path) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > limit:
                        raise Rejected("audit.answer", f"{path}: more than {limit} bytes")
                status = response.status_code
        except httpx.HTTPError as error:
            raise Unavailable("audit.unreachable", f"{self.url}{path}: {error or type(error).__name__}") from error
        if status >= 500:
            raise Unavailable("audit.unreachable", f"{self.url}{path}: HTTP {status}")
        if status != 200:
            raise Rejected("audit.withheld", f"{path}: HTTP {status}")
        return bytes(body)


def _sequence(data: bytes) -> Iterator[object]:
    at = 0
    while at < len(data):
        try:
            item, at = cbor.decode_item(data, at)
        except IndexError as error:
            raise Rejected("audit.answer", "the export ends within an item") from error
        yield item
