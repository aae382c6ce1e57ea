"""Revisions of the tables of accounts, oldest first. Nothing here is changed once a store has gone through it."""
