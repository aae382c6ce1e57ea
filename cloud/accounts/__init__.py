"""Accounts: who signs in, in which role, and for which part of the county; personal data, apart from all evidence."""
