"""Reading sums back from a time-series server: the same answer as the embedded store's ``buckets``.

InfluxQL where the server has it, PromQL for VictoriaMetrics, which has not. Values go into the query as quoted words,
never as text that could end a quotation.
"""

from collections.abc import Mapping
from typing import Any

from tracewire.errors import Unavailable

from cloud.timeseries.server import MEASUREMENT, PROMQL, Address, get
from cloud.timeseries.store import Bucket


def buckets(
    address: Address, kind: str, width_ms: int, from_ms: int, to_ms: int, *, device: str | None = None
) -> list[Bucket]:
    """Return the sums of one kind from ``from_ms`` up to before ``to_ms``, one per stretch that has any.

    ``from_ms`` and ``to_ms`` are multiples of ``width_ms``. Raises ``Unavailable("series.…")``.
    """
    tags = {"kind": kind} | ({} if device is None else {"device": device})
    read = _by_promql if address.read == PROMQL else _by_influxql
    try:
        return read(address, tags, width_ms, from_ms, to_ms)
    except (LookupError, TypeError, ValueError) as odd:
        raise Unavailable("series.answer", f"an answer of another form: {odd}") from odd


def _by_influxql(address: Address, tags: Mapping[str, str], width_ms: int, from_ms: int, to_ms: int) -> list[Bucket]:
    chosen = " AND ".join(f'"{name}" = {_quoted(value)}' for name, value in tags.items())
    query = (
        f'SELECT count("grams"), sum("grams"), sum("fen") FROM "{MEASUREMENT}" WHERE {chosen}'  # noqa: S608 (quoted)
        f" AND time >= {from_ms}ms AND time < {to_ms}ms GROUP BY time({width_ms}ms) fill(none)"
    )
    answer = get(f"{address.base}/query", db=address.database or address.bucket, q=query, epoch="ms")
    series = answer["results"][0].get("series", [])
    return [Bucket(*row) for one in series for row in one["values"]]


def _by_promql(address: Address, tags: Mapping[str, str], width_ms: int, from_ms: int, to_ms: int) -> list[Bucket]:
    chosen = ",".join(f"{name}={_quoted(value, double=True)}" for name, value in tags.items())

    def ask(function: str, field: str) -> dict[int, int]:
        # A value at t is of (t - width, t]; our stretches are [start, start + width), and our points lie on
        # milliseconds, so asking one millisecond before the end is the same stretch.
        query = f"sum({function}({MEASUREMENT}_{field}{{{chosen}}}[{width_ms}ms]))"
        span = {"start": (from_ms + width_ms - 1) / 1000, "end": (to_ms - 1) / 1000, "step": f"{width_ms}ms"}
        answer = get(f"{address.base}/api/v1/query_range", query=query, nocache=1, **span)
        return {_start(at, width_ms): round(float(value)) for at, value in _values(answer)}

    counts, grams, fen = ask("count_over_time", "grams"), ask("sum_over_time", "grams"), ask("sum_over_time", "fen")
    return [Bucket(start, counts[start], grams[start], fen[start]) for start in sorted(counts)]


def _values(answer: Any) -> list[list[Any]]:
    return [row for one in answer["data"]["result"] for row in one["values"]]


def _start(at_seconds: float, width_ms: int) -> int:
    end_ms = round(float(at_seconds) * 1000) + 1
    return end_ms - width_ms


def _quoted(value: str, *, double: bool = False) -> str:
    mark = '"' if double else "'"
    return mark + value.replace("\\", "\\\\").replace(mark, "\\" + mark).replace("\n", "\\n") + mark
