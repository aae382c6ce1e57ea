"""Two slots, ``a`` and ``b``, and the state file that says which one runs: the only place where that is decided.

    /a/…  /b/…         the files of a release each; the program runs from one of them
    /a.cose  /b.cose   the manifest of each, signed; a slot without one is never started
    firmware.state     which slot is good, which is on trial, how often it may still try

Why one small file: littlefs commits a file all or nothing when it is closed, so every decision is one commit and a
power cut leaves the decision before it or the one after it. The frozen loader and the program in a slot both read this
file; its keys are never given another meaning.
"""

from tracewire import cbor
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.manifest import Manifest

NAMES = ("a", "b")
NO_SLOT = ""
TRIES = 3
MOST_NOTES = 8
DETAIL_BYTES = 120  # of an audit record (spec 4)

STATE_FILE = "firmware.state"


class State:
    """What the board remembers about its firmware between power-ons.

    ``active``: the slot that is known to be good, or ``NO_SLOT``. ``candidate``: the slot on trial, or ``NO_SLOT``.
    ``tries_left``: starts the candidate still has. ``floor``: lowest security version accepted, never falls.
    ``failed``: digest of the release that last failed its trial.
    ``loader``: version of the loader that last started this board.
    ``notes``: (audit event, detail) that the loader could not seal itself, for the program to seal.
    """

    def __init__(self) -> None:
        self.active = NO_SLOT
        self.candidate = NO_SLOT
        self.tries_left = 0
        self.floor = 0
        self.failed = b""
        self.loader = 0
        self.notes: "list[list[str]]" = []

    @property
    def is_on_trial(self) -> bool:
        """Tell whether the program that runs now is the candidate: the loader takes a try off before it starts it."""
        return self.candidate != NO_SLOT and self.tries_left < TRIES

    @property
    def spare(self) -> str:
        """The slot that a download may overwrite: the one that is not active."""
        return other(self.active)

    def note(self, event: str, detail: str) -> None:
        """Remember an audit event; of too many the oldest go, the newest tell how the board came to where it is."""
        self.notes.append([event, plain(detail)])
        self.notes = self.notes[-MOST_NOTES:]

    def encode(self) -> bytes:
        """Return the contents of the state file."""
        return cbor.encode(
            {
                1: 1,
                2: self.active,
                3: self.candidate,
                4: self.tries_left,
                5: self.floor,
                6: self.failed,
                7: self.loader,
                8: self.notes,
            }
        )


def load(root: str) -> "State | None":
    """Return the state under ``root``, or ``None`` when there is none that can be read: the loader then begins anew."""
    content = read(root + "/" + STATE_FILE)
    if content is None:
        return None
    try:
        wire = cbor.decode(content)
    except Rejected:
        return None
    return _state(wire) if isinstance(wire, dict) and set(wire) == set(range(1, 9)) and wire[1] == 1 else None


def _state(wire: "dict[int, object]") -> "State | None":
    state = State()
    state.active, state.candidate = wire[2], wire[3]
    state.tries_left, state.floor, state.failed = wire[4], wire[5], wire[6]
    state.loader, state.notes = wire[7], wire[8]
    is_sound = (
        state.active in ("a", "b", NO_SLOT)
        and state.candidate in ("a", "b", NO_SLOT)
        and all([isinstance(number, int) for number in (state.tries_left, state.floor, state.loader)])
        and isinstance(state.failed, bytes)
        and isinstance(state.notes, list)
        and all([_is_note(note) for note in state.notes])
    )
    return state if is_sound else None


def _is_note(note: object) -> bool:
    return isinstance(note, list) and len(note) == 2 and all([isinstance(part, str) for part in note])


def save(root: str, state: State) -> None:
    """Replace the state file: on flash when this returns, and the old one when it raises ``Unavailable``."""
    write(root + "/" + STATE_FILE, state.encode())


def event_of(refusal: "Exception") -> str:
    """Return the audit event that a refusal is: an older security version is an attack until somebody explains it."""
    is_rollback = getattr(refusal, "code", "") == "manifest.security_version"
    return "rollback_detected" if is_rollback else "firmware_changed"


def plain(text: str) -> str:
    """Return ``text`` as an audit record takes it: names on a damaged flash may hold anything, and be any length."""
    return "".join([character if " " <= character <= "~" else "?" for character in text[:DETAIL_BYTES]])


def other(slot: str) -> str:
    """Return the other slot."""
    return "a" if slot == "b" else "b"


def folder(root: str, slot: str) -> str:
    """Return the folder that holds the files of a slot."""
    return root + "/" + slot


def bundle_path(root: str, slot: str) -> str:
    """Return the path of a slot's signed manifest."""
    return root + "/" + slot + ".cose"


def release(root: str, slot: str) -> "Manifest | None":
    """Return the release in a slot as its manifest says, unverified: the loader has done that, or the slot is spare."""
    bundle = read(bundle_path(root, slot))
    if bundle is None:
        return None
    from tracewire import manifest  # noqa: PLC0415 (who only reads the state needs no manifests)

    try:
        return manifest.peek(bundle)
    except Rejected:
        return None


def read(path: str) -> "bytes | None":
    """Return what a file holds, or ``None`` when it is not there or cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def write(path: str, content: bytes) -> None:
    """Replace a file in one commit; ``Unavailable("update.flash")``, and the old contents, when the flash fails."""
    try:
        with open(path, "wb") as stream:
            stream.write(content)
    except OSError as error:
        raise Unavailable("update.flash", str(error))
