"""Fill the spare slot with a signed release, file by file, from any source that has the bytes.

    download = Download(root, board, is_busy, tell)
    download.begin(bundle, clock.now_ms())
    while download.wanted:
        for chunk in source.read(download.wanted, download.offset):     # path of a file of the release
            download.write(chunk)
    download.finish()                                   # then restart the board: the loader tries it

The running slot is never touched. The spare one loses its manifest before its first file changes and gets the new one
after its last file was read back, so whatever lies there in between is nothing that the loader would start.

``is_busy()`` tells whether a sale is open: then every step is ``Unavailable("update.busy")`` and changes nothing; the
same call later goes on. ``tell(event, detail)`` seals an audit record. It is called *before* the change it is about: a
change that cannot be recorded does not happen.
"""

import errno
import os
from hashlib import sha256

from tracewire import manifest
from tracewire.errors import Misuse, Rejected, Unavailable

from update import contents, slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracewire.manifest import Manifest

    from update.board import Board
    from update.slots import State

_LINK_BYTES = 8  # of each further block of a file that littlefs keeps for itself, on average
_BLOCKS_OF_A_FOLDER = 2
_SLACK_BLOCKS = 8  # state file, manifest, and littlefs' own moving of blocks
_BEGUN = ".begun"  # beside a slot: digest of the release that is being fetched into it
_COMMIT_BYTES = 32768  # a power cut costs so much of a file; each commit costs a block erase


