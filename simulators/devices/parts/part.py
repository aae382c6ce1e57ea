"""What every part of a device has: a name, a state, hands."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from tracewire.errors import Unavailable

Hand = Callable[[Any], Awaitable[None]]


class Part:
    """One part. ``hands`` are what people can do to it: name of the message -> what takes its value.

    A part outlives its board: what lies on it when the plug is pulled lies there when power comes back.
    """

    name: str

    def __init__(self) -> None:
        self.hands: dict[str, Hand] = {}

    def things(self) -> object:
        """Return what does not change and the page draws; None when nothing of that kind is there."""
        return None

    def state(self) -> object:
        """Return what changes, as the page shows it."""
        return None

    async def find_again(self) -> None:
        """Tell a board that was just switched on what its front panel line has not told it."""

    async def notice(self) -> None:
        """Look at the board, which has just said something."""

    async def work(self) -> None:
        """Do what goes on while the board has power; ends, or is cancelled when the power goes."""


async def reach(touching: Awaitable[None]) -> None:
    """Touch a board; one without power feels nothing, and finds what lies on it when it starts."""
    with contextlib.suppress(Unavailable):
        await touching
