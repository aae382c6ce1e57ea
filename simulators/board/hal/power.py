"""Why the virtual board started: somebody switched it on."""


def boot_cause() -> str:
    """Return a word of ``vocabulary.BOOT_CAUSES``."""
    return "power_on"
