"""Texts of errors in the ROM: each error says what it said, from the same line, and no module holds its text."""

import pytest
from tracewire.errors import Rejected

from simulators.refusal_texts import MODULE, move

SOURCE = '''"""A gate."""
from tracewire.errors import Rejected


def check(n, name):
    if n > 3:
        raise Rejected("gate.many", "%d are too many for 秤 " % n + name)
    if n < 0:
        raise Rejected(
            "gate.few",
            "there are no "
            "negative ones",
        )
    return "never less than none"
'''


def refused(n: int) -> Rejected:
    """Return the error of the moved source, run by this Python with the texts beside it."""
    moved = move({"gate.py": SOURCE})
    told: dict[str, object] = {}
    exec(moved[MODULE], told)
    exec(moved["gate.py"].replace("from tracewire.refusals import refusal_text; ", ""), told)
    check = told["check"]
    assert callable(check)
    with pytest.raises(Rejected) as refusal:
        check(n, "A")
    return refusal.value


def test_an_error_says_what_it_said() -> None:
    assert (refused(4).code, refused(4).detail) == ("gate.many", "4 are too many for 秤 A")
    assert (refused(-1).code, refused(-1).detail) == ("gate.few", "there are no negative ones")


def test_lines_stay_and_other_texts_too() -> None:
    moved = move({"gate.py": SOURCE})["gate.py"]
    assert moved.count("\n") == SOURCE.count("\n")
    assert '"never less than none"' in moved
    assert "gate.many" not in moved
    assert "too many" not in moved


def test_a_module_that_raises_no_text_is_left_alone() -> None:
    source = 'def give_up():\n    raise Unavailable("now")\n'
    assert move({"quiet.py": source})["quiet.py"] == source
