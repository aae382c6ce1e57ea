"""The public pages have a sentence for everything that can come out, and nothing is written for nobody."""

import re
from pathlib import Path

from tracewire.vocabulary import DOCUMENTS, LOT_SOURCES, MOVEMENTS

from cloud import trace, web
from cloud.codes.reckoning import What
from cloud.trace.endpoints import PHONE_CHECKS
from cloud.web.language import words_of

SOURCES = Path(trace.__file__).parent
SHARED = Path(web.__file__).parent
KEYS = set(words_of("trace").every_key())
SHARED_KEYS = set(words_of("web").every_key())


def test_every_word_of_the_vocabulary_has_a_name() -> None:
    assert {f"paper.{word}" for word in DOCUMENTS} <= KEYS
    assert {f"station.{word}" for word in (*MOVEMENTS, *LOT_SOURCES)} <= KEYS


def test_every_label_on_no_goods_is_told_as_what_it_is() -> None:
    assert {f"missing.label.{what}" for what in What} <= KEYS


def test_every_outcome_on_the_phone_has_a_sentence() -> None:
    wanted = {f"phone.{name}.{outcome}" for name, outcomes in PHONE_CHECKS for outcome in outcomes}
    assert wanted == {key for key in KEYS if key.count(".") == 2 and key.startswith("phone.")}


def test_every_check_has_a_sentence_for_each_way_it_can_come_out() -> None:
    source = (SOURCES / "checks.py").read_text(encoding="utf-8")
    verdicts = re.findall(r'_verdict\(\s*"(\w+)"', source)
    assert verdicts
    for name in verdicts:
        assert {f"check.{name}.held", f"check.{name}.failed"} <= KEYS
    for name, state in re.findall(r'Check\("(\w+)", State\.(\w+)', source):
        assert f"check.{name}.{state.lower()}" in KEYS


def test_nothing_is_written_for_nobody() -> None:
    files = [path for room in (SOURCES, SHARED) for path in room.rglob("*") if path.suffix in (".html", ".py")]
    used = "".join(path.read_text(encoding="utf-8") for path in files)
    composed = (
        "station.",
        "paper.",
        "check.",
        "state.",
        "missing.label.",
        *(f"phone.{name}." for name, _ in PHONE_CHECKS),
    )
    unused = sorted(key for key in KEYS - SHARED_KEYS if not key.startswith(composed) and f'"{key}"' not in used)
    assert [key for key in unused if key not in ("slip", "lot")] == []
