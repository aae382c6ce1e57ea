"""Does a slot hold exactly the files of a manifest: no byte changed, none missing, none that nobody signed.

Why a stranger counts: Python imports by name, so one file that the manifest does not list could replace one that
it does.
"""

import errno
import os
from hashlib import sha256

from tracewire import manifest
from tracewire.errors import Rejected, Unavailable

from update import slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracewire.manifest import Manifest

    from update.board import Board
    from update.slots import State

    File = tuple[str, int, bytes]

_FOLDER = 0x4000
_PIECE_BYTES = 512


def verify(root: str, slot: str, board: "Board", state: "State") -> "Manifest":
    """Return the release in ``slot`` when this board may start it, else ``Rejected`` with the reason.

    Signatures, model, hardware, loader, security floor, then every file. Expiry is not asked: it ends the time in which
    a release may be installed, and a scale must start in the year 2000 too.
    """
    bundle = slots.read(slots.bundle_path(root, slot))
    if bundle is None:
        raise Rejected("slot.empty", "no manifest")
    release = manifest.open_bundle(bundle, board.points)
    manifest.check_target(release, board.target(state))
    if release.digest == state.failed:
        raise Rejected("slot.failed", release.version + " failed its trial")
    check_files(slots.folder(root, slot), release.files)
    return release


def check_files(folder: str, files: "tuple[File, ...]") -> None:
    """Return when ``folder`` holds ``files`` and nothing else; ``Rejected("slot.…")`` names the first that differs."""
    for path in strangers(folder, files):
        raise Rejected("slot.stranger", path)
    for file in files:
        if not is_whole(folder, file):
            raise Rejected("slot.file", file[0] + " is missing or changed")


def is_whole(folder: str, file: "File") -> bool:
    """Tell whether a file is there with the size and the digest that the manifest gives."""
    count, running = begun(folder, file)
    return count == file[1] and running.digest() == file[2]


def begun(folder: str, file: "File") -> "tuple[int, object]":
    """Return how many bytes of a file are there, and their running SHA-256; of one that is too long, a few too many."""
    running, count = sha256(), 0
    piece = bytearray(_PIECE_BYTES)
    view = memoryview(piece)
    try:
        with open(folder + "/" + file[0], "rb") as stream:
            while count <= file[1]:
                length = stream.readinto(piece)
                if not length:
                    break
                running.update(view[:length])
                count += length
    except OSError:
        return 0, sha256()
    return count, running


def strangers(folder: str, files: "tuple[File, ...]") -> "list[str]":
    """Return what is in ``folder`` and in no manifest, members before their folder."""
    known = set([path for path, _, _ in files]) | set(folders_of(files))
    return [path for path, _ in walk(folder) if path not in known]


def folders_of(files: "tuple[File, ...]") -> "list[str]":
    """Return the folders that the files need, each before what is in it."""
    folders = set()
    for path, _, _ in files:
        names = path.split("/")
        for depth in range(1, len(names)):
            folders.add("/".join(names[:depth]))
    return sorted(folders)


def walk(folder: str, prefix: str = "") -> "Iterator[tuple[str, int]]":
    """Yield (path, size) of all that is in ``folder``, members before their folder; nothing when it is not there."""
    try:
        entries = list(os.ilistdir(folder + "/" + prefix if prefix else folder))
    except OSError:
        return
    for entry in entries:
        path = prefix + "/" + entry[0] if prefix else entry[0]
        if entry[1] == _FOLDER:
            for member in walk(folder, path):
                yield member
        yield path, entry[3]


def prepare(folder: str, files: "tuple[File, ...]", is_begun: bool = False) -> "list[File]":
    """Remove what is not in ``files``, make the folders, and return the files still to be fetched.

    What is already there and right stays, so a file that did not change between two releases is not fetched again.
    With ``is_begun``, when this same release was being fetched before, the beginning of the first file that is not
    whole stays too. Raises ``Unavailable("update.flash")``; calling again goes on.
    """
    try:
        for path in strangers(folder, files):
            _remove(folder + "/" + path)
        _make_folder(folder)
        for path in folders_of(files):
            _make_folder(folder + "/" + path)
        missing = []
        for file in files:
            if not is_whole(folder, file):
                if missing or not is_begun or _size(folder + "/" + file[0]) >= file[1]:
                    _remove(folder + "/" + file[0])
                missing.append(file)
        return missing
    except OSError as error:
        raise Unavailable("update.flash", str(error))


def _size(path: str) -> int:
    try:
        return os.stat(path)[6]
    except OSError:
        return 0


def _make_folder(path: str) -> None:
    """Make a folder unless it is there; a file in its place is removed first."""
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
        if not os.stat(path)[0] & _FOLDER:
            os.remove(path)
            os.mkdir(path)


def _remove(path: str) -> None:
    """Remove a file or an empty folder; one that is not there is removed already."""
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
