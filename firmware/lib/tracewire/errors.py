"""Three families of error, named by what the caller must do.

Why three: whoever catches one has to choose between keeping the evidence, trying again and stopping, and nothing
else. Every error carries a stable ``code`` ("cbor.trailing") for machines and a ``detail`` for people; neither ever
holds key material or personal data. Runs on MicroPython, which has no exception chaining: what matters is in ``code``.
"""


class TracewireError(Exception):
    """Root of the three families; never raised itself."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code + (": " + detail if detail else ""))
        self.code = code
        self.detail = detail


class Rejected(TracewireError):
    """The bytes are bad and always will be: keep them as evidence, never retry."""


class Unavailable(TracewireError):
    """Something needed is not there now: try again later, nothing was lost."""


class Misuse(TracewireError):
    """Our own bug or a broken installation: stop, do not carry on."""
