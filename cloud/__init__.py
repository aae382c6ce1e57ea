"""The cloud: judges every record again, keeps it for ever, and shows where a piece of pork came from.

Why it trusts no gateway: a gateway can delay a record but neither alter nor invent one, because what is verified here
is the device's own signature over the bytes as they were received. Reading order: ``ingest/service.py`` (the flow),
``ledger/log.py``, ``projections.py``, ``trace/view.py``.
"""
