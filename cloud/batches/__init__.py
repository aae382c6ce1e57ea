"""The graph of batches: lots, what became of them, and what was sold: a projection of the ledger."""
