"""A few bytes beside the flash chip of the virtual board: a file next to the image, ``.nvram`` after its name."""

import os


def read() -> bytes:
    """Return what was written last, nothing before the first time."""
    try:
        with open(_path(), "rb") as file:
            return file.read()
    except OSError:
        return b""


def write(content: bytes) -> None:
    """Replace it, all or nothing; kept when this returns."""
    with open(_path() + ".new", "wb") as file:
        file.write(content)
    os.rename(_path() + ".new", _path())


def _path() -> str:
    return os.getenv("CHENGXIN_FLASH") + ".nvram"