class Download:
    """One attempt to install a release. ``reserve_bytes`` of the flash belong to others (the journal's unused part)."""

    def __init__(
        self,
        root: str,
        board: "Board",
        is_busy: "Callable[[], bool]",
        tell: "Callable[[str, str], None]",
        reserve_bytes: int = 0,
    ) -> None:
        self._root = root
        self._board = board
        self._is_busy = is_busy
        self._tell = tell
        self._reserve_bytes = reserve_bytes
        self._bundle = b""
        self._release: "Manifest | None" = None
        self._slot = slots.NO_SLOT
        self._missing: "list[tuple[str, int, bytes]]" = []
        self._stream: "object | None" = None
        self._count = 0
        self._running = sha256()

    @property
    def wanted(self) -> "str | None":
        """Path of the file whose bytes ``write`` expects next, from ``offset`` on."""
        return self._missing[0][0] if self._missing else None

    @property
    def offset(self) -> int:
        """From which byte of the ``wanted`` file on: an earlier attempt may have left its beginning."""
        return self._count

    @property
    def missing_bytes(self) -> int:
        """How many bytes are still to come."""
        return sum([size for _, size, _ in self._missing]) - self._count

    def begin(self, bundle: bytes, now_ms: int) -> None:
        """Check a bundle and make the spare slot ready for it; a repeated call goes on where an earlier one stopped.

        Raises ``Rejected`` for a release that this board must not install, ``Unavailable`` when it cannot now
        (``update.busy``, ``update.unconfirmed``: the last release is still on trial, ``update.no_loader``). Each
        refusal is told; one for a security version below the floor as ``rollback_detected``.
        """
        try:
            self._begin(bundle, now_ms)
        except (Rejected, Unavailable) as refusal:
            self._tell(slots.event_of(refusal), slots.plain("refused: " + str(refusal)))
            raise

    def _begin(self, bundle: bytes, now_ms: int) -> None:
        self._refuse_while_busy()
        self._drop_stream()
        self._release, self._missing = None, []
        state = self._state()
        release = manifest.check(bundle, self._board.points, self._board.target(state), now_ms)
        self._check_new(release, state)
        self._check_room(release, slots.folder(self._root, state.spare))
        self._tell("firmware_changed", slots.plain(release.version + " begins in " + state.spare))
        _remove(slots.bundle_path(self._root, state.spare))
        # Committed: the spare slot cannot be started any more. A crash here leaves one good slot, the active one.
        folder = slots.folder(self._root, state.spare)
        begun_path = folder + _BEGUN
        is_begun = slots.read(begun_path) == release.digest
        self._missing = contents.prepare(folder, release.files, is_begun)
        if not is_begun:
            slots.write(begun_path, release.digest)
            # Committed: what lies in the slot from now on is of this release. A crash before it: it is removed again.
        self._bundle, self._release, self._slot = bytes(bundle), release, state.spare
        if self._missing:
            self._count, self._running = contents.begun(folder, self._missing[0])

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the file that is ``wanted``; the whole file is on flash when its last byte was taken.

        Raises ``Rejected("update.overrun")`` or ``("update.digest")``, ``Unavailable("update.flash")``: after each
        of them the file begins anew, at ``offset`` 0.
        """
        self._refuse_while_busy()
        if not self._missing:
            raise Misuse("update.not_wanted", "nothing is wanted: begin, or finish")
        path, size, digest = self._missing[0]
        if self._count + len(chunk) > size:
            self._refuse_file("update.overrun", path)
        self._append(slots.folder(self._root, self._slot) + "/" + path, chunk)
        if self._count < size:
            return
        self._close()
        # Committed. A crash here: the file is there, whole or wrong; the next begin reads it back and finds out.
        if self._running.digest() != digest:
            self._refuse_file("update.digest", path)
        self._missing.pop(0)
        self._drop_stream()

    def finish(self) -> None:
        """Read the slot back and put it on trial at the next start; on flash when this returns.

        Raises ``Rejected("update.incomplete")`` when files are missing, ``Rejected("slot.…")`` when the flash holds
        something else than was written.
        """
        self._refuse_while_busy()
        release = self._release
        if release is None:
            raise Misuse("update.not_begun")
        try:
            if self._missing:
                raise Rejected("update.incomplete", self._missing[0][0])
            contents.check_files(slots.folder(self._root, self._slot), release.files)
        except Rejected as refusal:
            self._tell("firmware_changed", slots.plain(release.version + " refused: " + str(refusal)))
            raise
        self._tell("firmware_changed", slots.plain(release.version + " on trial from the next start, in " + self._slot))
        _remove(slots.folder(self._root, self._slot) + _BEGUN)
        slots.write(slots.bundle_path(self._root, self._slot), self._bundle)
        # Committed: the slot is whole and signed. A crash here leaves it spare; the next begin finds every file there.
        state = self._state()
        state.candidate, state.tries_left = self._slot, slots.TRIES
        slots.save(self._root, state)
        # Committed. From here the loader tries the new release; before, it starts the old one.
        self._release = None

    def _state(self) -> "State":
        state = slots.load(self._root)
        if state is None or state.active == slots.NO_SLOT:
            raise Unavailable("update.no_loader", "this board was not started by the loader")
        if state.candidate != slots.NO_SLOT:
            raise Unavailable("update.unconfirmed", "the last release is still on trial")
        return state

    def _check_new(self, release: "Manifest", state: "State") -> None:
        digest = release.digest
        if digest == state.failed:
            raise Rejected("update.failed_before", release.version + " failed its trial")
        active = slots.release(self._root, state.active)
        if active is not None and digest == active.digest:
            raise Rejected("update.installed", release.version + " runs already")

    def _check_room(self, release: "Manifest", folder: str) -> None:
        """Refuse a release that the flash cannot hold, before anything of the spare slot is lost."""
        block_bytes, _, _, free_blocks = os.statvfs(self._root or "/")[:4]
        data_bytes = block_bytes - _LINK_BYTES
        wanted = sum([(size + data_bytes - 1) // data_bytes for _, size, _ in release.files])
        wanted += _BLOCKS_OF_A_FOLDER * (len(contents.folders_of(release.files)) + 1) + _SLACK_BLOCKS
        wanted += (self._reserve_bytes + block_bytes - 1) // block_bytes
        held = sum([size // block_bytes for _, size in contents.walk(folder)])
        if wanted > free_blocks + held:
            raise Rejected("update.too_big", "%d blocks, %d free" % (wanted, free_blocks + held))

    def _append(self, path: str, chunk: bytes) -> None:
        try:
            if self._stream is None:
                self._stream = open(path, "ab" if self._count else "wb")  # noqa: SIM115 (open until its last chunk)
            self._stream.write(chunk)
            if self._count // _COMMIT_BYTES != (self._count + len(chunk)) // _COMMIT_BYTES:
                self._stream.flush()
                # Committed. A crash here: the next begin goes on after this chunk.
        except OSError as error:
            self._drop_stream()
            raise Unavailable("update.flash", str(error))
        self._running.update(chunk)
        self._count += len(chunk)

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        try:
            stream.close()
        except OSError as error:
            self._drop_stream()
            raise Unavailable("update.flash", str(error))

    def _refuse_file(self, code: str, path: str) -> None:
        self._drop_stream()
        self._tell("firmware_changed", slots.plain(self._release.version + " refused: " + code + " " + path))
        raise Rejected(code, path)

    def _drop_stream(self) -> None:
        """Forget the file that was being written: its next byte is its first."""
        stream, self._stream = self._stream, None
        self._count, self._running = 0, sha256()
        if stream is not None:
            try:
                stream.close()
            except OSError:
                return  # what it left is read back before it counts

    def _refuse_while_busy(self) -> None:
        if self._is_busy():
            raise Unavailable("update.busy", "a sale is open")


def _remove(path: str) -> None:
    """Remove a file; ``Unavailable("update.flash")`` when it is there and stays."""
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise Unavailable("update.flash", str(error))
