"""What a seller reads: the weight as it is, and words for every refusal the firmware can utter."""

import re

import pytest
from scale import screens
from scale.weighing import BELOW_ZERO, MOVING, OVERLOAD, STABLE, STARTING, Reading

from tests.interpreters import ROOT

REFUSAL = re.compile(r'Rejected\(\s*"((?:weighing|plu|session|sale|key)\.[a-z_]+)"')
NOT_FOR_SELLERS = {"plu.format"}  # stops the boot, before there is a screen


def refusals_in_source() -> set[str]:
    sources = (ROOT / "firmware/app/scale").glob("*.py")
    return {code for source in sources for code in REFUSAL.findall(source.read_text(encoding="utf-8"))}


def test_every_refusal_of_the_scale_has_words() -> None:
    assert refusals_in_source() - NOT_FOR_SELLERS <= {line.partition(" ")[0] for line in screens.MESSAGES.splitlines()}
    assert len(refusals_in_source()) >= 12


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("weighing.unstable", "未稳定"),
        ("weighing.below_min", "低于最小称量"),
        ("weighing.overload", "超载"),
        ("weighing.negative", "净重为负"),
        ("session.none", "请刷卡"),
        ("plu.unknown", "商品未设置"),
        ("journal.nearly_full", "存储将满请联网"),
        ("journal.full", "存储已满暂停销售"),
    ],
)
def test_a_refusal_is_said_in_the_words_of_the_trade(code: str, words: str) -> None:
    assert screens.refusal(code) == words


def test_an_unforeseen_code_is_shown_and_not_hidden() -> None:
    assert "flash.broken" in screens.refusal("flash.broken")


def test_the_weight_is_shown_with_its_state() -> None:
    assert screens.weight_lines(Reading(STABLE, 520)) == ["净重 0.520 kg 稳定", ""]
    assert screens.weight_lines(Reading(MOVING, 520, 50)) == ["净重 0.470 kg ", "皮重 0.050 kg "]
    assert screens.weight_lines(Reading(STABLE, 0, 50))[0] == "净重 -0.050 kg 稳定"
    assert screens.weight_lines(Reading(BELOW_ZERO, -500)) == ["净重 -0.500 kg ", "开机时秤上有物，请清空后断电重启"]


def test_zero_is_marked_and_overload_shows_no_number() -> None:
    assert "→0←" in screens.weight_lines(Reading(STABLE, 0, is_zero=True))[1]
    for state in (OVERLOAD, STARTING):
        assert not any(character.isdigit() for character in "".join(screens.weight_lines(Reading(state))))


@pytest.mark.parametrize(
    ("reading", "lamps"),
    [
        (Reading(STABLE, 0, is_zero=True), ["stable", "zero"]),
        (Reading(MOVING, 0, is_zero=True), []),
        (Reading(STABLE, 520, 50), ["stable", "net"]),
        (Reading(STARTING), []),
    ],
)
def test_lamps_tell_the_state_of_the_weight(reading: Reading, lamps: list[str]) -> None:
    assert screens.lamps_of(reading) == lamps
