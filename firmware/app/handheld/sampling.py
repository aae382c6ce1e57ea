"""Work within a visit: a sample 抽样 with its retained twin 留样, and the re-weigh test 复秤 of a scale.

A sample's result is "pending" until the laboratory's own record comes. Its number is made here, from the device's key
and the record's number, so no two samples have one; the retained sample has the number on its bag. Seals that were put
on stand in both records.
"""

from binascii import hexlify

from tracewire import cose, mark, record
from tracewire.errors import Rejected
from tracewire.vocabulary import SAMPLING_PLANS, TEST_METHODS, TEST_RESULTS, number

from handheld import forms
from handheld.reweigh import MOST_ADDED_STEPS, UNDECIDED, Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from handheld.visits import Visit

ITEMS = ("克伦特罗（瘦肉精）", "农药残留", "兽药残留", "重金属", "微生物")
"""What is looked for; the laboratory's record may name more."""

_METHODS = tuple([number(TEST_METHODS, word) for word in ("rapid", "laboratory")])
_PLANS = tuple([number(SAMPLING_PLANS, word) for word in ("routine", "scheduled", "unscheduled")])
_MOST_GRAMS = 999999
_MOST_E_GRAMS = 1000


class SampleForm(forms.Form):
    """The questions of one sample; ``kid`` is this device's key identifier."""

    title = "抽样"

    def __init__(self, visit: "Visit", kid: bytes) -> None:
        super().__init__()
        self._visit = visit
        self._kid = kid
        self.questions = (
            forms.Entry("lot", "扫小票或输批次码", forms.digits(8, 24), scanned_lot),
            forms.Choice("item", "1瘦肉精 2农残 3兽残 4重金属 5微生物", ITEMS),
            forms.Choice("method", "1快检 2送实验室", _METHODS),
            forms.Choice("plan", "1例行 2专项计划 3专项临时", _PLANS),
            forms.Entry("retained", "留样袋号，可扫码", forms.as_typed, forms.label),
            forms.Entry("seal", "封条号，无则按确认", forms.as_typed, forms.label, is_optional=True),
            forms.Confirm(),
        )

    def entry(self, next_seq: int, _place: "dict[str, int]") -> "tuple[int, dict[str, object]]":
        """Return kind and body of the test record that will have the number ``next_seq``."""
        body = {
            "sample": sample_number(self._kid, next_seq),
            "result": number(TEST_RESULTS, "pending"),
            "visit_back": next_seq - self._visit.seq,
        }
        body.update(self.given("lot", "item", "method", "plan", "retained", "seal"))
        body.update(self.evidence("document_digest"))
        return record.TEST, body


class ReweighForm(forms.Form):
    """The questions of one comparison of a scale with a reference mass."""

    title = "复秤"

    def __init__(self, visit: "Visit") -> None:
        super().__init__()
        self._visit = visit
        self.questions = (
            forms.Entry("instrument", "扫秤铭牌或输编号", forms.as_typed, forms.label),
            forms.Entry("e_grams", "检定分度值 e（克）", forms.whole_number(_MOST_E_GRAMS)),
            forms.Entry("reference_grams", "标准砝码（克）", forms.whole_number(_MOST_GRAMS)),
            forms.Entry("indicated_grams", "秤示值（克）", forms.whole_number(_MOST_GRAMS, 0)),
            forms.Entry(
                "added_steps", "加0.1e小砝码几个跳字，无则确认", forms.whole_number(MOST_ADDED_STEPS), is_optional=True
            ),
            forms.Entry("seal", "封条号，无则按确认", forms.as_typed, forms.label, is_optional=True),
            forms.Confirm(),
        )

    def applies(self, name: str) -> bool:
        """Ask for small weights only when rounding leaves the verdict open."""
        return name != "added_steps" or self.reading().result() == UNDECIDED

    def check(self) -> None:
        """Refuse a reference mass beyond the scale's class as soon as it is known."""
        if "reference_grams" in self.answers:
            Reading(self.answers["reference_grams"], 0, self.answers["e_grams"]).tolerance_milligrams()

    def reading(self) -> Reading:
        """Return the comparison as far as it is answered."""
        answers = self.answers
        steps = answers.get("added_steps") or None
        return Reading(answers["reference_grams"], answers["indicated_grams"], answers["e_grams"], steps)

    def entry(self, next_seq: int, _place: "dict[str, int]") -> "tuple[int, dict[str, object]]":
        """Return kind and body of the re-weigh record that will have the number ``next_seq``."""
        kind, body = self.reading().entry(self.answers["instrument"], next_seq - self._visit.seq)
        body.update(self.given("seal"))
        body.update(self.evidence("evidence_digest"))
        return kind, body


def sample_number(kid: bytes, seq: int) -> str:
    """Return a sample's number: half of the key identifier and the record's number, short enough to write on a bag."""
    return "%s-%d" % (hexlify(kid[:4]).decode(), seq)


def scanned_lot(code: bytes) -> str:
    """Return the lot that digits, a slip's sale or a voucher's movement name; ``Rejected("lot.unknown")`` for others.

    A bare address is refused: it may be a slip's, whose number is no lot. Nothing is verified: who sealed the slip is
    for the cloud to say, which has every key.
    """
    address, _, fragment = bytes(code).strip().partition(b"#")
    try:
        lot = _lot_of(mark.from_base64url(fragment)) if fragment else address.decode()
    except (Rejected, ValueError, KeyError, IndexError):
        raise Rejected("lot.unknown")
    if not 8 <= len(lot) <= 24 or lot.strip("0123456789"):
        raise Rejected("lot.unknown")
    return lot


def _lot_of(sealed: bytes) -> str:
    """Return the lot that was sold, or the one that a movement made."""
    body = record.decode(cose.parse(sealed).payload).body
    return body["lot"] if "lot" in body else body["outputs"][0][0]
