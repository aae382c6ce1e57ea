"""Network of the virtual board: the host's, which is up."""


async def connect() -> None:
    """Bring the network up; nothing to do here."""


def readings() -> "dict[str, int]":
    """Return health fields of the network: none, a loopback line has no strength."""
    return {}
