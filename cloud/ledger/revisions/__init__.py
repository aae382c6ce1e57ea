"""Revisions of the ledger's tables, oldest first. Nothing here is changed once a ledger has gone through it."""
