"""What a person types, pastes or scans in place of a code, made into the code: widths, look-alikes, separators.

NFKC takes care of full-width and circled digits; the tables below, of letters of other scripts that look like ours, and
of letters in a place where only digits can stand. Nothing is guessed beyond that: a wrong digit stays wrong.
"""

import unicodedata

_TO_LATIN = str.maketrans("АВСЕНКМОРТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHKMOPTXYABEZHIKMNOPTYX")
"""Capital Cyrillic and Greek letters that print like Latin ones."""

_TO_DIGIT = str.maketrans("OQIL|ZSB", "00111258")
"""Letters that people write for digits."""

_SEPARATORS = "-‐‑‒–—―_.·•,，、/\\'\"()[]"
_LONGEST = 200
"""Characters that are looked at; no code is longer."""


def letters(text: str) -> str:
    """Return capital letters and digits as typed, without spaces and separators."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST])
    # Format characters (zero-width, direction marks) come along when people copy from chats.
    kept = (each for each in plain if not each.isspace() and unicodedata.category(each) != "Cf")
    return "".join(each for each in kept if each not in _SEPARATORS).upper().translate(_TO_LATIN)


def digits(text: str) -> str:
    """Return the same with letters that stand for digits read as digits; for codes that have digits only."""
    read = letters(text).translate(_TO_DIGIT)
    return "".join(str(unicodedata.digit(each, each)) for each in read)
