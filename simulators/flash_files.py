"""Put files on a virtual board's flash image and read them back, through MicroPython's own littlefs.

For the bench and for tests: on a real board the same files arrive over the serial console during enrolment.
"""

import json
import subprocess
from pathlib import Path

from simulators.firmware_image import INTERPRETER

_WRITE = """
import json, os, sys, binascii
from hal import flash
root = flash.mount(create=True)
for name, contents in json.loads(sys.stdin.read()).items():
    with open(root + "/" + name, "wb") as file:
        file.write(binascii.unhexlify(contents))
"""

_READ = """
import json, os, sys, binascii
from hal import flash
root = flash.mount()
files = {}
for name in json.loads(sys.stdin.read()):
    try:
        with open(root + "/" + name, "rb") as file:
            files[name] = binascii.hexlify(file.read()).decode()
    except OSError:
        pass
print(json.dumps(files))
"""

_READ_JOURNAL = """
import json, sys, binascii
from hal import flash
from device.journal import Journal
journal = Journal(flash.mount() + "/journal", 1 << 30)  # opened to be read: how much it may hold does not matter
for seq in range(journal.oldest_seq, journal.next_seq):
    sealed = journal.read(seq)
    if sealed is not None:
        print(binascii.hexlify(sealed).decode())
"""


def write(image: Path, flash: Path, files: dict[str, bytes]) -> None:
    """Write ``files`` to the root of ``flash``, which is created and formatted if need be. The board must be off."""
    _run(image, flash, _WRITE, {name: contents.hex() for name, contents in files.items()})


def read(image: Path, flash: Path, names: list[str]) -> dict[str, bytes]:
    """Return the contents of those of ``names`` that exist on ``flash``. The board must be off."""
    answer = json.loads(_run(image, flash, _READ, names))
    return {name: bytes.fromhex(contents) for name, contents in answer.items()}


def read_journal(image: Path, flash: Path) -> list[bytes]:
    """Return the sealed records in the journal on ``flash``, oldest first. The board must be off."""
    return [bytes.fromhex(line) for line in _run(image, flash, _READ_JOURNAL, None).splitlines()]


def _run(image: Path, flash: Path, script: str, question: object) -> str:
    environment = {"MICROPYPATH": f"{image}:.frozen", "CHENGXIN_FLASH": str(flash.resolve())}
    done = subprocess.run(  # noqa: S603 (our interpreter, one of the two scripts above)
        [INTERPRETER, "-c", script],
        input=json.dumps(question),
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
