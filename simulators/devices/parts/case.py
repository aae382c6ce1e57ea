"""The case of a sealed device, and the engineer who has the authority's answer for it.

The answer is not computed here: `chengxin device unlock` is run as a metrology office runs it, and notes in the
authority's history who asked and why.
"""

import asyncio
import re
from collections.abc import Callable

from tracewire.errors import Rejected

from simulators.devices.parts.part import Part, reach
from simulators.scale_process import ScaleProcess

CLOSED, OPEN = "closed", "open"

Unlock = Callable[[str, str], tuple[str, str]]
"""Device, challenge -> (the command that was run, the digits that it told)."""

_CHALLENGE = re.compile(r"询问码 ?(\d{8})")


class Case(Part):
    """``{"case": "open"}`` and ``{"case": "closed"}``."""

    name = "case"

    def __init__(self, board: ScaleProcess) -> None:
        super().__init__()
        self._board = board
        self._position = CLOSED
        self.hands = {"case": self._move}

    def state(self) -> object:
        """Return "open" or "closed"."""
        return self._position

    async def find_again(self) -> None:
        """A board takes its case for closed until it is told otherwise."""
        if self._position == OPEN:
            await self._board.open_case()

    async def _move(self, position: object) -> None:
        if position not in (CLOSED, OPEN):
            raise Rejected("hand.case", repr(position)[:80])
        self._position = str(position)
        await reach(self._board.open_case() if position == OPEN else self._board.close_case())


class Engineer(Part):
    """``{"engineer": "ask"}`` asks the authority for the answer to the challenge on the screen."""

    name = "engineer"

    def __init__(self, name: str, board: ScaleProcess, unlock: Unlock) -> None:
        super().__init__()
        self._device = name
        self._board = board
        self._unlock = unlock
        self._told: dict[str, tuple[str, str]] = {}
        self.hands = {"engineer": self._ask}

    def state(self) -> object:
        """Return the challenge on the screen, and the answer to it when it was asked for."""
        challenge = self._challenge()
        command, answer = self._told.get(challenge, ("", ""))
        return {"challenge": challenge, "command": command, "answer": answer}

    async def _ask(self, _: object) -> None:
        challenge = self._challenge()
        if not challenge:
            raise Rejected("hand.not_locked")
        self._told[challenge] = await asyncio.to_thread(self._unlock, self._device, challenge)

    def _challenge(self) -> str:
        found = _CHALLENGE.search("\n".join(self._board.screen)) if self._board.is_running else None
        return found[1] if found else ""
