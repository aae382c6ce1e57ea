"""What the handheld asks and takes: answers by key and scan, one step back at a time, and words for every refusal."""

import re
from binascii import b2a_base64

import pytest
from handheld import e_id, forms, sampling, screens, visits
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cose, p256, record
from tracewire.errors import Rejected

from tests.interpreters import ROOT

KEY = p256.SigningKey(bytes(range(1, 33)))
VISIT = visits.Visit(12, e_id.typed("3502000010101"), visits.SAMPLING)
LOT = "35020000100070000003"
BOUGHT = "35020000100050000009"
PLACE = {"fix_quality": 0}
KEYS = ["enter", "clear", "plu1", *(f"digit{digit}" for digit in range(10))]
CODE = re.compile(r'Rejected\(\s*"([a-z]+\.[a-z_]+)"')
SPOKEN = ("app.py", "forms.py", "e_id.py", "reweigh.py", "sampling.py")


def press(form: forms.Form, keys: str) -> None:
    for word in keys.split():
        for key in [f"digit{digit}" for digit in word] if word.isdecimal() else [word]:
            form.press(key)


def code_of(form: forms.Form, keys: str) -> str:
    with pytest.raises(Rejected) as refusal:
        press(form, keys)
    return refusal.value.code


def a_visit(visit: int = visits.PATROL, subject: e_id.Subject | None = None) -> visits.VisitForm:
    return visits.VisitForm(visit, subject, [])


def test_a_subject_scanned_before_the_form_is_not_asked_for_again() -> None:
    assert a_visit().question.name == "subject"
    assert a_visit(subject=VISIT.subject).question.name == "finding"


def test_a_refused_answer_leaves_the_question_open() -> None:
    form = a_visit()
    assert code_of(form, "enter") == "form.required"
    assert code_of(form, "123 enter") == "form.length"
    assert code_of(form, "plu1") == "key.unknown"
    assert (form.question.name, form.typed) == ("subject", "123")
    press(form, "456789 enter")
    assert code_of(form, "5") == "form.choice"
    assert code_of(form, "enter") == "form.choice"
    with pytest.raises(Rejected):
        form.scan(b"anything")
    assert form.question.name == "finding"


def test_back_takes_digits_then_answers_then_nothing() -> None:
    form = a_visit()
    press(form, "350200001 enter 1 77")
    assert form.back() and (form.typed, form.question.name) == ("", "seal")
    assert form.back() and form.question.name == "finding"
    assert form.back() and form.question.name == "subject"
    assert not form.back()


def test_no_answer_can_be_longer_than_a_label() -> None:
    form = a_visit(subject=VISIT.subject)
    assert code_of(form, "1 " + "7" * 33) == "form.length"
    assert len(form.typed) == 32


@pytest.mark.parametrize("code", [b"", b"x" * 33, b"\x00", "封条".encode(), b"a\tb"])
def test_a_label_is_short_plain_ascii(code: bytes) -> None:
    with pytest.raises(Rejected):
        forms.label(code)
    assert forms.label(b" SEAL-1\r") == "SEAL-1"


@given(st.lists(st.one_of(st.sampled_from(KEYS), st.binary(max_size=40)), max_size=60), st.integers(0, 2))
def test_whatever_is_pressed_and_scanned_a_finished_form_makes_a_record(events: list[str | bytes], which: int) -> None:
    make = (a_visit, lambda: sampling.SampleForm(VISIT, KEY.kid), lambda: sampling.ReweighForm(VISIT))[which]
    form = make()
    for event in events:
        try:
            if event == "clear":
                form.back()
            elif isinstance(event, str):
                form.press(event)
            else:
                form.scan(event)
        except Rejected:
            continue
        if form.question is None:
            kind, body = form.entry(20, PLACE)
            record.Record(kind, body, 20, b"\x01" * 32, 1, (0, 0, 0), 1).encode()
            form = make()


def test_every_form_can_be_finished_with_keys_alone() -> None:
    stories = (
        (a_visit(), "3502000010101 enter 2 77 enter enter", record.VISIT),
        (sampling.SampleForm(VISIT, KEY.kid), f"{LOT} enter 1 1 1 9 enter enter enter", record.TEST),
        (sampling.ReweighForm(VISIT), "1 enter 5 enter 1000 enter 1000 enter enter enter", record.REWEIGH),
    )
    for form, keys, kind in stories:
        press(form, keys)
        assert form.question is None
        made, body = form.entry(20, PLACE)
        assert made == kind
        assert record.Record(made, body, 20, b"\x01" * 32, 1, (0, 0, 0), 1).encode()


