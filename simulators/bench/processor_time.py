"""Processor time and memory of a program and its children: what it costs, whoever else uses the machine meanwhile."""

import os
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

_PARENT, _USER_TICKS, _SYSTEM_TICKS, _RESIDENT_PAGES = 1, 11, 12, 21
"""Places in proc(5) ``stat``, counted from the state, which follows the name."""


def of_tree(pid: int) -> float:
    """Return the seconds that process ``pid`` and its living descendants have used, user and system (Linux)."""
    return sum(fields[_USER_TICKS] + fields[_SYSTEM_TICKS] for fields in _tree(pid)) / _TICKS_PER_SECOND


def memory_of_tree(pid: int) -> int:
    """Return the bytes of memory that process ``pid`` and its descendants have in use; shared ones count for each."""
    return sum(fields[_RESIDENT_PAGES] for fields in _tree(pid)) * _PAGE_BYTES


def _tree(pid: int) -> list[list[int]]:
    processes = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        processes[int(path.parent.name)] = [0, *map(int, words[1:])]
    tree = {pid}
    while more := {one for one, fields in processes.items() if fields[_PARENT] in tree} - tree:
        tree |= more
    return [processes[one] for one in tree if one in processes]
