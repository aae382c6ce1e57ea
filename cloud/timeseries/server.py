"""A time-series server by one URL: anything with the InfluxDB v2 write API, or InfluxDB 1's own.

    http://HOST:8086?org=market&bucket=chengxin            InfluxDB 2 and 3; the token is in CHENGXIN_SERIES_TOKEN
    http://HOST:8086?db=chengxin                           InfluxDB 1.x, its v1 write path
    http://HOST:8428?read=promql                           VictoriaMetrics, run with -dedup.minScrapeInterval=1ms

Why ``influxdb-client`` in synchronous mode only: its background batching drops points silently after five tries, and
never retries most refusals. What could not be written raises, and stays in our outbox (``shipping.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import influxdb_client
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from tracewire.errors import Misuse, Rejected, Unavailable
from urllib3.exceptions import HTTPError

from cloud.timeseries.store import Sample

_influx: Any = influxdb_client  # its modules are typed, the names of its package are not

MEASUREMENT = "activity"
INFLUXQL, PROMQL = "influxql", "promql"
_TIMEOUT_MS = 10_000
_ABOUT_THE_LINES = (400, 413, 422)
"""Statuses that the same lines will get tomorrow as well: malformed, too many bytes, not to be processed."""


@dataclass(frozen=True)
class Address:
    """Where a server is and how it is spoken to; ``read`` is the query language it has."""

    base: str
    org: str
    bucket: str
    database: str
    read: str


def parse(url: str) -> Address:
    """Return the parts of a server's URL; ``Misuse("series.url")`` for one that we do not understand."""
    parts = urlsplit(url)
    words = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = words.keys() - {"org", "bucket", "db", "read"}
    if parts.scheme not in ("http", "https") or not parts.netloc or unknown or parts.username or parts.password:
        raise Misuse("series.url", "http(s)://HOST:PORT?org=…&bucket=…, or ?db=…, and read=influxql or promql")
    read = words.get("read", INFLUXQL)
    if read not in (INFLUXQL, PROMQL):
        raise Misuse("series.url", "read is influxql or promql")
    base = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    return Address(base, words.get("org", "-"), words.get("bucket", "chengxin"), words.get("db", ""), read)


def line_of(sample: Sample) -> str:
    """Return a sample in line protocol: tags device, kind and site; never lot, number or digest."""
    point = _influx.Point(MEASUREMENT).tag("device", sample.device).tag("kind", sample.kind).tag("site", sample.site)
    point = point.field("grams", sample.grams).field("fen", sample.fen)
    return str(point.time(sample.at_ns, _influx.WritePrecision.NS).to_line_protocol())


class SeriesServer:
    """Writes lines. Writing the same line twice changes nothing: it is the same point."""

    def __init__(self, address: Address, token: str) -> None:
        self._address = address
        self._client = _influx.InfluxDBClient(url=address.base, token=token, org=address.org, timeout=_TIMEOUT_MS)
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: Sequence[str]) -> None:
        """Return when the server has them all.

        Raises ``Rejected("series.refused")`` for what it will never take, ``Unavailable("series.down")`` when it may
        later.
        """
        if self._address.database:
            self._write_v1(lines)
            return
        try:
            self._writer.write(
                bucket=self._address.bucket, record="\n".join(lines), write_precision=_influx.WritePrecision.NS
            )
        except ApiException as answer:
            _raise_for(int(answer.status or 0), str(answer.reason))
        except (HTTPError, OSError) as down:
            raise Unavailable("series.down", str(down)) from down

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _write_v1(self, lines: Sequence[str]) -> None:
        query = {"db": self._address.database, "precision": "ns"}
        try:
            answer = httpx.post(
                f"{self._address.base}/write",
                params=query,
                content="\n".join(lines),
                timeout=_TIMEOUT_MS / 1000,
                trust_env=False,
            )
        except httpx.HTTPError as down:
            raise Unavailable("series.down", str(down)) from down
        if answer.is_error:
            _raise_for(answer.status_code, answer.text)


def _raise_for(status: int, reason: str) -> None:
    """Raise what an error status means.

    Why so few are about the lines: a wrong token or a missing database is refused for ever as well, until somebody
    mends it, and then every line is wanted.
    """
    if status in _ABOUT_THE_LINES:
        raise Rejected("series.refused", f"{status} {reason[:200]}")
    raise Unavailable("series.down", f"{status} {reason[:200]}")


def get(url: str, **query: Any) -> Any:
    """Return a server's JSON answer; ``Unavailable("series.down")``."""
    try:
        answer = httpx.get(url, params=query, timeout=_TIMEOUT_MS / 1000, trust_env=False).raise_for_status()
    except httpx.HTTPError as down:
        raise Unavailable("series.down", str(down)) from down
    return answer.json()
