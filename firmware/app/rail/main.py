"""Power-on of a rail scale: what only it has, beside what every weighing device builds (``scale.station``)."""

import asyncio

from device.downlink_stops import Stops
from device.refusals import Refusals
from hal import clock
from hal.beeper import Beeper
from hal.card_reader import CardReader
from hal.display import Display
from hal.lamps import Lamps
from hal.tag_reader import TagReader
from scale.station import Station
from tracewire import cose, record
from tracewire.errors import Misuse

from rail import MAKE, lot_desk
from rail.app import RailApp
from rail.carcass import Rail
from rail.carcass_book import CarcassBook
from rail.disposal import Disposal
from rail.exit_desk import ExitDesk
from rail.hands import Hands
from rail.lots import Lots
from rail.register import Register
from rail.screens import RailScreen
from rail.tag_desk import TagDesk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.journal import Journal


async def run() -> None:
    """Build every part once and run the tasks for ever."""
    station = Station(MAKE)
    root, settings = station.root, station.settings
    if not settings.rail:
        raise Misuse("config.rail", "this board was not enrolled for a slaughter line")
    species, has_sides, lightest_grams = settings.rail
    lots, register = Lots(root), Register(root)
    _mend(station.journal, lots, register)
    screen = RailScreen(Display(), Lamps(), Beeper())
    station.start(screen)
    history, publisher = station.history, station.publisher
    desk = lot_desk.LotDesk(lots, screen, history, publisher)
    rail = Rail(lightest_grams, settings.e_grams)
    book = CarcassBook(history, publisher, register, desk, station.storage_line, settings.code_base, bool(has_sides))
    disposal = Disposal(history, publisher, register, book, settings.code_base, settings.e_grams)
    stops = Stops(station.downlink, history)
    exit_desk = ExitDesk(settings, history, publisher, register, desk, station.paper, screen, stops)
    refusals = Refusals("tag_refused", history, publisher, clock.ticks_ms)
    app = RailApp(
        station=station,
        rail=rail,
        book=book,
        disposal=disposal,
        hands=Hands(station.platform, rail, book, desk, disposal, exit_desk, station.plate, screen),
        tag_desk=TagDesk(rail, book, history, refusals, species),
        screen=screen,
    )
    await station.run(app, app.serve_tags(TagReader()), app.serve_cards(CardReader()))


def _mend(journal: "Journal", lots: Lots, register: Register) -> None:
    """Let the newest record of the journal say what a power cut kept from lots and register."""
    sealed = journal.last()
    if sealed is not None:
        newest = record.decode(cose.parse(sealed).payload)
        lot_desk.recover(lots, newest)
        register.recover(newest, lots.number_of)


def main() -> None:
    """Run until the power goes; called by the board's boot code."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
