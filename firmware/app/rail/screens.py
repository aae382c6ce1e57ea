"""What is seen and heard at the rail: four lines, a plain sentence and a sound for everything that happens.

Nobody at a line reads long: one short beep is a carcass with its tag, two are one that is flagged, a long one says that
something was refused and why is on the screen. A test checks that every refusal has words.
"""

from scale import screens
from scale.price import kilograms
from scale.screens import Screen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rail.carcass import Carcass

MESSAGES = """
tag.frame 读卡器信号有误
tag.checksum 读卡器信号有误
tag.species 耳标畜种不符
tag.county 耳标县区码有误
tag.animal 耳标编号有误
tag.repeated 耳标重复，未登记
tag.late 耳标读取过晚，已按挂钩登记
lot.none 请刷批次卡
lot.card 此批次卡无法识别
lot.no_quarantine 批次卡无动物检疫证
lot.no_place 此键无批次
carcass.none 轨道上无胴体
carcass.recorded 胴体已登记
carcass.condemned 胴体已判不合格
disposal.nothing 无待处置胴体
disposal.full 待处置胴体已满，请先处置
disposal.mismatch 重量与不合格胴体不符
voucher.no_quarantine 缺产品检疫证，不能出证
voucher.no_quality 缺品质检验证，不能出证
voucher.nothing 无可出证胴体
session.card 此卡无法识别
journal.full 存储已满，停止登记
printer.paper_out 打印机缺纸，已登记，换纸后重打
printer.jam 打印机卡纸，已登记，修好后重打
"""
"""One line for each code, as in ``scale.screens``, which has the words for weights."""

NO_LOT = "请刷批次卡"
LOT_SET = "批次 "
CONDEMNED = "已判不合格 "
DISPOSAL_AWAITED = "处置称重：请挂上不合格胴体"
DISPOSAL_ENDED = "处置称重已取消"
DESTROYED = "已处置 %d 头"
HANDED_OVER = "已出证 %d 头 凭证 %s"


def words(code: str, detail: str = "") -> str:
    """Return the sentence for an error code."""
    return screens.refusal(code, detail, MESSAGES)


def carcass_line(carcass: "Carcass") -> str:
    """Return the line for a carcass that is recorded: number, mass, and the end of its tag, or that it has none."""
    identity = carcass.identity
    name = "耳标 …" + identity.tag[-8:] if identity.tag else "无耳标 挂钩 %d" % identity.hook
    return "%s号 %s kg %s" % (carcass.code[-7:].lstrip("0"), kilograms(carcass.reading.net_grams), name)


class RailScreen(Screen):
    """The screen of the counter scale with the words of the rail, and a beeper beside it."""

    def __init__(self, display: object, lamps: object, beeper: object) -> None:
        Screen.__init__(self, display, lamps)
        self._beeper = beeper

    def refuse(self, code: str, detail: str = "") -> None:
        """Show why something was not done, and sound it."""
        self.say(words(code, detail))
        self._beeper.sound("refused")

    def recorded(self, carcass: "Carcass") -> None:
        """Show a carcass that is on flash, and sound whether it has its tag."""
        self.say(carcass_line(carcass))
        self._beeper.sound("done" if carcass.identity.tag else "flagged")

    def condemned(self, carcass: "Carcass") -> None:
        """Show a carcass that failed its inspection."""
        self.say(CONDEMNED + carcass_line(carcass))
        self._beeper.sound("flagged")

    def bottom(self, text: str) -> None:
        """Show the lot on the last line, where the counter scale shows its seller."""
        self._seller = text  # drawn with the state of the storage, twenty times a second
