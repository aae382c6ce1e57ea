"""What stands on the scale's type plate and in its boot record: who it is, software, limits, calibration.

The identity block of JJF 2184-2025 (three codes and one seal) lies in ``identity.cbor``: written at enrolment, changed
by ``scale.adjust`` under the seal and by nothing else.
"""

import sys
from hashlib import sha256

from device.config import MODULE
from hal import firmware
from tracewire import cbor, words
from tracewire.errors import Misuse, Rejected

from scale.weighing import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config
    from device.history import History

SOFTWARE = "chengxin-scale 0.1.0"
SECURITY_VERSION = 1
MODEL = "CX-S15"

IDENTITY_FILE = "identity.cbor"
IDENTITY = ("production_code", "repair_code", "verification_code", "seal_number", "type_approval")
"""The texts in ``identity.cbor``, in order, and their fields in the boot record; an empty one is not there yet."""

_LABELS = ("生产码 ", "维修码 ", "检定码 ", "铅封号 ", "型批号 ")
_MODULE_CALIBRATION = (0, 1000000)  # a module speaks in milligrams


def limits(settings: "Config") -> Limits:
    """Return the metrological parameters; a weighing module is calibrated inside of its own seal."""
    zero, per_kg = _MODULE_CALIBRATION if settings.weight_source == MODULE else settings.calibration
    return Limits(settings.max_grams, settings.min_grams, settings.e_grams, zero, per_kg, settings.steps)


def identity(root: str) -> "list[str]":
    """Return the texts of the identity block, all empty when the bench knew none; ``Misuse`` when it is broken."""
    try:
        with open(root + "/" + IDENTITY_FILE, "rb") as file:
            return decode_identity(file.read())
    except OSError:
        return [""] * len(IDENTITY)
    except Rejected as refusal:
        raise Misuse(refusal.code, IDENTITY_FILE)


def decode_identity(data: bytes) -> "list[str]":
    """Read the contents of an identity file; ``Rejected("identity.format")`` for anything else."""
    texts = cbor.decode(data)
    if not isinstance(texts, list) or len(texts) != len(IDENTITY) or not all([isinstance(text, str) for text in texts]):
        raise Rejected("identity.format")
    return texts


def software_digest(root: str) -> bytes:
    """Return the checksum of what runs: of the signed manifest when it came by update, else of the board's own image.

    The loader has held every file against that manifest at this power-on. Either way ``sha256sum`` on a release's
    ``.cose`` or on the image says the same.
    """
    folder = sys.argv[0] if sys.argv else ""
    if folder in (root + "/a", root + "/b"):
        with open(folder + ".cose", "rb") as bundle:
            return sha256(bundle.read()).digest()
    return firmware.digest()


def boot_body(settings: "Config", cause: str, texts: "list[str]", checksum: bytes) -> "dict[str, object]":
    """Return the body of the boot record; a changed parameter shows as another digest (R 76-1, 4.1.2.4)."""
    body = {
        "software": SOFTWARE,
        "security_version": SECURITY_VERSION,
        "cause": words.number(words.BOOT_CAUSES, cause),
        "model": MODEL,
        "max_grams": settings.max_grams,
        "min_grams": settings.min_grams,
        "e_grams": settings.e_grams,
        "parameters_digest": parameters_digest(settings),
        "software_digest": checksum,
    }
    body.update([(name, text) for name, text in zip(IDENTITY, texts) if text])
    return body


def parameters_digest(settings: "Config") -> bytes:
    """Return the digest of everything that decides what a load weighs."""
    parameters = [settings.max_grams, settings.min_grams, settings.e_grams, settings.calibration]
    if settings.steps or settings.weight_source == MODULE:
        parameters += [settings.steps, settings.weight_source]
    return sha256(cbor.encode(parameters)).digest()


class TypePlate:
    """What the scale shows of itself, one line for each press of the clear key that follows another."""

    def __init__(self, boot: "dict[str, object]", history: "History") -> None:
        self._boot = boot
        self._history = history

    def line(self, clears: int) -> str:
        """Return the line for the ``clears``-th press in a row; the first press only clears."""
        number = clears - 2
        if number < 0:
            return ""
        number %= len(IDENTITY) + 2
        if number < len(IDENTITY):
            return _LABELS[number] + str(self._boot.get(IDENTITY[number], "—"))
        if number == len(IDENTITY):
            digest = "".join(["%02x" % octet for octet in self._boot["software_digest"][:4]])
            return self._boot["software"] + " " + digest
        return "事件计数 %d" % self._history.event_counter
