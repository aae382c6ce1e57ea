"""Folding constants changes names and nothing else: what other modules ask for stays, and so does every line."""

from simulators.fold_constants import fold

ALONE = {"one": "_LIMIT = 5\n\n\ndef over(n):\n    return n > _LIMIT\n"}


def test_a_private_constant_is_folded() -> None:
    assert fold(ALONE)["one"].startswith("_LIMIT = const(5)\n")


def test_a_public_constant_is_folded_under_a_private_name_when_no_other_module_says_it() -> None:
    source = 'LIMIT = 5  # grams\n\n\ndef over(n):\n    """Say LIMIT."""\n    return n > LIMIT, "LIMIT", n.LIMIT\n'
    folded = fold({"one": source, "two": "import one\n"})["one"]
    assert folded.split("\n")[0] == "_LIMIT = const(5)"
    assert 'return n > _LIMIT, "LIMIT", n.LIMIT' in folded


def test_a_constant_that_another_module_names_is_left_alone() -> None:
    source = "LIMIT = 5\nOTHER = 6\n"
    assert fold({"one": source, "two": "from one import LIMIT\n"})["one"] == "LIMIT = 5\n_OTHER = const(6)\n"


def test_several_at_once_and_values_over_several_lines_keep_their_lines() -> None:
    source = '_A, _B = 1, b"x"\n_TEXT = (\n    "one "\n    "two"\n)\n_PAIR = (1, 2)\nx = 3\n'
    folded = fold({"one": source})["one"]
    assert folded == "_A = const(1); _B = const(b'x')\n_TEXT = const('one two')\n\n\n\n_PAIR = const((1, 2))\nx = 3\n"


def test_what_is_no_literal_or_is_used_before_stays() -> None:
    source = "def f():\n    return _LATER\n\n\n_LATER = 4\n_MADE = len('x')\n_LIST = [1]\n_A, b = 1, 2\n"
    assert fold({"one": source})["one"] == source


def test_a_name_that_is_taken_is_not_given() -> None:
    source = "_LIMIT = make()\nLIMIT = 5\n"
    assert fold({"one": source})["one"] == source


def test_numbers_counted_by_range_are_constants() -> None:
    source = "_X, _Y = range(2)\n\n\ndef f():\n    return _Y\n"
    assert fold({"one": source})["one"].startswith("_X = const(0); _Y = const(1)\n")
