"""A visit at an operator's stall: 日常巡查, 执法检查 or 抽样监测, where it was, what was found, what was sealed.

The subject comes from the electronic identity mark. A visit whose code was keyed in is allowed, because marks get wet
and torn, and its record says so (Zhengzhou measures art. 11.3). A position stands in the record as the receiver had it,
with its accuracy and age; without one the record says "no fix". Photos follow later; their digest is sealed now.
"""

from tracewire import record
from tracewire.vocabulary import FINDINGS, VISITS, number

from handheld import e_id, forms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.p256 import VerifyingKey
    from tracewire.record import Record

    from handheld.e_id import Subject

PATROL = number(VISITS, "patrol")
ENFORCEMENT = number(VISITS, "enforcement")
SAMPLING = number(VISITS, "sampling")
TITLES = {PATROL: "日常巡查", ENFORCEMENT: "执法检查", SAMPLING: "抽样监测"}

_FINDINGS = tuple([number(FINDINGS, word) for word in ("in_order", "mismatch", "device_fault", "violation")])


class Visit:
    """A visit that is on flash: samples and re-weighings name it by how far back it stands."""

    def __init__(self, seq: int, subject: "Subject", visit: int) -> None:
        self.seq = seq
        self.subject = subject
        self.visit = visit


class VisitForm(forms.Form):
    """The questions of a visit of type ``visit``; ``subject`` is who was scanned before it began, or None."""

    def __init__(self, visit: int, subject: "Subject | None", issuers: "list[VerifyingKey]") -> None:
        super().__init__()
        self.title = TITLES[visit]
        self._visit = visit
        party = forms.digits(9, 13)
        self.questions = (
            forms.Entry(
                "subject",
                "扫电子标识或输主体码",
                lambda typed: e_id.typed(party(typed)),
                lambda code: e_id.scanned(code, issuers),
            ),
            forms.Choice("finding", "1正常 2不符 3设备故障 4违规", _FINDINGS),
            forms.Entry("seal", "封条号，无则按确认", forms.as_typed, forms.label, is_optional=True),
            forms.Confirm(),
        )
        if subject is not None:
            self.answers["subject"] = subject

    def entry(self, _next_seq: int, place: "dict[str, int]") -> "tuple[int, dict[str, object]]":
        """Return kind and body of the visit record; ``place`` is what ``Whereabouts.fields`` said."""
        body = {"visit": self._visit}
        body.update(self.answers["subject"].fields())
        body.update(place)
        body.update(self.given("finding", "seal"))
        body.update(self.evidence("evidence_digest"))
        return record.VISIT, body

    def made(self, statement: "Record") -> Visit:
        """Return the visit that ``statement``, now on flash, began."""
        return Visit(statement.seq, self.answers["subject"], self._visit)