def test_small_weights_are_asked_for_only_when_rounding_leaves_the_verdict_open() -> None:
    form = sampling.ReweighForm(VISIT)
    press(form, "1 enter 5 enter 1000 enter 1005 enter")
    assert form.question.name == "added_steps"
    assert code_of(form, "11 enter") == "form.number"
    form.back()
    press(form, "enter enter enter")
    assert form.entry(20, PLACE)[1]["result"] == 0


def test_a_reference_mass_beyond_the_scale_is_refused_at_once() -> None:
    form = sampling.ReweighForm(VISIT)
    assert code_of(form, "1 enter 5 enter 50001 enter") == "reweigh.range"
    assert form.question.name == "reference_grams"


def slip(body: dict[str, object] | None = None, kind: int = record.SALE) -> bytes:
    sale = {
        "net_grams": 812, "tare_grams": 12, "price_fen_per_kg": 3280, "amount_fen": 2663,
        "plu": 3, "lot": LOT, "weighing_back": 1,
    }  # fmt: skip
    payload = record.Record(kind, body or sale, 2, b"\x01" * 32, 1, (1, 812, 2663), 1).encode()
    sealed = b2a_base64(cose.seal(payload, cose.RECORD, KEY)).strip().rstrip(b"=")
    return b"http://h/t/35020000100070000012#" + sealed.replace(b"+", b"-").replace(b"/", b"_")


def test_a_lot_is_read_off_a_voucher_or_out_of_a_slip() -> None:
    assert sampling.scanned_lot(LOT.encode() + b"\r\n") == LOT
    assert sampling.scanned_lot(slip()) == LOT
    moved: dict[str, object] = {"movement": 1, "inputs": ((LOT, 900),), "outputs": ((BOUGHT, 900),), "voucher": BOUGHT}
    assert sampling.scanned_lot(slip(moved, record.MOVEMENT)) == BOUGHT


@pytest.mark.parametrize(
    "code",
    [b"", b"1234567", b"9" * 25, "３５０２００００".encode(), b"\xff\xfe" * 5, b"http://h/t/35020000100070000012",
     slip()[:-9], slip({"before_ms": 1, "source": 1}, record.CLOCK), b"x#AAAA"],
)  # fmt: skip
def test_a_code_without_a_lot_is_refused(code: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        sampling.scanned_lot(code)
    assert refusal.value.code == "lot.unknown"


@given(st.binary(max_size=640))
def test_no_scanned_bytes_do_more_than_be_refused(code: bytes) -> None:
    for question in (a_visit(), sampling.SampleForm(VISIT, KEY.kid), sampling.ReweighForm(VISIT)):
        try:
            question.scan(code)
        except Rejected as refusal:
            assert refusal.code in screens.MESSAGES


def test_every_refusal_an_inspector_can_meet_has_words() -> None:
    sources = [ROOT / "firmware/app/handheld" / name for name in SPOKEN] + [ROOT / "firmware/lib/tracewire/mark.py"]
    codes = {code for source in sources for code in CODE.findall(source.read_text(encoding="utf-8"))}
    behind_a_seal = {"mark.field", "mark.version", "mark.party"}  # e_id turns these into "mark.forged"
    assert codes - behind_a_seal <= set(screens.MESSAGES)
    assert len(codes) >= 14
    assert "flash.broken" in screens.refusal("flash.broken")


def test_what_was_saved_is_said_with_what_a_person_must_know() -> None:
    body = {"visit": 1, "subject": "3502000010101", "identified_by": e_id.TYPED, "fix_quality": 0}
    assert screens.saved(record.Record(record.VISIT, body, 7, b"", 0)) == "已保存 第7号 无定位 未扫码已标记"
    assert screens.subject(None) == "未登记检查对象"
    assert screens.subject(e_id.Subject("3502000010101", e_id.SCANNED)) == "对象 3502000010101（标识未验签）"
    pending = {"reference_grams": 1000, "indicated_grams": 1005, "tolerance_milligrams": 5000, "result": 0}
    assert screens.verdict(pending) == "待定 误差+5克 允差±5克，需小砝码"
