"""Who a weighing device is, as its boot record says it: identity block, software and its checksum, limits, calibration.

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

IDENTITY_FILE = "identity.cbor"
IDENTITY = ("production_code", "repair_code", "verification_code", "seal_number", "type_approval")
"""The texts in ``identity.cbor``, in order, and their fields in the boot record; an empty one is not there yet."""

_MODULE_CALIBRATION = (0, 1000000)  # a module speaks in milligrams


def limits(settings: "Config") -> Limits:
    """Return the metrological parameters; a weighing module is calibrated inside of its own seal."""
    zero, per_kg = _MODULE_CALIBRATION if settings.weight_source == MODULE else settings.calibration
    return Limits(settings.max_grams, settings.min_grams, settings.e_grams, zero, per_kg, settings.steps)


def texts(root: str) -> "list[str]":
    """Return the texts of the identity block, all empty when the bench knew none; ``Misuse`` when it is broken."""
    try:
        with open(root + "/" + IDENTITY_FILE, "rb") as file:
            return decode(file.read())
    except OSError:
        return [""] * len(IDENTITY)
    except Rejected as refusal:
        raise Misuse(refusal.code, IDENTITY_FILE)


def decode(data: bytes) -> "list[str]":
    """Read the contents of an identity file; ``Rejected("identity.format")`` for anything else."""
    found = cbor.decode(data)
    if not isinstance(found, list) or len(found) != len(IDENTITY) or not all([isinstance(text, str) for text in found]):
        raise Rejected("identity.format")
    return found


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


def boot_body(root: str, settings: "Config", make: "tuple[str, int, str]", cause: str) -> "dict[str, object]":
    """Return the body of the boot record; a changed parameter shows as another digest (R 76-1, 4.1.2.4).

    ``make`` is software, its security version and the model of the device; ``cause`` a word of ``BOOT_CAUSES``.
    """
    software, security_version, model = make
    body = {
        "software": software,
        "security_version": security_version,
        "cause": words.number(words.BOOT_CAUSES, cause),
        "model": model,
        "max_grams": settings.max_grams,
        "min_grams": settings.min_grams,
        "e_grams": settings.e_grams,
        "parameters_digest": parameters_digest(settings),
        "software_digest": software_digest(root),
    }
    body.update([(name, text) for name, text in zip(IDENTITY, texts(root)) if text])
    return body


def parameters_digest(settings: "Config") -> bytes:
    """Return the digest of everything that decides what a load weighs, and at a rail what counts as a carcass."""
    parameters = [settings.max_grams, settings.min_grams, settings.e_grams, settings.calibration]
    if settings.steps or settings.weight_source == MODULE:
        parameters += [settings.steps, settings.weight_source]
    if settings.rail:
        parameters.append(settings.rail)
    return sha256(cbor.encode(parameters)).digest()
