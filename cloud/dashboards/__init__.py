"""Dashboards of others, ready to be provisioned; our own is ``cloud/ops``."""
