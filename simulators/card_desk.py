"""The desk that issues cards, for virtual devices: keys and cards from the shipped card code, run by MicroPython.

    desk = CardDesk(image)                       # of a terminal
    flash_files.write(image, flash, {"card_keys.cbor": desk.keys_file})
    memory = desk.issue("ntag424", contents)     # what the chip keeps without a field
    desk.read(memory);  desk.rewrite(memory, contents)

Contents are the CBOR of `cards.contents`. The masters are drawn at random for each desk.
"""

import json
import secrets
import subprocess
from pathlib import Path
from typing import Any

from tracewire import cbor
from tracewire.errors import Rejected

from simulators.firmware_image import INTERPRETER, REPOSITORY

SECURE, PLAIN = "ntag424", "mifare-classic"
UID_BYTES = {SECURE: 7, PLAIN: 4}
_DESK = REPOSITORY / "simulators" / "board" / "card_desk.py"
_MASTERS = 5


class CardDesk:
    """One desk with its masters; ``keys_file`` is what a terminal is given of them."""

    def __init__(self, image: Path) -> None:
        """Work with the card code in a terminal's compiled ``image``."""
        self.image = image.resolve()
        self._masters = [secrets.token_bytes(16) for _ in range(_MASTERS)]

    @property
    def keys_file(self) -> bytes:
        """Contents of ``card_keys.cbor`` for a device that may write cards."""
        return cbor.encode([[1, *self._masters]])

    def issue(self, kind: str, contents: bytes) -> dict[str, Any]:
        """Return the memory of a new card, SECURE or PLAIN; Rejected "card.full" when it has no room."""
        return self._ask(
            kind=kind, uid=secrets.token_bytes(UID_BYTES[kind]).hex(), memory=None, contents=contents.hex()
        )

    def read(self, memory: dict[str, Any]) -> bytes:
        """Return the newest contents of a card."""
        return bytes.fromhex(self._run(memory=memory, contents=None)["contents"])

    def rewrite(self, memory: dict[str, Any], contents: bytes) -> dict[str, Any]:
        """Return the memory of a card that says something new; Rejected "card.full" when it has no room."""
        return self._ask(memory=memory, contents=contents.hex())

    def _ask(self, **question: object) -> dict[str, Any]:
        answer = self._run(**question)
        if not answer["is_written"]:
            raise Rejected("card.full")
        memory: dict[str, Any] = answer["memory"]
        return memory

    def _run(self, **question: object) -> dict[str, Any]:
        done = subprocess.run(  # noqa: S603 (our interpreter, the script beside the virtual board)
            [INTERPRETER, "-X", "heapsize=1M", _DESK],
            input=json.dumps({"masters": [master.hex() for master in self._masters], **question}),
            env={"MICROPYPATH": f"{self.image}:.frozen"},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
