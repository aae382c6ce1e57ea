"""The revisions of the ledger's tables, those of feed and ops among them."""

from pathlib import Path

from cloud.db.schema import Revisions

REVISIONS = Revisions(folder=Path(__file__).with_name("revisions"), newest="0004", first="0001", known_by="records")
