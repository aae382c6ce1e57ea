"""What a line says: words for every refusal, labels that are what they seem, and a tolerance that can be reckoned."""

import re

import pytest
from rail import screens, voucher_labels
from rail.disposal import agrees

from tests.interpreters import ROOT

REFUSAL = re.compile(r'Rejected\(\s*"([a-z]+\.[a-z_]+)"')


def refusals_in_source() -> set[str]:
    sources = [*(ROOT / "firmware/app/rail").glob("*.py"), ROOT / "firmware/app/scale/session.py"]
    return {code for source in sources for code in REFUSAL.findall(source.read_text(encoding="utf-8"))}


def test_every_refusal_of_the_line_has_words() -> None:
    not_at_the_line = {"session.no_lot"}
    for code in refusals_in_source() - not_at_the_line:
        assert "不能执行" not in screens.words(code), code
    assert len(refusals_in_source()) >= 18


def test_what_the_counter_scale_refuses_is_said_in_its_words() -> None:
    assert screens.words("weighing.unstable") == "未稳定"
    assert "flash.broken" in screens.words("flash.broken")


def labels_in_source() -> list[tuple[str, str]]:
    source = (ROOT / "firmware/app/rail/voucher_labels.py").read_text(encoding="utf-8")
    return re.findall(r"^([A-Z_]+) = b\".*\"  # (.+)$", source, re.MULTILINE)


@pytest.mark.parametrize(("name", "text"), labels_in_source())
def test_each_gbk_label_is_the_chinese_in_its_comment(name: str, text: str) -> None:
    assert getattr(voucher_labels, name) == text.encode("gbk")


def test_every_label_was_compared() -> None:
    constants = {name for name in vars(voucher_labels) if name.isupper()}
    assert constants == {name for name, _ in labels_in_source()}


@pytest.mark.parametrize(
    ("condemned", "destroyed", "is_all"),
    [
        ([90_000], 90_000, True),
        ([90_000], 90_600, True),  # two weighings, each three e wrong
        ([90_000], 90_700, False),
        ([90_000], 86_700, True),  # 3 % lost, and the error of two weighings
        ([90_000], 86_600, False),
        ([90_000, 80_000], 90_000, False),
        ([90_000, 80_000], 168_000, True),
    ],
)
def test_what_is_destroyed_weighs_what_was_condemned(condemned: list[int], destroyed: int, is_all: bool) -> None:
    assert agrees(condemned, destroyed, 100) == is_all
