"""What stands on the terminal's type plate and in its boot record."""

from hashlib import sha256

from scale.weighing import Limits
from tracewire import cbor, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config

SOFTWARE = "chengxin-terminal 0.1.0"
SECURITY_VERSION = 1
MODEL = "CX-T150"


def limits(settings: "Config") -> Limits:
    """Return the metrological parameters."""
    zero, per_kg = settings.calibration
    return Limits(settings.max_grams, settings.min_grams, settings.e_grams, zero, per_kg, settings.steps)


def boot_body(settings: "Config", cause: str) -> "dict[str, object]":
    """Return the body of the boot record; a changed parameter shows as another digest (R 76-1, 4.1.2.4)."""
    parameters = [settings.max_grams, settings.min_grams, settings.e_grams, settings.calibration, settings.steps]
    return {
        "software": SOFTWARE,
        "security_version": SECURITY_VERSION,
        "cause": words.number(words.BOOT_CAUSES, cause),
        "model": MODEL,
        "max_grams": settings.max_grams,
        "min_grams": settings.min_grams,
        "e_grams": settings.e_grams,
        "parameters_digest": sha256(cbor.encode(parameters)).digest(),
    }
