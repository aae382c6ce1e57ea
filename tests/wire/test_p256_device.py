"""The device's own P-256: its arithmetic under MicroPython, its generated files, its memory, and its refusals."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simulators import firmware_image
from tests.interpreters import ROOT, run_micropython

ENGINES = "tests/micropython/p256_engines.py"
TESTS = re.findall(r"^def (test_\w+)", (ROOT / ENGINES).read_text(), re.MULTILINE)
HAS_EMITTER = firmware_image.native_architecture() is not None
LIBRARY = ROOT / "firmware" / "lib"


@pytest.mark.parametrize("name", TESTS)
def test_of_the_engines(name: str) -> None:
    done = run_micropython(ENGINES, name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("generator", ["make_curve_tables.py", "make_field_viper.py"])
def test_a_generated_module_is_what_its_generator_writes(generator: str) -> None:
    command = [sys.executable, str(ROOT / "firmware" / "tools" / generator), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compiled_firmware_signs_and_verifies_in_a_small_heap(tmp_path: Path) -> None:
    image = firmware_image.build(tmp_path)
    script = "from tracewire import p256; p256.self_test(); print(p256.ENGINE)"
    done = run_micropython("-c", script, search_path=str(image), heap="64K")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == ("viper" if HAS_EMITTER else "bigint")


@pytest.mark.parametrize("damage", ["missing", "for another machine", "not compilable"])
def test_a_device_without_its_engine_refuses_instead_of_falling_back(damage: str, tmp_path: Path) -> None:
    shutil.copytree(LIBRARY / "tracewire", tmp_path / "tracewire")
    field = tmp_path / "tracewire" / "curve" / "field_viper.py"
    if damage == "not compilable":
        field.write_text("@micropython.nonesuch\ndef run(a): pass\n")
    elif damage == "for another machine":
        firmware_image.COMPILER.run("-march=xtensawin", "-o", str(field.with_suffix(".mpy")), str(field)).wait()
        field.unlink()
    else:
        field.unlink()
    script = (
        "from tracewire.errors import Misuse\n"
        "try:\n"
        "    from tracewire import p256\n"
        "    print(p256.ENGINE)\n"
        "except Misuse as error:\n"
        "    print(error.code)\n"
    )
    done = run_micropython("-c", script, search_path=str(tmp_path))
    # Where there is no native emitter the big-integer engine is the engine, and the file is not asked for.
    assert done.stdout.strip() == ("p256.engine" if HAS_EMITTER else "bigint"), done.stdout + done.stderr


def test_a_damaged_table_stops_the_boot(tmp_path: Path) -> None:
    text = (LIBRARY / "tracewire" / "curve" / "table.py").read_text()
    at = text.index("\\x", text.index("ROWS = (") + 5000) + 2
    damaged = text[:at] + f"{int(text[at : at + 2], 16) ^ 1:02x}" + text[at + 2 :]
    assert _self_test_with("table.py", damaged, tmp_path) == "p256.table"


@pytest.mark.parametrize(
    ("module", "sound", "unsound"),
    [
        pytest.param("nonce.py", 'b"\\x36" * 64', 'b"\\x37" * 64', id="another nonce"),
        pytest.param("software.py", "total[0] % ORDER == r", "True", id="accepts everything"),
        pytest.param("software.py", "total[0] % ORDER == r", "False", id="accepts nothing"),
    ],
)
def test_an_unsound_engine_stops_the_boot(module: str, sound: str, unsound: str, tmp_path: Path) -> None:
    text = (LIBRARY / "tracewire" / "curve" / module).read_text()
    assert text.count(sound) == 1
    assert _self_test_with(module, text.replace(sound, unsound), tmp_path) == "p256.self_test"


def _self_test_with(module: str, text: str, folder: Path) -> str:
    """Return the code with which the self-test ends when one module of the curve reads ``text``."""
    shutil.copytree(LIBRARY / "tracewire", folder / "tracewire")
    (folder / "tracewire" / "curve" / module).write_text(text)
    script = (
        "from tracewire import p256\n"
        "from tracewire.errors import Misuse\n"
        "try:\n"
        "    p256.self_test()\n"
        "    print('sound')\n"
        "except Misuse as error:\n"
        "    print(error.code)\n"
    )
    done = run_micropython("-c", script, search_path=str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
