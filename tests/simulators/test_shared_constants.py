"""Constants of other modules: the value stands in place of the name, and whatever is not certain is left alone."""

from simulators import firmware_image
from simulators.shared_constants import inline

STATES = 'FULL = 3\nFLASH = "journal.flash.of.many"\nOFFSET = -1\n\n\ndef state():\n    return FULL\n'


def inlined(asking: str, made: str = STATES) -> str:
    """Return the module that asks, once the constants of ``device.states`` stand in it."""
    return inline({"device/states.py": made, "scale/app.py": asking})["scale/app.py"]


def test_an_imported_constant_and_an_attribute_of_a_module_become_their_values() -> None:
    assert inlined("from device.states import FULL, state\nx = FULL\n") == "from device.states import state\nx = 3\n"
    assert inlined("from device import states\nx = states.OFFSET\ny = states.state()\n") == (
        "from device import states\nx = (-1)\ny = states.state()\n"
    )


def test_an_import_that_is_no_longer_asked_is_gone_and_lines_stay() -> None:
    asking = "from device import states\nfrom device.states import (\n    FULL,\n)\nx = states.FULL + FULL\n"
    assert inlined(asking) == "\n\n\n\nx = 3 + 3\n"


def test_a_long_text_moves_to_the_one_module_that_asks_and_stays_when_two_do() -> None:
    asking = "from device.states import FLASH\nx = FLASH\n"
    assert inlined(asking) == "\nx = 'journal.flash.of.many'\n"
    both = inline({"device/states.py": STATES, "scale/app.py": asking, "rail/app.py": asking})
    assert both["scale/app.py"] == both["rail/app.py"] == asking


def test_what_is_bound_again_made_twice_or_imported_in_a_function_is_left_alone() -> None:
    for asking in (
        "from device.states import FULL\n\n\ndef f(FULL):\n    return FULL\n",
        "from device.states import FULL\nFULL = 4\n",
        "def f():\n    from device.states import FULL\n    return FULL\n",
        "def f(states):\n    return states.FULL\n",
    ):
        assert inlined(asking) == asking
    asking = "from device.states import FULL\nx = FULL\n"
    assert inlined(asking, "FULL = 3\nFULL = 4\n") == asking


def test_the_firmware_keeps_its_lines_and_asks_less() -> None:
    folders = [firmware_image.REPOSITORY / "firmware/app", firmware_image.REPOSITORY / "firmware/lib"]
    sources = {
        path.relative_to(folder).as_posix(): path.read_text() for folder in folders for path in folder.rglob("*.py")
    }
    after = inline(sources)
    assert [text.count("\n") for text in after.values()] == [text.count("\n") for text in sources.values()]
    assert "record.SALE" in sources["scale/load.py"]
    assert "record.SALE" not in after["scale/load.py"]
