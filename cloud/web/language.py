"""Which language a page speaks, and what it says: message catalogues, one file for each room and language.

Why files in gettext's own format, read as they are: translators have tools for it, and there is no compiled copy that
could be older than what a person edits. A message is found by its key (``check.log.held``), so that mending a sentence
in one language leaves the other in its place.
"""

import functools
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
"""The first is shown to whoever asks for neither."""

HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}

_ROOMS = Path(__file__).parent.parent


class Words:
    """Every sentence of one room, over those that all pages share."""

    def __init__(self, room: str) -> None:
        folders = [_ROOMS / name / "locale" for name in dict.fromkeys(("web", room))]
        self._sentences = {
            language: {key: words for folder in folders for key, words in _read(folder / f"{language}.po").items()}
            for language in LANGUAGES
        }

    def say(self, language: str, key: str, **values: object) -> str:
        """Return a sentence with its values filled in; ``KeyError`` for one that does not exist is our own mistake."""
        return self._sentences[language][key].format(**values)

    def every_key(self) -> list[str]:
        """Return all keys of any language, for the test that looks for gaps."""
        return list(dict.fromkeys(key for sentences in self._sentences.values() for key in sentences))

    def both(self, key: str) -> tuple[str, str]:
        """Return a sentence in both languages, unfilled."""
        chinese, english = (self._sentences[language][key] for language in LANGUAGES)
        return chinese, english


@functools.cache
def words_of(room: str) -> Words:
    """Return the sentences of ``cloud/ROOM/locale``, read once."""
    return Words(room)


def preferred(asked: str | None, accept_language: str | None) -> str:
    """Return the language to answer in: what the address asks for, else the browser's wish, else Chinese."""
    if asked in LANGUAGES:
        return str(asked)
    wishes = []
    for place, wish in enumerate((accept_language or "").split(",")):
        tag, _, quality = wish.strip().partition(";q=")
        wishes.append((-_quality(quality), place, tag.split("-")[0].lower()))
    return next((tag for _, _, tag in sorted(wishes) if tag in LANGUAGES), LANGUAGES[0])


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def _read(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}
