"""What an inspector is asked, one question at a time, and how a key, a scan or a photo becomes an answer.

Each form is a table of questions. Which question is open follows from the answers alone, so going back is taking an
answer away. Nothing is recorded before the last question, ``Confirm``; a form that is left, or cut off by a dead
battery, leaves no trace.
"""

from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST_LABEL = 32  # bytes, as in the record


class Choice:
    """One key among a few: 1 stands for the first of ``values``."""

    def __init__(self, name: str, prompt: str, values: "tuple[object, ...]") -> None:
        self.name = name
        self.prompt = prompt
        self._values = values

    def digit(self, typed: str) -> object:
        """Return what the digit stands for."""
        position = int(typed)
        if not 1 <= position <= len(self._values):
            raise Rejected("form.choice")
        return self._values[position - 1]

    def enter(self, _typed: str) -> object:
        """Refuse: a choice is one digit."""
        raise Rejected("form.choice")

    def scan(self, _code: bytes) -> object:
        """Refuse: a choice is one digit."""
        raise Rejected("form.no_scan")


class Entry:
    """Digits and then enter, or a scan where ``scanned`` is given; ``read`` makes the answer out of the digits."""

    def __init__(
        self,
        name: str,
        prompt: str,
        read: "Callable[[str], object]",
        scanned: "Callable[[bytes], object] | None" = None,
        is_optional: bool = False,
    ) -> None:
        self.name = name
        self.prompt = prompt
        self._read = read
        self._scanned = scanned
        self._is_optional = is_optional

    def digit(self, typed: str) -> None:
        """Go on waiting for enter; ``Rejected("form.length")`` when no answer is so long."""
        if len(typed) > MOST_LABEL:
            raise Rejected("form.length")

    def enter(self, typed: str) -> object:
        """Return the answer; nothing typed skips an optional question."""
        if typed:
            return self._read(typed)
        if self._is_optional:
            return SKIPPED
        raise Rejected("form.required")

    def scan(self, code: bytes) -> object:
        """Return the answer that was scanned."""
        if self._scanned is None:
            raise Rejected("form.no_scan")
        return self._scanned(code)


class Confirm(Choice):
    """The last question: enter saves."""

    def __init__(self) -> None:
        super().__init__("confirmed", "按确认保存，可先拍照取证", ())

    def enter(self, _typed: str) -> object:
        """Agree."""
        return True


SKIPPED = ""
"""The answer to an optional question that does not apply; falsy, and no field of a record."""


class Form:
    """The open questions of one record. ``answers`` by name, ``typed`` the digits of the open question.

    A subclass gives ``TITLE`` and ``questions`` and makes the record: ``entry``, and ``done`` for what comes after.
    """

    TITLE = ""

    def __init__(self) -> None:
        self.questions = ()
        self.answers = {}
        self.typed = ""
        self.evidence_digest = None
        self._order = []

    @property
    def question(self) -> "Choice | Entry | None":
        """The open question, None when all are answered."""
        for question in self.questions:
            if question.name not in self.answers and self.applies(question.name):
                return question
        return None

    def applies(self, _name: str) -> bool:
        """Tell whether a question is to be asked, given the answers so far."""
        return True

    def press(self, key: str) -> None:
        """Take a digit or enter; ``Rejected`` leaves everything as it was."""
        if key == "enter":
            self._answer(self.question.enter(self.typed))
        elif key.startswith("digit"):
            typed = self.typed + key[5:]
            answer = self.question.digit(typed)
            if answer is None:
                self.typed = typed
            else:
                self._answer(answer)
        else:
            raise Rejected("key.unknown", key)

    def scan(self, code: bytes) -> None:
        """Take a scanned code as the answer."""
        self._answer(self.question.scan(code))

    def back(self) -> bool:
        """Take back what was typed, or else the last answer; False when there is nothing left to take back."""
        if self.typed:
            self.typed = ""
        elif self._order:
            del self.answers[self._order.pop()]
        else:
            return False
        return True

    def _answer(self, answer: object) -> None:
        name = self.question.name
        self.answers[name] = answer
        try:
            self.check()
        except Rejected:
            del self.answers[name]
            raise
        self._order.append(name)
        self.typed = ""

    def check(self) -> None:
        """Raise ``Rejected`` when the answers so far cannot stand together."""

    def given(self, *names: str) -> "dict[str, object]":
        """Return those of ``names`` that were answered and not skipped."""
        return {name: self.answers[name] for name in names if self.answers.get(name, SKIPPED) != SKIPPED}

    def evidence(self, field: str) -> "dict[str, object]":
        """Return the newest photo's digest as ``field``; the file itself follows later."""
        return {} if self.evidence_digest is None else {field: self.evidence_digest}


def label(code: bytes) -> str:
    """Return a number that stands on a thing, scanned; ``Rejected("form.label")`` unless it is short plain ASCII."""
    text = bytes(code).strip()
    if not 0 < len(text) <= MOST_LABEL or min(text) < 32 or max(text) > 126:
        raise Rejected("form.label")
    return text.decode()


def whole_number(most: int, least: int = 1) -> "Callable[[str], int]":
    """Return a reader of typed numbers from ``least`` to ``most``."""

    def read(typed: str) -> int:
        value = int(typed)
        if not least <= value <= most:
            raise Rejected("form.number")
        return value

    return read


def digits(least: int, most: int) -> "Callable[[str], str]":
    """Return a reader of typed codes of ``least`` to ``most`` digits."""

    def read(typed: str) -> str:
        if not least <= len(typed) <= most:
            raise Rejected("form.length")
        return typed

    return read


def as_typed(typed: str) -> str:
    """Return the digits themselves."""
    return typed
