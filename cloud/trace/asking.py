"""What somebody asks for: a code in any spelling, a short code, or the whole address of a QR code.

An address of another site is named and not followed: a forged slip may well lead to a page that looks like ours.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from tracewire.errors import Rejected

from cloud.codes import gs1, profiles, short, typed
from cloud.trace.view import is_code

_LONGEST_HOST = 60


@dataclass(frozen=True)
class Asked:
    """A code to look up, or what is wrong with what was typed; empty where it does not apply."""

    code: str = ""
    foreign_host: str = ""
    """The address leads to this other site."""
    kinds: tuple[profiles.Reading, ...] = ()
    """What it would be if its check character were another, or what it is and we know nothing of."""


def understand(text: str, bases: Sequence[str], hosts: Collection[str]) -> Asked:
    """Return what ``text`` asks for; ``bases`` are the registry's code bases, ``hosts`` our own addresses."""
    text = text.strip()
    if text.lower().startswith(("http://", "https://")):
        host, path = _split(text)
        if not host or host not in hosts:
            return Asked(foreign_host=host[:_LONGEST_HOST] or "?")
        text = _of_path(path)
    code = typed.digits(text)
    if is_code(code) and not _is_short(text, bases):
        return Asked(code, kinds=tuple(profiles.read(text)))
    try:
        return Asked(short.lengthen(short.typed(text), bases))
    except Rejected:
        return Asked(kinds=tuple(profiles.read(text)))


def _is_short(text: str, bases: Sequence[str]) -> bool:
    """Tell whether letters make this a short code; eight digits alone are a lot."""
    if typed.letters(text).isdigit():
        return False
    try:
        short.lengthen(short.typed(text), bases)
    except Rejected:
        return False
    return True


def _split(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:  # half an IPv6 address, and the like
        return "", ""
    return parts.netloc, parts.path


def _of_path(path: str) -> str:
    """Return the code in one of our addresses: ``/t/CODE``, or a GS1 Digital Link's lot."""
    try:
        return gs1.parse_link(path).lot
    except Rejected:
        return unquote(path.rpartition("/")[2])
