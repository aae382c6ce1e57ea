"""The revisions of the tables of accounts."""

from pathlib import Path

from cloud.db.schema import Revisions

REVISIONS = Revisions(folder=Path(__file__).with_name("revisions"), newest="0003", first="0001", known_by="accounts")
