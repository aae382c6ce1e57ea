"""The revisions of the ledger's tables, those of feed, ops and codes among them."""

from pathlib import Path

from cloud.db.schema import Revisions

REVISIONS = Revisions(folder=Path(__file__).with_name("revisions"), newest="0005", first="0001", known_by="records")
