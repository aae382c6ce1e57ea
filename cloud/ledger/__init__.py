"""The ledger: every accepted record once, in order of arrival, never changed."""
