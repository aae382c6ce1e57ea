"""What a device that is off holds in its journal: every record, verified."""

from collections.abc import Sequence
from pathlib import Path

from tracewire import cbor, chain, cose, feed, record
from tracewire.p256 import SigningKey, VerifyingKey

from simulators import flash_files


def history(image: Path, flash: Path) -> list[record.Record]:
    """Return every record in the journal, each signature good, in an unbroken chain."""
    key = SigningKey(flash_files.read(image, flash, ["record.key"])["record.key"])
    head, records = chain.GENESIS, []
    for sealed in flash_files.read_journal(image, flash):
        statement = record.decode(cose.open(sealed, cose.RECORD, VerifyingKey(key.point)).payload)
        head = chain.check(head, statement, sealed)
        records.append(statement)
    return records


def kinds(records: list[record.Record]) -> list[str]:
    """Return what happened, in order, as words."""
    return [record.KINDS[statement.kind] for statement in records]


def bodies(records: list[record.Record], kind: int) -> list[dict[str, object]]:
    """Return what each record of a kind says."""
    return [statement.body for statement in records if statement.kind == kind]


def stop(image: Path, flash: Path, sellers: Sequence[str] = (), cards: Sequence[bytes] = ()) -> None:
    """Leave a stop list on the flash, as a statement from the cloud leaves it."""
    row = [b"".join(map(feed.seller_name, sellers)), b"".join(map(feed.card_name, cards))]
    flash_files.write(image, flash, {"downlink.cbor": cbor.encode([[feed.STOPS, 3, [row]]])})
