"""What a terminal says: words for every refusal, labels that are what they seem."""

import re

import pytest
from terminal import screens, voucher_labels

from tests.interpreters import ROOT

REFUSAL = re.compile(r'(?:Rejected|Unavailable)\(\s*"([a-z]+\.[a-z_]+)"')
NEVER_SHOWN = {"card.generation"}


def refusals_in_source() -> set[str]:
    sources = [*(ROOT / "firmware/app/terminal").glob("*.py"), *(ROOT / "firmware/app/cards").glob("*.py")]
    return {code for source in sources for code in REFUSAL.findall(source.read_text(encoding="utf-8"))}


def test_every_refusal_at_the_terminal_has_words() -> None:
    for code in refusals_in_source() - NEVER_SHOWN:
        assert "不能执行" not in screens.words(code, "1000"), code
    assert len(refusals_in_source()) >= 24


def test_what_is_left_is_said_with_the_refusal() -> None:
    assert screens.words("card.overdrawn", "25000") == "超过卡上余量，剩余 25.000 kg"
    assert screens.words("weighing.unstable") == "未稳定"


def labels_in_source() -> list[tuple[str, str]]:
    source = (ROOT / "firmware/app/terminal/voucher_labels.py").read_text(encoding="utf-8")
    return re.findall(r"^([A-Z_]+) = b\".*\"  # (.+)$", source, re.MULTILINE)


@pytest.mark.parametrize(("name", "text"), labels_in_source())
def test_each_gbk_label_is_the_chinese_in_its_comment(name: str, text: str) -> None:
    assert getattr(voucher_labels, name) == text.encode("gbk")


def test_every_label_was_compared() -> None:
    constants = {name for name in vars(voucher_labels) if name.isupper()}
    assert constants == {name for name, _ in labels_in_source()}
