"""Network of the virtual board: the host's, which is up."""


async def connect() -> None:
    """Bring the network up; nothing to do here."""
