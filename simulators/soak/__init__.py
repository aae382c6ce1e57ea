"""A day in which much is sold and everything goes wrong; at its end the ledger must hold all that was signed, once."""
