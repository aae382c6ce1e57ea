"""From steps and records to stations: the way back as a person would tell it.

Why carcasses of one lot are one station: a stall's lot of thirty carcasses has one slaughter, not thirty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tracewire import record as records
from tracewire.vocabulary import DOCUMENTS, LOT_SOURCES, MOVEMENTS

from cloud.batches.graph import Way
from cloud.ledger.entry import Entry
from cloud.trace.story import Paper, Part, Station

MOST_STATIONS = 24
MOST_PARTS = 6
"""Kept small so that the page stays within 60 KB; the JSON and the ledger have the rest."""


def stations(way: Way, steps: Sequence[Entry], coded: Sequence[Entry], about: Sequence[Entry]) -> list[Station]:
    """Return the stations of a way back, nearest first.

    ``steps`` are the records of ``way.steps``, ``coded`` those that began its lots, ``about`` its papers.
    """
    by_index = {entry.index: entry for entry in steps}
    ordered = [by_index[step.index] for step in way.steps]
    found = _movements(ordered) + _slaughters(ordered) + [_source(entry) for entry in coded]
    return _with_papers(found, [entry for entry in about if entry.record.kind == records.DOCUMENT])


def goods_of(found: Iterable[Station]) -> str | None:
    """Return what is sold: the name given nearest to the stall."""
    return next((station.goods for station in found if station.goods), None)


def _movements(steps: Iterable[Entry]) -> list[Station]:
    return [_movement(entry) for entry in steps if entry.record.kind == records.MOVEMENT]


def _movement(entry: Entry) -> Station:
    body = entry.body
    parts = [Part(lot, grams) for lot, grams in body["inputs"]]
    outputs = body.get("outputs", ())
    return Station(
        kind=MOVEMENTS[body["movement"]],
        place=entry.site or None,
        device=entry.device,
        moment_ms=entry.moment_ms,
        lots=tuple(lot for lot, _ in outputs),
        goods=body.get("goods"),
        grams=sum(grams for _, grams in outputs),
        parts=tuple(parts[:MOST_PARTS]),
        more_parts=max(0, len(parts) - MOST_PARTS),
        voucher=body.get("voucher"),
    )


def _slaughters(steps: Iterable[Entry]) -> list[Station]:
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in steps:
        if entry.record.kind == records.CARCASS:
            groups.setdefault((entry.device, entry.body["lot"]), []).append(entry)
    return [_slaughter(carcasses) for carcasses in groups.values()]


def _slaughter(carcasses: Sequence[Entry]) -> Station:
    first = min(carcasses, key=lambda entry: entry.moment_ms)
    parts = [
        Part(entry.body["carcass"], entry.body["hot_grams"], entry.body.get("ear_tag"))
        for entry in sorted(carcasses, key=lambda entry: entry.seq)
    ]
    return Station(
        kind="slaughter",
        place=first.site or None,
        device=first.device,
        moment_ms=first.moment_ms,
        lots=tuple(part.lot for part in parts),
        grams=sum(part.grams or 0 for part in parts),
        parts=tuple(parts[:MOST_PARTS]),
        more_parts=max(0, len(parts) - MOST_PARTS),
        head_count=len(parts),
    )


def _source(entry: Entry) -> Station:
    body = entry.body
    return Station(
        kind=LOT_SOURCES[body["source"]],
        place=body["place"],
        device=entry.device,
        moment_ms=entry.moment_ms,
        lots=(body["lot"],),
        goods=body["goods"],
        grams=body.get("net_grams"),
        head_count=body.get("head_count"),
        division=body["division"],
    )


def _with_papers(found: Sequence[Station], documents: Sequence[Entry]) -> list[Station]:
    """Show each document where it was stated, or else where the lot that it names began."""
    papers: list[list[Paper]] = [[] for _ in found]
    for entry in documents:
        same_device = (place for place, station in enumerate(found) if station.device == entry.device)
        same_lot = (place for place, station in enumerate(found) if entry.body["lot"] in station.lots)
        place = next(same_device, next(same_lot, None))
        if place is not None:
            papers[place].append(_paper(entry))
    return [replace(station, papers=tuple(some)) for station, some in zip(found, papers, strict=True)]


def _paper(entry: Entry) -> Paper:
    body = entry.body
    return Paper(
        document=DOCUMENTS[body["document"]],
        number=body["number"],
        issuer=body.get("issuer"),
        issued_ms=body.get("issued_ms"),
        valid_until_ms=body.get("valid_until_ms"),
    )
