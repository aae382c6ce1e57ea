"""The drivers of a real board: the only modules that may import ``machine`` and ``network``.

What depends on the chip (``chip``, ``nvram``) is in ``boards/<board>/hal``, the wiring in ``boards/<board>/pins.py``.
Not tried on a board yet; see ``firmware/README.md``. ``simulators/board/hal`` has the same modules and methods.
"""
