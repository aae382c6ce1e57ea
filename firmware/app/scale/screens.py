"""What the seller sees: four lines, and a plain sentence for everything that was refused.

Codes come from the ``Rejected`` and ``Unavailable`` errors of the firmware; a test checks that each
has words here.
"""

from tracewire.errors import Rejected, Unavailable

from scale.price import kilograms, yuan
from scale.weighing import BELOW_ZERO, OVERLOAD, SILENT, STABLE, STARTING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from scale.plu import Plu
    from scale.weighing import Reading

MESSAGES = """
weighing.starting 请清空秤盘
weighing.silent 无称重信号，请报修
weighing.unstable 未稳定
weighing.overload 超载
weighing.negative 净重为负
weighing.below_zero 开机时秤上有物，请清空后断电重启
weighing.below_min 低于最小称量
weighing.zero_range 超出置零范围，请取下货物
weighing.loaded 请先清空秤盘
weighing.preset 预置皮重超出范围
plu.unknown 商品未设置
plu.no_price 商品未设置单价
session.none 请刷卡
session.card 此卡无法识别
session.no_lot 卡上无此商品批次，请先登记进货
card.foreign 此卡不是本系统的卡
card.copied 此卡为复制卡，请交管理员
card.rolled_back 此卡内容被退回旧值，请交管理员
card.damaged 此卡已损坏，请到发卡处补发
card.blank 此卡未发行
card.contents 此卡内容无法识别
card.identifier_only 此卡只作身份识别
card.gone 卡已离开，请再刷一次
card.lost 此卡已挂失，请交市场办公室
card.suspended 商户已暂停经营，请到市场办公室
reader.silent 读卡器无应答，请报修
reader.garbled 读卡器信号有误
sale.repeated 本次称重已售，请取下货物
key.unknown 无此按键
lock.locked 秤已锁，不能销售
lock.case_open 请先合上机箱
lock.wait 解锁码有误，请稍后再试
lock.wrong 解锁码有误
lock.renewed 解锁码有误，询问码已更换，请重新致电
lock.flash 存储故障，请报修
plu.flash 存储故障，价格未改
module.changed 称重模块设置被改，请报修
module.silent 称重模块无应答，请报修
journal.full 存储已满暂停销售
journal.nearly_full 存储将满请联网
journal.set_back 存储被回退，停止使用，请送检重新注册
journal.flash 存储故障，请报修
mark.nvram 存储故障，请报修
printer.paper_out 打印机缺纸，交易已记录，换纸后按0补打
printer.jam 打印机卡纸，交易已记录，修好后按0补打
printer.fault 打印机故障，交易已记录，修好后按0补打
slip.flash 存储故障，小票未留存，交易已记录
power.low 电量低，请充电
clock.not_set 时钟未设置，请联网
lot.frozen 此批次已冻结
lot.overdrawn 超出批次余量，剩余 %s
"""
"""One line for each code. One text and not a dict: on a board it stays in the ROM; a dict took 2.8 KB of heap."""

NEW_PRICES = "价格已由平台更新"
NEW_FREEZE = "批次冻结名单已更新"
NEW_STOPS = "停业和挂失名单已更新"
SIGNED_IN = "已刷卡 "
SIGNED_OUT = "已签退"
TARED = "已去皮"
UNTARED = "皮重已清除"
ZEROED = "已置零"
NO_SELLER = "请刷卡"
LOCKED = "机箱被打开，秤已锁 询问码 "
UNLOCK_BY = "致电计量监管报询问码，再输入8位解锁码"
UNLOCKED = "已解锁"
CHOOSE = "设置：按商品键改价，按去皮键预置皮重"
REPRINTED = "已补打 %d 张，还有 %d 张"
PRESET = "预置皮重 PT kg "

_STATES = {STARTING: "请清空秤盘", OVERLOAD: "超载 ----", SILENT: "----", STABLE: "稳定"}


