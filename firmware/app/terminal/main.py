"""Power-on of a wholesale terminal: what only it has, beside what every weighing device builds (``scale.station``)."""

import asyncio

from cards import keyring
from cards.counters import Counters
from cards.pn532 import Pn532
from cards.reader import Reader
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
from tracewire import cose, record

from terminal import MAKE
from terminal.app import TerminalApp
from terminal.card_desk import CardDesk
from terminal.owed import Owed
from terminal.screens import TerminalScreen
from terminal.trade_desk import TradeDesk
from terminal.voucher_book import Voucher, VoucherBook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.journal import Journal


async def run() -> None:
    """Build every part once and run the tasks for ever."""
    station = Station(MAKE)
    root, settings = station.root, station.settings
    owed, book = Owed(root), VoucherBook(root, settings.code_base)
    _mend(station.journal, owed, book)
    screen = TerminalScreen(Display(), Lamps(), Beeper())
    station.start(screen)
    reader = Reader(Pn532(CardPort()), keyring.load(root), Counters(root), entropy.read)
    prices = plu.load(root)
    downlink_desk = DownlinkDesk(station.downlink, prices, station.weigher, screen, station.history)
    loads = Loads(screen, station.history, station.publisher)
    trade_desk = TradeDesk(
        station=station,
        loads=loads,
        prices=prices,
        reader=reader,
        owed=owed,
        book=book,
        screen=screen,
        lots=downlink_desk.lots,
    )
    stops = Stops(station.downlink, station.history)
    card_desk = CardDesk(owed, trade_desk, screen, station.history, station.publisher, stops)
    app = TerminalApp(station, reader, trade_desk, card_desk, loads, screen)
    await station.run(app, app.serve_cards())


def _mend(journal: "Journal", owed: Owed, book: VoucherBook) -> None:
    """Let the newest record of the journal say whether the deal that the power was cut under counts."""
    sealed = journal.last()
    newest = record.decode(cose.parse(sealed).payload) if sealed else None
    plu_number = owed.recover(newest)
    if plu_number is not None:
        book.keep(Voucher(plu_number, sealed))
        owed.commit()


def main() -> None:
    """Run until the power goes; called by the board's boot code."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
