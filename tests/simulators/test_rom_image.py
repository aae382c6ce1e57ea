"""What the packer writes, MicroPython's own ROMFS driver reads."""

import hashlib
import json
import subprocess
from pathlib import Path

from simulators import rom_image
from simulators.firmware_image import INTERPRETER

READ_ALL = """
import binascii, hashlib, json, os, sys, vfs
with open(sys.argv[1], "rb") as file:
    vfs.mount(vfs.VfsRom(file.read()), "/rom")
digests = {}
def walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            walk(path)
        else:
            with open(path, "rb") as file:
                digests[path] = binascii.hexlify(hashlib.sha256(file.read()).digest()).decode()
walk("/rom")
print(json.dumps(digests))
"""


def test_files_and_folders_of_any_size_are_read_back_by_micropython(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    contents = {
        "empty": b"",
        "deep/er/one": b"x",
        "127": b"y" * 127,
        "128": b"z" * 128,
        "deep/large": b"\x00\xff" * 9000,
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (tmp_path / "rom.img").write_bytes(rom_image.pack(folder))
    script = tmp_path / "read_all.py"
    script.write_text(READ_ALL)
    done = subprocess.run([INTERPRETER, script, tmp_path / "rom.img"], check=True, capture_output=True, text=True)
    expected = {f"/rom/{name}": hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    assert json.loads(done.stdout) == expected


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"2")
    (tmp_path / "a").write_bytes(b"1")
    assert rom_image.pack(tmp_path) == rom_image.pack(tmp_path)
    assert rom_image.pack(tmp_path).index(b"a") < rom_image.pack(tmp_path).index(b"b")