def refusal(code: str, detail: str = "", messages: str = MESSAGES) -> str:
    """Return the sentence for an error code, with ``detail`` where it has a place for it.

    What ``messages`` has no words for is said as the counter scale says it, an unforeseen code as it is, never hidden.
    """
    found = messages.find("\n" + code + " ")
    if found < 0:
        return "不能执行：" + code if messages is MESSAGES else refusal(code, detail)
    start = found + len(code) + 2
    words = messages[start : messages.find("\n", start)]
    return words % detail if "%s" in words else words


def weight_lines(reading: "Reading") -> "list[str]":
    """Return the two lines of the weight: net and state, then gross zero or tare."""
    if reading.state in (STARTING, OVERLOAD, SILENT):
        return [_STATES[reading.state], ""]
    state = _STATES.get(reading.state, "")
    marks = "→0←" if reading.is_zero else ""
    if reading.tare_grams:
        name = "预置皮重 PT " if reading.is_preset else "皮重 "  # R 76-1, 4.7.3
        marks = name + kilograms(reading.tare_grams) + " kg " + marks
    if reading.state == BELOW_ZERO:
        marks = refusal("weighing.below_zero")
    return ["净重 " + kilograms(reading.net_grams) + " kg " + state, marks]


def sold(goods: "Plu", amount: int) -> str:
    """Return the line for a finished sale."""
    return goods.name + " " + yuan(goods.price_fen_per_kg) + "元/kg 合计 " + yuan(amount) + "元"


def lamps_of(reading: "Reading") -> "list[str]":
    """Return the lamps that tell the state of the weight."""
    lit = []
    if reading.state == STABLE:
        lit.append("stable")
        if reading.is_zero:
            lit.append("zero")
    if reading.tare_grams:
        lit.append("net")
    return lit


class Screen:
    """Four lines and the lamps: weight, marks, message, seller and storage. Redraws only what changed."""

    def __init__(self, display: object, lamps: object) -> None:
        self._display = display
        self._lamps = lamps
        self._lines = ["", "", "", ""]
        self._seller = NO_SELLER
        self._storage = self._locked = ""
        self._weight_lamps = []
        self._other_lamps = []
        self._lit = None

    def weight(self, reading: "Reading") -> None:
        """Show the indication of the scale."""
        self._set(0, weight_lines(reading))
        self._weight_lamps = lamps_of(reading)
        self._light()

    def say(self, message: str) -> None:
        """Show ``message`` until the next one."""
        self._set(2, [message])

    def refuse(self, code: str, detail: str = "") -> None:
        """Show why something was not done."""
        self.say(refusal(code, detail))

    def reprinted(self, count: int, left: int) -> None:
        """Show how much of what the printer owed is on paper now."""
        self.say(REPRINTED % (count, left))

    def attempt(self, action: "Callable[..., None]", *arguments: object) -> None:
        """Do something that may be refused, and say so: nothing that a person asks for ends in silence."""
        try:
            action(*arguments)
        except (Rejected, Unavailable) as refusal:
            self.refuse(refusal.code, refusal.detail)

    def seller(self, stall: "str | None") -> None:
        """Show who is selling, or that a card is needed."""
        self._seller = NO_SELLER if stall is None else "摊位 " + stall
        self._bottom()

    def lock(self, line: str) -> None:
        """Show on the last line, in place of everything else there, why the scale is locked; "" when it is not."""
        self._locked = line
        self._bottom()

    def storage(self, is_linked: bool, is_pending: bool, warning: str) -> None:
        """Show how the records fare: link up, some not yet in a keeper's hands, ``warning`` code of a full journal."""
        self._storage = "  " + refusal(warning) if warning else ""
        self._bottom()
        states = (("link", is_linked), ("pending", is_pending), ("alarm", warning or self._locked))
        self._other_lamps = [name for name, lit in states if lit]
        self._light()

    def _bottom(self) -> None:
        self._set(3, [self._locked or self._seller + self._storage])

    def _light(self) -> None:
        lit = self._weight_lamps + self._other_lamps
        if lit != self._lit:
            self._lit = lit
            self._lamps.show(lit)

    def _set(self, first: int, lines: "list[str]") -> None:
        if self._lines[first : first + len(lines)] != lines:
            self._lines[first : first + len(lines)] = lines
            self._display.show(self._lines)
