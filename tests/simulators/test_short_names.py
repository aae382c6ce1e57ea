"""Short names: few of them, never one for two things that meet, and every line where it was."""

from simulators import firmware_image
from simulators.fold_constants import fold
from simulators.short_names import explain, shorten


def short(*sources: str) -> list[str]:
    """Return the sources, as modules of one image, with short names."""
    return list(shorten({f"m{number}.py": source for number, source in enumerate(sources)})[0].values())


def test_private_names_of_two_modules_share_a_short_one() -> None:
    one, two = short("def _weigh():\n    return 1\n", "_held = []\n")
    assert (one, two) == ("def a():\n    return 1\n", "a = []\n")


def test_private_names_of_one_module_differ() -> None:
    (one,) = short("_first = 1\n\n\ndef _second():\n    return _first\n")
    assert one == "a = 1\n\n\ndef b():\n    return a\n"


def test_a_class_and_its_heir_in_another_module_do_not_get_in_each_others_way() -> None:
    base = "class Base:\n    def __init__(self):\n        self._kept = 1\n"
    heir = "from m0 import Base\n\n\nclass Heir(Base):\n    def __init__(self):\n        self._more = 2\n"
    kept, more = short(base, heir)
    assert "self.a = 1" in kept
    assert "self.b = 2" in more


def test_a_private_name_that_another_module_looks_at_is_found_there() -> None:
    one, two = short("class Box:\n    def _open(self):\n        return 1\n", "_box = Box()\n_box._open()\n")
    assert "def a(self)" in one
    assert two == "b = Box()\nb.a()\n"


def test_public_names_texts_constants_and_what_is_set_from_outside_stay() -> None:
    source = "_LIMIT = const(5)\npublic = getattr(one, '_told')\n_told = 1\none._set = 2\n_set = 3\n_foreign()\n"
    assert short(source) == [source]


def test_arguments_take_the_same_short_names_unless_a_call_passes_them_by_name() -> None:
    source = (
        "def add(left, right):\n    return left + right\n\n\n"
        "def pay(fen, currency, note):\n    return fen\n\n\npay(1, currency=2, **{'note': 3})\n"
    )
    (one,) = short(source)
    assert "def add(a, b):\n    return a + b\n" in one
    assert "def pay(a, currency, note):\n    return a\n" in one


def test_an_argument_never_hides_a_private_name_that_its_function_asks_for() -> None:
    source = "_scale = 3\n\n\ndef times(x):\n    def inner(y):\n        return x * y * _scale\n\n    return inner(2)\n"
    renamed = "a = 3\n\n\ndef times(b):\n    def inner(c):\n        return b * c * a\n\n    return inner(2)\n"
    assert short(source) == [renamed]


def test_two_arguments_differ_when_one_that_nobody_reads_has_a_private_name() -> None:
    source = "def _point(n):\n    return n\n\n\ndef take(first, _point):\n    return first\n"
    assert "def take(b, a):\n    return b\n" in short(source)[0]


def test_an_argument_that_a_scope_within_makes_again_stays() -> None:
    source = "def f(row):\n    return [row for row in row], lambda row: row\n"
    assert "def f(row):\n    return [row for row in row], lambda" in short(source)[0]


def test_the_program_does_the_same_afterwards() -> None:
    source = (
        "_base = 40\n\n\nclass Sum:\n    def __init__(self, first):\n        self._parts = [first]\n\n"
        "    def _add(self, part):\n        self._parts.append(part)\n        return self\n\n"
        "    def total(self, more=_base):\n        return sum(self._add(more)._parts)\n\n\n"
        "answer = Sum(2).total()\n"
    )
    told: dict[str, object] = {}
    exec(short(source)[0], told)
    assert told["answer"] == 42


def test_the_firmware_keeps_its_lines_and_loses_private_names_by_the_hundred() -> None:
    folders = [firmware_image.REPOSITORY / "firmware/app" / package for package in firmware_image.RAIL]
    sources = {str(path): path.read_text() for folder in folders for path in folder.glob("*.py")}
    shortened, names = shorten(fold(sources))
    assert [text.count("\n") for text in shortened.values()] == [text.count("\n") for text in sources.values()]
    private = {long for known in names.values() for long in known.values()}
    assert len(private) > 200
    assert len({word for known in names.values() for word in known}) * 4 < len(private)


def test_a_traceback_is_read_aloud() -> None:
    names = {"scale/app.py": {"q": "_weigh_once"}}
    line = '  File "/rom/scale/app.mpy", line 88, in q\n'
    assert explain(line, names) == '  File "/rom/scale/app.mpy", line 88, in _weigh_once\n'
    assert explain(line.replace("app", "price"), names) == line.replace("app", "price")
    assert explain("MemoryError: \n", names) == "MemoryError: \n"
