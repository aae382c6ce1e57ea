"""The shared format: what a record is, how it is sealed, and the rules of a device's history.

One copy serves the microcontroller and the servers, so nothing here does I/O or needs more than MicroPython has. The
clauses are in SPEC.md. Arrows point here: programs import tracewire, tracewire imports none of them.
"""

VERSION = 1
"""Version of the format (spec 0)."""
