"""Who stands on the page: the site's boards, and the panel of each with the cards, codes and lots beside it."""

from collections.abc import Iterator
from pathlib import Path

from tracewire import mark
from tracewire.p256 import SigningKey

from simulators import boards
from simulators.devices import parts
from simulators.devices.cards import Card
from simulators.devices.face import Code, Face
from simulators.devices.four_kinds import COUNTER_SCALE, HANDHELD, RAIL_SCALE, TERMINAL
from simulators.devices.kinds import Words
from simulators.devices.panel import Panel
from simulators.devices.parts import Market
from simulators.devices.shelf import Shelf
from simulators.devices.wallet import Wallet
from simulators.handheld_process import HandheldProcess
from simulators.node import now_ms
from simulators.rail_process import RailProcess, lot_card
from simulators.scale_process import ScaleProcess
from simulators.site import MARKET, STALLS, Site
from simulators.terminal_process import TerminalProcess

STALL = STALLS[0]
"""Whose scale stands on the page."""

RAIL = boards.rail("rail-0001", "银祥肉联厂")
HALL = boards.terminal("terminal-0001", MARKET)
INSPECTOR = boards.handheld("handheld-0001", "市场监管所")
BOARDS = (RAIL, HALL, INSPECTOR)

ANIMAL_CERTIFICATE = (2, "3508210098766")
MEAT_CERTIFICATES = ((4, "3502000112234"), (5, "厦品检2026-112208"))


class Roster:
    """The devices of one site, with the cards and papers between them."""

    def __init__(self, site: Site, lots: dict[str, str], stock_grams: int, pigs: str) -> None:
        """Issue the cards: the lot of each party's code, ``stock_grams`` of the wholesaler's, ``pigs`` for the rail."""
        self._site = site
        self._pigs = pigs
        self._wallet = Wallet(site, STALLS, lots, stock_grams)
        self._shelf = Shelf()

    def panels(self) -> list[Panel]:
        """Return one panel for each device, in the order in which meat meets them."""
        return [self._rail(), self._terminal(), self._scale(), self._handheld()]

    def images(self) -> dict[str, tuple[Path, Path]]:
        """Return the firmware and the flash of each device by its name."""
        images = {board.name: self._site.image_of(board) for board in BOARDS}
        images[STALL.scale] = self._site.image
        return {name: (image, self._site.flash_of(name)) for name, image in images.items()}

    def _rail(self) -> Panel:
        board = RailProcess(self._site.image_of(RAIL), self._site.flash_of(RAIL.name))
        cards = (*self._lot_cards(), self._wallet.wholesaler, self._wallet.stalls[0], *self._wallet.no_cards[:1])
        return self._panel(Face(RAIL.name, RAIL_SCALE, RAIL.place, cards=cards), board)

    def _terminal(self) -> Panel:
        board = TerminalProcess(self._site.image_of(HALL), self._site.flash_of(HALL.name))
        cards = (self._wallet.wholesaler, *self._wallet.stalls, *self._wallet.no_cards)
        return self._panel(Face(HALL.name, TERMINAL, HALL.place, cards=cards), board)

    def _scale(self) -> Panel:
        goods = {f"plu{number}": (name, fen) for number, name, fen in STALL.goods}
        cards = (*self._wallet.stalls, *self._wallet.no_cards)
        board = ScaleProcess(self._site.image, self._site.flash(STALL), cell=STALL.cell)
        return self._panel(Face(STALL.scale, COUNTER_SCALE, STALL.name, goods, cards), board)

    def _handheld(self) -> Panel:
        board = HandheldProcess(self._site.image_of(INSPECTOR), self._site.flash_of(INSPECTOR.name))
        codes = tuple(_codes(self._site))
        return self._panel(Face(INSPECTOR.name, HANDHELD, INSPECTOR.place, codes=codes), board)

    def _panel(self, of: Face, board: ScaleProcess) -> Panel:
        market = Market(self._shelf, self._unlock, self._wallet.look, self._wallet.enter, RAIL.name)
        panel = Panel(of, board, list(parts.of(of, board, market)))
        self._shelf.on_change.append(panel.bell.ring)
        return panel

    def _unlock(self, name: str, challenge: str) -> tuple[str, str]:
        words = ("device", "unlock", name, "--challenge", challenge, "--reason", "case opened on the page")
        said = self._site.chengxin(*words, "--ca", str(self._site.authority))
        return f"chengxin device unlock {name} --ca CA --challenge {challenge}", said.rpartition(" ")[2]

    def _lot_cards(self) -> Iterator[Card]:
        for name, label, certificates in (
            ("lot", Words("批次卡 绿源", "Lot card Lüyuan"), (ANIMAL_CERTIFICATE, *MEAT_CERTIFICATES)),
            ("alive", Words("批次卡 缺肉检证", "Lot card, meat uncertified"), (ANIMAL_CERTIFICATE,)),
        ):
            yield Card(name, label, "lot", lot_card(self._pigs, "绿源养殖场", certificates=certificates))


def _codes(site: Site) -> Iterator[Code]:
    """Yield what an inspector finds to scan at the stall; the mark is issued by the site's cloud."""
    key = SigningKey((site.node("cloud-01") / "record.key").read_bytes())
    issued = mark.issue(f"{site.url}/e/", mark.Mark(STALL.seller_code, 7, STALL.name, now_ms()), key)
    forged = issued.replace(f"{STALL.seller_code}#", f"{STALLS[1].seller_code}#")
    yield Code("mark", Words("摊位电子标识", "Stall's e-ID mark"), "mark", issued.encode())
    yield Code("forged", Words("伪造标识", "Forged mark"), "forged", forged.encode())
    yield Code("plate", Words("秤铭牌", "Scale's type plate"), "label", STALL.scale.encode())
    yield Code("seal", Words("封条", "Seal"), "label", b"SEAL-00123")
