"""What the inspector sees: position, question, answer, subject; and a plain sentence for everything that was refused.

Codes come from the ``Rejected`` and ``Unavailable`` errors of the firmware; a test checks that each has words here.
"""

from tracewire import record
from tracewire.vocabulary import TEST_RESULTS, number

from handheld import e_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.record import Record

    from handheld.e_id import Subject
    from handheld.forms import Form

MENU = "1日常巡查 2执法检查 3抽样监测 4复秤 5加抽样"
CANCELLED = "已取消"
PHOTO_TAKEN = "照片已存证"

MESSAGES = {
    "mark.length": "此码不是电子标识",
    "mark.address": "此码不是电子标识",
    "mark.base64": "此码不是电子标识",
    "mark.forged": "电子标识验签失败，疑似伪造",
    "form.choice": "请按屏幕所列数字",
    "form.no_scan": "此项请按键，不能扫码",
    "form.required": "此项必填",
    "form.length": "位数不对",
    "form.number": "数值超出范围",
    "form.label": "此码不是编号",
    "lot.unknown": "此码不含批次",
    "reweigh.range": "砝码超出该秤称量范围",
    "visit.none": "请先登记检查",
    "menu.unknown": "请按屏幕所列数字",
    "key.unknown": "无此按键",
    "journal.full": "存储已满，请联网后再记录",
    "journal.set_back": "存储被回退，停止使用，请送检重新注册",
    "mark.nvram": "存储故障，请报修",
    "journal.nearly_full": "存储将满请联网",
    "journal.flash": "存储故障，未能保存",
}

_RESULTS = {"pending": "待定", "pass": "合格", "fail": "不合格"}
_IDENTIFIED = {e_id.TYPED: "（未扫码）", e_id.SCANNED: "（标识未验签）", e_id.SEALED_MARK: ""}


def refusal(code: str) -> str:
    """Return the sentence for an error code; an unforeseen one is shown as it is, never hidden."""
    return MESSAGES.get(code) or "不能执行：" + code


def subject(who: "Subject | None") -> str:
    """Return who is being visited, and how well that is known."""
    if who is None:
        return "未登记检查对象"
    return "对象 " + (who.name or who.party) + _IDENTIFIED[who.identified_by]


def saved(statement: "Record") -> str:
    """Return what is said about a record that is on flash: its number, and what a person must still know."""
    body, words = statement.body, "已保存 第%d号" % statement.seq
    if statement.kind == record.VISIT:
        words += "" if "latitude_microdegrees" in body else " 无定位"
        return words + (" 未扫码已标记" if body["identified_by"] == e_id.TYPED else "")
    if statement.kind == record.TEST:
        return words + " 样品号 " + body["sample"]
    return words + " " + verdict(body)


def verdict(body: "dict[str, object]") -> str:
    """Return the outcome of a re-weigh test with its tolerance."""
    word = _RESULTS[TEST_RESULTS[body["result"]]]
    difference = body["indicated_grams"] - body["reference_grams"]
    hint = "，需小砝码" if body["result"] == number(TEST_RESULTS, "pending") else ""
    return "%s 误差%+d克 允差±%d克%s" % (word, difference, body["tolerance_milligrams"] // 1000, hint)


class Screen:
    """Four lines and the lamps: position, question, answer, subject and storage. Redraws only what changed."""

    def __init__(self, display: object, lamps: object) -> None:
        self._display = display
        self._lamps = lamps
        self._lines = ["", MENU, "", ""]
        self._subject = subject(None)
        self._storage = ""
        self._lit = None

    def place(self, words: str) -> None:
        """Show how the position is known."""
        self._set(0, words)

    def ask(self, form: "Form | None") -> None:
        """Show the open question, or the menu when no form is open."""
        self._set(1, MENU if form is None else form.title + "：" + form.question.prompt)

    def say(self, message: str) -> None:
        """Show ``message`` until the next one."""
        self._set(2, message)

    def refuse(self, code: str) -> None:
        """Show why something was not done."""
        self.say(refusal(code))

    def subject(self, who: "Subject | None") -> None:
        """Show who is being visited."""
        self._subject = subject(who)
        self._set(3, self._subject + self._storage)

    def storage(self, is_linked: bool, is_pending: bool, warning: str) -> None:
        """Show how the records fare: link up, some not yet in a keeper's hands, ``warning`` code of a full journal."""
        self._storage = "  " + refusal(warning) if warning else ""
        self._set(3, self._subject + self._storage)
        lit = [name for name, is_lit in (("link", is_linked), ("pending", is_pending), ("alarm", warning)) if is_lit]
        if lit != self._lit:
            self._lit = lit
            self._lamps.show(lit)

    def _set(self, line: int, words: str) -> None:
        if self._lines[line] != words or self._lit is None:
            self._lines[line] = words
            self._display.show(self._lines)
