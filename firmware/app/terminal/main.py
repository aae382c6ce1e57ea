"""Power-on of a wholesale terminal: what only it has, beside what every weighing device builds (``scale.station``)."""

import asyncio

from cards import keyring
from cards.pn532 import Pn532
from cards.reader import Reader
from device import core
from device.downlink_stops import Stops
from hal import entropy
from hal.beeper import Beeper
from hal.card_port import CardPort
from hal.display import Display
from hal.lamps import Lamps
from scale import plu
from scale.downlink_desk import DownlinkDesk
from scale.platform import Loads
from scale.station import Station

from terminal import MAKE
from terminal.app import TerminalApp
from terminal.card_desk import CardDesk
from terminal.noted_counters import NotedCounters
from terminal.notes import Notes
from terminal.owed import Owed
from terminal.screens import TerminalScreen
from terminal.trade_desk import TradeDesk


async def run() -> None:
    """Build every part once and run the tasks for ever."""
    station = Station(MAKE)
    root = station.root
    notes = Notes(root)
    counters = NotedCounters(notes)
    owed = Owed(notes, station.history.totals[0])
    _carry_over(root, notes, counters, owed, station.history.totals[0])
    screen = TerminalScreen(Display(), Lamps(), Beeper())
    station.start(screen)
    reader = Reader(Pn532(CardPort()), keyring.load(root), counters, entropy.read)
    prices = plu.load(root)
    downlink_desk = DownlinkDesk(station.downlink, prices, station.weigher, screen, station.history)
    loads = Loads(screen, station.history, station.publisher)
    trade_desk = TradeDesk(
        station=station,
        loads=loads,
        prices=prices,
        reader=reader,
        owed=owed,
        screen=screen,
        lots=downlink_desk.lots,
    )
    stops = Stops(station.downlink, station.history)
    card_desk = CardDesk(owed, trade_desk, screen, station.history, station.publisher, stops)
    app = TerminalApp(station, reader, trade_desk, card_desk, loads, screen, notes)
    await station.run(app, app.serve_cards())


def _carry_over(root: str, notes: Notes, counters: NotedCounters, owed: Owed, count: int) -> None:
    """Take what an older release noted; the module that can read it is needed at power-on only."""
    from terminal import older_notes  # noqa: PLC0415 (see above)

    older_notes.carry_over(root, notes, counters, owed, count)
    core.forget("terminal.older_notes")


def main() -> None:
    """Run until the power goes; called by the board's boot code."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
