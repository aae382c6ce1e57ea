"""Texts that come from outside leave nothing behind in a device's heap, however many different characters they have."""

import re

from tests.interpreters import run_micropython


def names_after(characters: int) -> int:
    """Return how many names the interpreter has when it has decoded and checked so many different characters."""
    done = run_micropython("tests/micropython/texts_without_names.py", str(characters))
    assert done.returncode == 0, done.stderr
    found = re.search(r"n_qstr=(\d+)", done.stdout)
    assert found
    return int(found[1])


def test_a_thousand_different_characters_make_no_name() -> None:
    assert names_after(1000) == names_after(1)
