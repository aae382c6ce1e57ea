"""Every room says everything in both languages, with the same gaps to fill; the language is the reader's."""

from pathlib import Path
from string import Formatter

import pytest

from cloud.web import language
from cloud.web.language import preferred, words_of

ROOMS = sorted(path.parent.name for path in Path(language.__file__).parent.parent.glob("*/locale"))


def _gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_fill_the_same_gaps(room: str) -> None:
    words = words_of(room)
    assert words.every_key()
    for key in words.every_key():
        chinese, english = words.both(key)
        assert chinese.strip(), key
        assert english.strip(), key
        assert _gaps(chinese) == _gaps(english), key


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
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
    asked: str | None, accepted: str | None, chosen: str
) -> None:
    assert preferred(asked, accepted) == chosen
