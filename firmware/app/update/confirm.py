"""The new program says that it is well, and seals what the loader could not.

Call ``report`` once the history has started and ``confirm`` after the program has shown that it works: signer sound,
journal read, a weight measured, a minute without a stall. Until then a restart takes a start off the trial.
"""

from update import slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def is_on_trial(root: str) -> bool:
    """Tell whether the program that runs now is a new release on trial: why this board started (``update``)."""
    state = slots.load(root)
    return state is not None and state.is_on_trial


def report(root: str, tell: "Callable[[str, str], object]") -> int:
    """Tell what the loader noted since the last report; returns how many notes. On flash when this returns.

    A crash inside tells them once more, never not at all.
    """
    state = slots.load(root)
    if state is None or not state.notes:
        return 0
    notes, state.notes = state.notes, []
    for event, detail in notes:
        tell(event, detail)
    slots.save(root, state)
    return len(notes)


def confirm(root: str, tell: "Callable[[str, str], object]") -> bool:
    """Make the release on trial the good one, and its security version the floor; False when none is on trial.

    It is told first: a change that cannot be recorded does not happen. Raises ``Unavailable("update.flash")``.
    """
    state = slots.load(root)
    if state is None or not state.is_on_trial:
        return False
    release = slots.release(root, state.candidate)
    if release is None:  # damaged since it was started: it is not to be trusted with the next start
        return False
    make_good(root, state, release.version, release.security_version, tell)
    return True


def make_good(
    root: str, state: "slots.State", version: str, security_version: int, tell: "Callable[[str, str], object]"
) -> None:
    """Do it for a release whose manifest was read when the program started."""
    tell("firmware_changed", "%s in %s is good" % (version, state.candidate))
    state.active, state.candidate, state.tries_left = state.candidate, slots.NO_SLOT, 0
    state.floor = max(state.floor, security_version)
    slots.save(root, state)
    # Committed. A crash before it costs a start of the trial; after it the old slot is spare, and below the floor for
    # good when the security version rose.
