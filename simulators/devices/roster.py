"""Who stands on the page: the site's boards, and the panel of each with the cards, codes and lots beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tracewire import mark
from tracewire.p256 import SigningKey

from simulators import firmware_image
from simulators.devices import face, parts
from simulators.devices.face import Card, Code, Face
from simulators.devices.four_kinds import COUNTER_SCALE, HANDHELD, RAIL_SCALE
from simulators.devices.kinds import Words
from simulators.devices.panel import Panel
from simulators.devices.shelf import Shelf
from simulators.handheld_process import HandheldProcess
from simulators.node import now_ms
from simulators.rail_process import RAIL_CELL, RailProcess, lot_card
from simulators.scale_process import ScaleProcess
from simulators.site import STALLS, Board, Site

STALL = STALLS[0]
"""Whose scale stands on the page."""

_ZERO, _PER_KG = RAIL_CELL.calibration
RAIL = Board(
    "rail-0001", "rail", "银祥肉联厂", firmware_image.RAIL,
    f"scale = {{ max_g = 300000, min_g = 2000, e_g = 100, zero_counts = {_ZERO}, counts_per_kg = {_PER_KG} }}\n"
    "rail = { species = 1, sides = false, lightest_g = 20000 }\n",
)  # fmt: skip
INSPECTOR = Board("handheld-0001", "handheld", "市场监管所", firmware_image.HANDHELD)
BOARDS = (RAIL, INSPECTOR)

ANIMAL_CERTIFICATE = (2, "3508210098766")
MEAT_CERTIFICATES = ((4, "3502000112234"), (5, "厦品检2026-112208"))


class Roster:
    """The devices of one site. ``lots`` names the retail lot of each seller code, ``pigs`` the lot at the rail."""

    def __init__(self, site: Site, lots: dict[str, str], pigs: str) -> None:
        self._site = site
        self._lots = lots
        self._pigs = pigs
        self._shelf = Shelf()

    def panels(self) -> list[Panel]:
        """Return one panel for each device, in the order in which meat meets them."""
        return [self._rail(), self._scale(), self._handheld()]

    def images(self) -> dict[str, tuple[Path, Path]]:
        """Return the firmware and the flash of each device by its name."""
        images = {board.name: self._site.image_of(board) for board in BOARDS}
        images[STALL.scale] = self._site.image
        return {name: (image, self._site.flash_of(name)) for name, image in images.items()}

    def _scale(self) -> Panel:
        goods = {f"plu{number}": (name, fen) for number, name, fen in STALL.goods}
        cards = tuple(face.seller_cards(STALL, STALLS, self._lots))
        board = ScaleProcess(self._site.image, self._site.flash(STALL), cell=STALL.cell)
        return self._panel(Face(STALL.scale, COUNTER_SCALE, STALL.name, goods, cards), board)

    def _rail(self) -> Panel:
        board = RailProcess(self._site.image_of(RAIL), self._site.flash_of(RAIL.name))
        return self._panel(Face(RAIL.name, RAIL_SCALE, RAIL.place, cards=tuple(self._line_cards())), board)

    def _handheld(self) -> Panel:
        board = HandheldProcess(self._site.image_of(INSPECTOR), self._site.flash_of(INSPECTOR.name))
        codes = tuple(_codes(self._site))
        return self._panel(Face(INSPECTOR.name, HANDHELD, INSPECTOR.place, codes=codes), board)

    def _panel(self, of: Face, board: ScaleProcess) -> Panel:
        panel = Panel(of, board, list(parts.of(of, board, self._shelf, self._unlocker(of.name))))
        self._shelf.on_new.append(panel.bell.ring)
        return panel

    def _unlocker(self, name: str) -> Callable[[str], tuple[str, str]]:
        def unlock(challenge: str) -> tuple[str, str]:
            words = ("device", "unlock", name, "--challenge", challenge, "--reason", "case opened on the page")
            said = self._site.chengxin(*words, "--ca", str(self._site.directory / "ca"))
            return f"chengxin device unlock {name} --ca CA --challenge {challenge}", said.rpartition(" ")[2]

        return unlock

    def _line_cards(self) -> Iterator[Card]:
        whole = lot_card(self._pigs, "绿源养殖场", certificates=(ANIMAL_CERTIFICATE, *MEAT_CERTIFICATES))
        alive = lot_card(self._pigs, "绿源养殖场", certificates=(ANIMAL_CERTIFICATE,))
        yield Card("lot", Words("批次卡 绿源", "Lot card Lüyuan"), "lot", whole)
        yield Card("alive", Words("批次卡 缺肉检证", "Lot card, meat not certified"), "lot", alive)
        yield Card("buyer", Words(f"购货 {STALL.seller}", f"Buyer {STALL.seller}"), "ours", STALL.card(self._pigs))
        yield from face.no_cards(whole)


def _codes(site: Site) -> Iterator[Code]:
    """Yield what an inspector finds to scan at the stall; the mark is issued by the site's cloud."""
    key = SigningKey((site.node("cloud-01") / "record.key").read_bytes())
    issued = mark.issue(f"{site.url}/e/", mark.Mark(STALL.seller_code, 7, STALL.name, now_ms()), key)
    forged = issued.replace(f"{STALL.seller_code}#", f"{STALLS[1].seller_code}#")
    yield Code("mark", Words("摊位电子标识", "Stall's e-ID mark"), "mark", issued.encode())
    yield Code("forged", Words("伪造标识", "Forged mark"), "forged", forged.encode())
    yield Code("plate", Words("秤铭牌", "Scale's type plate"), "label", STALL.scale.encode())
    yield Code("seal", Words("封条", "Seal"), "label", b"SEAL-00123")
