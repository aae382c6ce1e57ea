"""What stands on the scale's type plate and in its boot record: software, model, limits, calibration."""

from hashlib import sha256

from tracewire import cbor, vocabulary

from scale.weighing import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config

SOFTWARE = "chengxin-scale 0.1.0"
SECURITY_VERSION = 1
MODEL = "CX-S15"


def limits(settings: "Config") -> Limits:
    """Return the metrological parameters."""
    zero, per_kg = settings.calibration
    return Limits(settings.max_grams, settings.min_grams, settings.e_grams, zero, per_kg)


def boot_body(settings: "Config", cause: str) -> "dict[str, object]":
    """Return the body of the boot record; a changed parameter shows as another digest (R 76-1, 4.1.2.4)."""
    parameters = [settings.max_grams, settings.min_grams, settings.e_grams, list(settings.calibration)]
    return {
        "software": SOFTWARE,
        "security_version": SECURITY_VERSION,
        "cause": vocabulary.number(vocabulary.BOOT_CAUSES, cause),
        "model": MODEL,
        "max_grams": settings.max_grams,
        "min_grams": settings.min_grams,
        "e_grams": settings.e_grams,
        "parameters_digest": sha256(cbor.encode(parameters)).digest(),
    }
