"""What a device that is off holds in its journal: every record, verified."""

from pathlib import Path

from tracewire import chain, cose, record
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
