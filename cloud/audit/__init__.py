"""Auditing a ledger from outside: everything is fetched over HTTP and nothing that the operator says is believed."""
