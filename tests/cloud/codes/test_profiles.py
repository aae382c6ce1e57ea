"""Codes are recognised by structure and check, however people type them, and a wrong check is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10, mod_37_36
from tracewire.errors import Rejected

from cloud.codes import gs1, profiles, short, typed
from cloud.codes.gs1 import Link, WeightLabel

SLIP = "35020000100070000012"
BASES = tuple(f"350200001{number:04}" for number in range(1, 4000))


def names(text: str) -> list[tuple[str, bool]]:
    return [(reading.profile.name, reading.is_good) for reading in profiles.read(text)]


LABEL = "3508212600000001"
BATCH = "91350500MAQH6DY1F0" + "21110111" + "261122" + "0007"
GOOD = {
    "slip": SLIP,
    "credit": "91350500MAQH6DY1F0",  # remainder 0: a table indexed by 31 - remainder has no entry for it
    "resident": "11010519491231002X",
    "ear-tag": "135082100000001",
    "gtin": "2112345015002",
    "herb-enterprise": "12345678901235",
    "label": LABEL + mod_11_10.calc_check_digit(LABEL),
    "credit-batch": BATCH + mod_37_36.calc_check_digit(BATCH),
    "short": short.shorten("35020000100010000012", BASES),
    "node": "510100002",
    "party": "3502000019001",
    "medicine": "81234567890123456789",
}


@pytest.mark.parametrize(("name", "code"), GOOD.items())
def test_each_kind_is_recognised(name: str, code: str) -> None:
    assert (name, True) in names(code)


@pytest.mark.parametrize("code", ["91350100M000100Y43", "911101066976941872"])
def test_real_credit_codes_hold(code: str) -> None:
    assert names(code) == [("credit", True)]


@pytest.mark.parametrize("name", ["credit", "resident", "herb-enterprise", "label", "credit-batch", "gtin"])
def test_a_wrong_check_character_is_named_with_the_right_one(name: str) -> None:
    code = GOOD[name]
    wrong = code[:-1] + ("3" if code[-1] != "3" else "4")
    reading = profiles.read_as(profiles.named(name), wrong)
    assert not reading.is_good
    assert reading.expected == code[-1]
    assert f"would be {code[-1]}" in reading.complaint


def test_a_known_wrong_credit_code_is_wrong() -> None:
    (reading,) = profiles.read("91350100M000100Y4A")
    assert (reading.profile.name, reading.expected) == ("credit", "3")


@pytest.mark.parametrize(
    "text",
    [
        SLIP.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)}),
        "3502 0000 1000 7000 0012",
        "3502-0000-1000-7000-0012\u200b",
        "35O2OOOO1000700000l2",
        "35\u041e20000100070000012",
        "\u2462502000010007000001\u2461",
    ],
)
def test_what_people_type_for_a_slip_is_the_slip(text: str) -> None:
    assert typed.digits(text) == SLIP


def test_letters_of_other_scripts_are_ours() -> None:
    assert typed.letters("91350100М000100Y43") == "91350100M000100Y43"  # a Cyrillic letter


@pytest.mark.parametrize("text", ["", "35020", "99999900010070000012", "AI" * 10, "9" * 400, "<script>", "😀" * 20])
def test_what_is_no_code_is_none(text: str) -> None:
    assert [name for name, is_good in names(text) if is_good and name not in ("herb-product", "medicine")] == []


def test_a_number_of_a_person_is_masked() -> None:
    (reading,) = profiles.read("11010519491231002X")
    assert reading.shown == "110105***********X"


@given(base=st.sampled_from(BASES), count=st.integers(1, 9_999_999))
def test_a_short_code_leads_back_and_every_slip_of_the_pen_is_found(base: str, count: int) -> None:
    code = f"{base}{count:07}"
    made = short.shorten(code, BASES)
    assert len(made) <= 9
    assert short.lengthen(made, BASES) == code
    for at in range(len(made)):
        wrong = made[:at] + ("2" if made[at] != "2" else "3") + made[at + 1 :]
        with pytest.raises(Rejected):
            short.lengthen(wrong, BASES)
        swapped = made[:at] + made[at : at + 2][::-1] + made[at + 2 :]
        if swapped != made:
            with pytest.raises(Rejected):
                short.lengthen(swapped, BASES)


@pytest.mark.parametrize(("text", "code"), [("", "code.short"), ("0O1I", "code.short"), ("22222222", "code.check")])
def test_no_short_code(text: str, code: str) -> None:
    with pytest.raises(Rejected, match=code.replace(".", r"\.")):
        short.lengthen(text, BASES)
    with pytest.raises(Rejected, match=r"code\.short"):
        short.shorten("99999999999990000001", BASES)


def test_a_digital_link_carries_goods_lot_and_weight() -> None:
    link = Link("06901234567892", "35020000100030000001", "7", 1_235)
    address = gs1.link_of("trace.example", link)
    assert address == "https://trace.example/01/06901234567892/10/35020000100030000001/21/7?3103=001235"
    assert gs1.parse_link(address) == link
    assert gs1.parse_link("https://a.example/x/01/06901234567892?3101=000012").net_grams == 1_200


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://a.example/01/06901234567892/10/L1/22/A", "gs1.link"),
        ("https://a.example/01/06901234567892/10", "gs1.link"),
        ("https://a.example/10/L1", "gs1.link"),
        ("https://a.example/01/06901234567892/99/L1", "gs1.link"),
        ("https://a.example/01/06901234567893", "gs1.gtin"),
        ("https://a.example/01/6901234567892", "gs1.gtin"),
        ("https://a.example/01/06901234567892/10/" + "L" * 21, "gs1.value"),
        ("https://a.example/01/06901234567892/10/%20", "gs1.value"),
        ("https://a.example/01/06901234567892?3103=12", "gs1.weight"),
        ("https://a.example/01/06901234567892?3105=000001", "gs1.weight"),
        ("https://a.example/01/06901234567892?3103=000001&3102=000001", "gs1.weight"),
    ],
)
def test_a_link_that_gs1_does_not_allow_is_refused(address: str, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        gs1.parse_link(address)
    assert refusal.value.code == code


def test_a_weight_that_does_not_fit_is_refused() -> None:
    with pytest.raises(Rejected, match=r"gs1\.weight"):
        gs1.link_of("a.example", Link("06901234567892", net_grams=1_000_000))


def test_a_weight_label_is_read_as_its_market_says() -> None:
    label = WeightLabel("21", 5, "grams")
    assert label.read("2112345015002") == ("12345", 1_500)
    for wrong in ("2112345015003", "2212345015002", "211234501500"):
        with pytest.raises(Rejected, match=r"gs1\.label"):
            label.read(wrong)
