"""What seller and buyer see at the terminal: weight, answer, and who sells what to whom on the last line.

A test checks that every refusal has words here.
"""

from scale import screens
from scale.price import kilograms
from scale.screens import Screen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.contents import Contents

    from terminal.deal import Deal

MESSAGES = """
card.full 购货方卡已满
card.read_only 本机不能写卡
card.overdrawn 超过卡上余量，剩余 %s kg
card.no_lot 卡上无此批次
deal.no_seller 请销货方刷卡
deal.no_buyer 请购货方刷卡
deal.no_lot 卡上无此批次
deal.choose 请按键选批次
deal.same_party 购销双方为同一人
deal.parties 交易未完成，请先确认或清除
deal.shares 份数为 1 至 99
deal.no_stock 此卡无库存，请过秤
deal.nothing 此份重量为零
voucher.nothing 无凭证可补打
notes.flash 存储故障，请报修
weighing.none 请把货物放上秤
sale.repeated 本次称重已用，请取下货物
journal.full 存储已满，停止交易
printer.paper_out 打印机缺纸，已登记，换纸后按 0 补打
printer.jam 打印机卡纸，已登记，修好后按 0 补打
printer.fault 打印机故障，已登记，修好后按 0 补打
"""
"""One line for each code, as in ``scale.screens``, which has the words for weights and cards."""

NO_SELLER = "请销货方刷卡"
NO_BUYER = "请购货方刷卡"

CHOSEN = "已选批次 …"
CLEARED = "已清除"
SHARES = "整批分成 %d 份，取 1 份 %s kg"
DONE = "已成交 %s kg 凭证 %s，请双方刷卡"
WRITTEN = "已写卡 "
REPRINTED = "已补打 %d 张"
UNSETTLED = "此卡在别处改过，未写卡，已上报"


def words(code: str, detail: str = "") -> str:
    """Return the sentence for an error code; for "card.overdrawn" with what is left of the lot."""
    if code == "card.overdrawn":
        detail = kilograms(int(detail))
    return screens.refusal(code, detail, MESSAGES)


def said(what: "Contents") -> str:
    """Return a card in a line: whose it is, and what of each lot is left."""
    lots = []
    for place, (_, lot) in enumerate(what.lots):
        left = " " + kilograms(what.grams[place]) + "kg" if what.grams is not None else ""
        lots.append("%d:…%s%s" % (place + 1, lot[-7:], left))
    return (what.stall or what.seller) + " " + (" ".join(lots) or "无批次")


def line_of(deal: "Deal") -> str:
    """Return who sells which lot to whom, as far as it is known."""
    if deal.seller is None:
        return NO_SELLER
    parts = ["销 " + (deal.seller.contents.stall or deal.seller.code)]
    if deal.place is not None:
        left = deal.left_grams
        parts.append("…" + deal.row[1][-7:] + ("" if left is None else " 余" + kilograms(left) + "kg"))
    parts.append("购 " + (deal.buyer.contents.stall or deal.buyer.code) if deal.buyer else NO_BUYER)
    return " ".join(parts)


class TerminalScreen(Screen):
    """The screen of the counter scale with the words of the terminal, and a beeper: a card is answered with a sound."""

    def __init__(self, display: object, lamps: object, beeper: object) -> None:
        Screen.__init__(self, display, lamps)
        self._beeper = beeper

    def say(self, message: str) -> None:
        """Show ``message`` until the next one, and sound that something was done."""
        Screen.say(self, message)
        self._beeper.sound("done")

    def refuse(self, code: str, detail: str = "") -> None:
        """Show why something was not done, and sound it."""
        Screen.say(self, words(code, detail))
        self._beeper.sound("refused")

    def deal(self, deal: "Deal") -> None:
        """Show the deal on the last line, where the counter scale shows its seller."""
        self._seller = line_of(deal)
        self._bottom()
