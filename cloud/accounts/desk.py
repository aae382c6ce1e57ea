"""The pages of whoever is signed in: the rooms their role may enter on top, their name, and the way out."""

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse

from cloud.accounts.account import INSPECTOR, MARKET_OPENER, OPS, REGULATOR, SELLER, Account
from cloud.web.page import Pages


@dataclass(frozen=True)
class Room:
    """A page that the navigation leads to; ``key`` is its name in ``cloud/web/locale``."""

    path: str
    key: str
    roles: tuple[str, ...]


AT_MARKETS = (SELLER, MARKET_OPENER, INSPECTOR, REGULATOR)
"""Who sees goods; each only its own part."""

AT_DEVICES = (OPS, MARKET_OPENER, INSPECTOR, REGULATOR)
"""Who sees scales and terminals; each only its own part."""

ROOMS = (
    Room("/console", "rooms.today", AT_MARKETS),
    Room("/console/lots", "rooms.lots", AT_MARKETS),
    Room("/console/sellers", "rooms.sellers", AT_MARKETS),
    Room("/console/recalls", "rooms.recalls", AT_MARKETS),
    Room("/console/flags", "rooms.flags", AT_MARKETS),
    Room("/console/labels", "rooms.labels", (MARKET_OPENER, INSPECTOR, REGULATOR)),
    Room("/ops", "rooms.ops", AT_DEVICES),
    Room("/ops/map", "rooms.map", AT_DEVICES),
    Room("/ops/use", "rooms.use", AT_DEVICES),
    Room("/ops/tickets", "rooms.tickets", AT_DEVICES),
    Room("/ops/refused", "rooms.refused", AT_DEVICES),
)

PRIVATE = {"Cache-Control": "private, no-store"}
"""Nothing stays on a desk's disk that a person had to sign in for."""


def rooms_of(account: Account) -> list[Room]:
    """Return the rooms that a role may enter; the first is where it comes in."""
    return [room for room in ROOMS if account.role in room.roles]


class Desk:
    """The templates of one room, for people who are signed in; call it behind ``Guard.require``."""

    def __init__(self, room: str) -> None:
        self._pages = Pages(room, remember=True)
        self.language = self._pages.language
        self.speaker = self._pages.speaker

    def show(
        self, name: str, request: Request, account: Account | None, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Return a page; its forms say ``csrf`` in a hidden field of that name."""
        rooms = [] if account is None else rooms_of(account)
        path = request.url.path
        inside = [room.path for room in rooms if path == room.path or path.startswith(f"{room.path}/")]
        csrf = getattr(request.state, "csrf", "")
        here = max(inside, key=len, default="")
        answer = self._pages.show(
            name, request, status, navigation=rooms, here=here, account=account, csrf=csrf, **values
        )
        answer.headers.update(PRIVATE)
        return answer
