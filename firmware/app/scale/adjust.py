"""Change what a scale weighs by, or what its type plate says: under the broken seal, and each change is a record.

    mpremote … exec "from scale import adjust; adjust.main('rail')"      the weighing program is not running then

One console line ``cx1 `` and base64 (as at enrolment) of a CBOR map: 1 the changed parameters, a map with keys 10 to
13, 15 and 16 of ``config.cbor``, on a slaughter line 17 too; 2 the five texts of ``identity.cbor``. Nothing else can be
reached here.

Every changed value is an audit record with its old and its new value and raises the event counter (R 76-1, 4.1.2.4).
It is on flash before the file changes: a change that cannot be recorded does not happen.
"""

import os
import sys

from device import config
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.mark import Mark
from hal import clock, entropy, flash, nvram, seal_switch
from tracewire import cbor, enrolment, p256
from tracewire.errors import Misuse, Rejected, TracewireError, Unavailable
from tracewire.fields import LABEL

from scale import identity

PARAMETERS, IDENTITY = 1, 2

_ADJUSTABLE = {
    10: "max_grams",
    11: "min_grams",
    12: "e_grams",
    13: "calibration",
    15: "steps",
    16: "weight_source",
    17: "rail",
}
_RAIL = 17  # nothing that weighs becomes or ceases to be a slaughter line
_SEAL_NUMBER = "seal_number"


def apply(root: str, change: bytes, is_unsealed: bool, history: History) -> int:
    """Apply ``change`` and return how many values changed; on flash and on record when this returns.

    Raises ``Rejected("seal.closed")`` when the seal is whole, ``Rejected("adjust.…")`` for what no scale can be, with
    nothing changed; ``Unavailable`` when flash fails. A crash inside leaves records of a change that did not come: the
    digest of the parameters in the next boot record tells, and the change can be applied again.
    """
    if not is_unsealed:
        raise Rejected("seal.closed", "parameters change under the broken seal only")
    wanted = cbor.decode(change)
    if not isinstance(wanted, dict) or not wanted or not all([key in (PARAMETERS, IDENTITY) for key in wanted]):
        raise Rejected("adjust.format")
    files, changes = [], []
    if PARAMETERS in wanted:
        files.append((config.FILE, _adjusted(root, wanted[PARAMETERS], changes)))
    if IDENTITY in wanted:
        files.append((identity.IDENTITY_FILE, _identified(root, wanted[IDENTITY], changes)))
    for name, before, after in changes:
        event = "seal_changed" if name == _SEAL_NUMBER else "parameter_changed"
        history.audit(event, ("%s %s to %s" % (name, before, after))[:120])
    for name, content in files:
        _replace(root + "/" + name, content)
    return len(changes)


def _adjusted(root: str, parameters: object, changes: "list[tuple[str, object, object]]") -> bytes:
    if not isinstance(parameters, dict) or not all([key in _ADJUSTABLE for key in parameters]):
        raise Rejected("adjust.format", "a parameter that is not one")
    with open(root + "/" + config.FILE, "rb") as file:
        values = cbor.decode(file.read())
    if _RAIL in parameters and not (parameters[_RAIL] and values.get(_RAIL)):
        raise Rejected("adjust.parameters", _ADJUSTABLE[_RAIL])
    for key in sorted(parameters):
        if values.get(key) != parameters[key]:
            changes.append((_ADJUSTABLE[key], values.get(key, "-"), parameters[key]))
    values.update(parameters)
    try:
        identity.limits(config.read(values))
    except (Misuse, TypeError) as refusal:
        raise Rejected("adjust.parameters", str(refusal))
    return cbor.encode(values)


def _identified(root: str, texts: object, changes: "list[tuple[str, object, object]]") -> bytes:
    content = cbor.encode(texts)
    for name, before, after in zip(identity.IDENTITY, identity.texts(root), identity.decode(content)):
        if after and not LABEL.check(after):
            raise Rejected("adjust.identity", name)
        if before != after:
            changes.append((name, before or "-", after or "-"))
    return content


def _replace(path: str, content: bytes) -> None:
    try:
        with open(path + ".new", "wb") as file:
            file.write(content)
        os.rename(path + ".new", path)
        # Commit point: littlefs renames atomically. A crash before it keeps the old values, after it the new ones.
    except OSError as error:
        raise Unavailable("adjust.flash", str(error))


def main(program: str) -> None:
    """Read one line from the console, apply it, say what came of it; ``program`` is the package that weighs here."""
    p256.self_test()
    root = flash.mount()
    settings = config.load(root)
    boot = identity.boot_body(root, settings, __import__(program).MAKE, "command")
    journal = Journal(root + "/journal", settings.journal_bytes)
    key = KeyStore(root, entropy.read)
    history = History(journal, key, clock, boot, Mark(nvram, key.kid))
    history.start()
    try:
        change = enrolment.from_line(sys.stdin.readline()) or b""
        sys.stdout.write("changed: %d\n" % apply(root, change, seal_switch.is_open(), history))
    except TracewireError as refusal:
        sys.stdout.write("refused: %s\n" % refusal)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "scale")
