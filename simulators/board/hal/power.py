"""Why the virtual board started: somebody switched it on. It has neither battery nor thermometer."""


def boot_cause() -> str:
    """Return a word of ``vocabulary.BOOT_CAUSES``."""
    return "power_on"


def readings() -> "dict[str, int]":
    """Return health fields of the supply: none."""
    return {}
