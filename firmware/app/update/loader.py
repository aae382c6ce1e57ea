"""At power-on: choose a slot, verify all of it, start its program. Frozen into the board, small, rarely changed.

It starts nothing that two people have not signed for this board, byte for byte, at every boot. A release on trial has
three starts to say that it is well (``confirm``); then the old one comes back and stays. What it did and why it says on
the console and leaves in the state file as notes, because only the program has a key to seal an audit record with.
"""

from tracewire.errors import Misuse, Rejected, Unavailable

from update import contents, slots
from update.slots import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from update.board import Board

VERSION = 1
"""Rises when a release may rely on something that older loaders lack (key 10 of a manifest)."""

_CHANGED = "firmware_changed"


def choose(root: str, board: "Board", say: "Callable[[str], object]") -> str:
    """Return the slot to start, verified just now; ``Misuse("loader.no_slot")`` when none may be started.

    The try of a release on trial is taken off before this returns: a crash just after it has cost one.
    """
    state = slots.load(root) or _begin_anew(root, board)
    before = state.encode()
    state.loader = VERSION
    if state.candidate and not state.tries_left:
        _give_up(root, state)
    for slot in _order(state):
        try:
            version = contents.verify(root, slot, board, state).version
        except Rejected as refusal:
            say("slot %s is not started: %s" % (slot, refusal))
            _pass_over(state, slot, refusal)
            continue
        _settle(state, slot, version)
        if state.encode() != before and not _keep(root, state, say) and slot == state.candidate:
            continue  # a trial that cannot be counted does not begin
        say("slot %s starts: %s%s" % (slot, version, ", on trial" if slot == state.candidate else ""))
        return slot
    raise Misuse("loader.no_slot", "neither slot holds a release that this board may start")


def _keep(root: str, state: State, say: "Callable[[str], object]") -> bool:
    """Save the state; False, and said, when the flash does not take it: a board with worn-out flash still starts."""
    try:
        slots.save(root, state)
        # Committed. A crash before it repeats this choice; after it, a trial has one start less.
        return True
    except Unavailable as failure:
        say("the state is not kept: %s" % failure)
        return False


def _begin_anew(root: str, board: "Board") -> State:
    """Return a state for a board that has none (new, or its file is lost): the newest release that verifies is good."""
    found = []
    for slot in slots.NAMES:
        blank = State()
        blank.loader = VERSION
        try:
            release = contents.verify(root, slot, board, blank)
        except Rejected:
            continue  # choose() says why, when it comes to that slot
        found.append((release.security_version, release.issued_ms, slot, release.version))
    state = State()
    if found:
        state.floor, _, state.active, version = max(found)
        state.note(_CHANGED, "no state: began anew with %s in %s" % (version, state.active))
    return state


def _give_up(root: str, state: State) -> None:
    """Take back a candidate that used up its starts; its release is refused from now on."""
    release = slots.release(root, state.candidate)
    if release is not None:
        state.failed = release.digest
    version = release.version if release is not None else "the release"
    state.note(_CHANGED, "%s in %s failed: %d starts, not once well" % (version, state.candidate, slots.TRIES))
    state.candidate = slots.NO_SLOT


def _order(state: State) -> "tuple[str, str]":
    if state.candidate:
        return state.candidate, slots.other(state.candidate)
    if state.active:
        return state.active, slots.other(state.active)
    return slots.NAMES


def _pass_over(state: State, slot: str, refusal: Rejected) -> None:
    """Note why a slot is not started; a candidate is none any more."""
    state.note(slots.event_of(refusal), "slot %s refused: %s" % (slot, refusal))
    if slot == state.candidate:
        state.candidate, state.tries_left = slots.NO_SLOT, 0


def _settle(state: State, slot: str, version: str) -> None:
    """Put into the state that ``slot`` is started now."""
    if slot == state.candidate:
        state.tries_left -= 1
        state.note(_CHANGED, "%s on trial in %s, starts left %d" % (version, slot, state.tries_left))
    elif slot != state.active:
        state.note(_CHANGED, "%s in %s takes over" % (version, slot))
        state.active = slot
