"""Activity over time, by device, kind and site: a projection of the ledger."""
