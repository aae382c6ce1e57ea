"""Both languages say everything, with the same gaps to fill, and nothing is written for nobody."""

import re
from pathlib import Path
from string import Formatter

import pytest
from tracewire.vocabulary import DOCUMENTS, LOT_SOURCES, MOVEMENTS

from cloud.trace import catalogue
from cloud.trace.endpoints import PHONE_CHECKS

SOURCES = Path(catalogue.__file__).parent


def _gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", catalogue.every_key())
def test_both_languages_fill_the_same_gaps(key: str) -> None:
    chinese, english = catalogue.both(key)
    assert chinese.strip()
    assert english.strip()
    assert _gaps(chinese) == _gaps(english)


def test_every_word_of_the_vocabulary_has_a_name() -> None:
    keys = set(catalogue.every_key())
    assert {f"paper.{word}" for word in DOCUMENTS} <= keys
    assert {f"station.{word}" for word in (*MOVEMENTS, *LOT_SOURCES)} <= keys


def test_every_outcome_on_the_phone_has_a_sentence() -> None:
    wanted = {f"phone.{name}.{outcome}" for name, outcomes in PHONE_CHECKS for outcome in outcomes}
    assert wanted == {key for key in catalogue.every_key() if key.count(".") == 2 and key.startswith("phone.")}


def test_every_check_has_a_sentence_for_each_way_it_can_come_out() -> None:
    source = (SOURCES / "checks.py").read_text(encoding="utf-8")
    keys = set(catalogue.every_key())
    verdicts = re.findall(r'_verdict\(\s*"(\w+)"', source)
    assert verdicts
    for name in verdicts:
        assert {f"check.{name}.held", f"check.{name}.failed"} <= keys
    for name, state in re.findall(r'Check\("(\w+)", State\.(\w+)', source):
        assert f"check.{name}.{state.lower()}" in keys


def test_nothing_is_written_for_nobody() -> None:
    used = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*") if path.suffix in (".html", ".py"))
    used = used.replace(Path(catalogue.__file__).read_text(encoding="utf-8"), "")
    composed = ("station.", "paper.", "check.", "state.", *(f"phone.{name}." for name, _ in PHONE_CHECKS))
    unused = [key for key in catalogue.every_key() if not key.startswith(composed) and f'"{key}"' not in used]
    assert [key for key in unused if key not in ("slip", "lot")] == []


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, None, "zh"),
        ("en", "zh", "en"),
        ("xx", "en", "en"),
        (None, "de, en;q=0.5, zh;q=0.4", "en"),
        (None, "en;q=nonsense, zh;q=0.1", "zh"),
        (None, ",,;q=", "zh"),
    ],
)
def test_the_language_is_what_was_asked_then_what_is_preferred(
    asked: str | None, accepted: str | None, language: str
) -> None:
    assert catalogue.preferred(asked, accepted) == language
