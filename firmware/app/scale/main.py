"""Power-on of a counter scale: what only it has, beside what every weighing device builds (``scale.station``)."""

import asyncio
import os

from device.downlink_stops import Stops
from hal.display import Display
from hal.lamps import Lamps

from scale import MAKE, plu
from scale.app import ScaleApp
from scale.downlink_desk import DownlinkDesk
from scale.keying import Keying
from scale.screens import Screen
from scale.session import SessionStore
from scale.sign_in import SignIn
from scale.slip import Letterhead
from scale.slip_desk import SlipDesk
from scale.station import Station

CARD_KEYS_FILE = "card_keys.cbor"


async def run() -> None:
    """Build every part once and run the tasks for ever."""
    station, screen = Station(MAKE), Screen(Display(), Lamps())
    station.start(screen)
    root, settings = station.root, station.settings
    history, publisher, weigher = station.history, station.publisher, station.weigher
    prices = plu.load(root)
    letterhead = Letterhead(settings.stall_gbk, settings.name, settings.trace_prefix, settings.code_base)
    stops = Stops(station.downlink, history)
    sign_in = SignIn(
        _card_source(root, stops),
        SessionStore(root),
        prices,
        screen,
        history,
        publisher,
        station.card_refusals,
        stops,
    )
    downlink_desk = DownlinkDesk(station.downlink, prices, weigher, screen, history)
    app = ScaleApp(
        station=station,
        prices=prices,
        sign_in=sign_in,
        screen=screen,
        slip_desk=SlipDesk(station.paper, letterhead),
        lots=downlink_desk.lots,
        stops=stops,
        keying=Keying(weigher, prices, station.storage_line, screen, history, publisher),
    )
    await station.run(app, sign_in.serve_cards())


def _card_source(root: str, stops: Stops) -> object:
    """Return what reads cards: with keys of the cards the scale does it itself, and only what does is imported."""
    if CARD_KEYS_FILE in os.listdir(root or "/"):
        from scale.card_source import ProvedCards  # noqa: PLC0415 (see above)

        return ProvedCards(root, stops)
    from hal.card_reader import CardReader  # noqa: PLC0415 (see above)

    return CardReader()


def main() -> None:
    """Run until the power goes; called by the board's boot code."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
