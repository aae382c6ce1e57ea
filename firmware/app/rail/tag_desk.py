"""What the reader at the rail says, judged: a tag of the right animal, not weighed before, goes to its carcass."""

from tracewire.errors import Rejected

from rail import ear_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from device.refusals import Refusals

    from rail.carcass import Rail
    from rail.carcass_book import CarcassBook


class TagDesk:
    """Frames in, identities out; ``species`` is the digit that every ear tag of this line begins with."""

    def __init__(
        self, rail: "Rail", book: "CarcassBook", history: "History", refusals: "Refusals", species: int
    ) -> None:
        self._rail = rail
        self._book = book
        self._history = history
        self._refusals = refusals
        self._species = species

    def read(self, frame: bytes, now: int) -> None:
        """Take one frame; a reader that repeats itself is not listened to twice.

        Raises Rejected "tag.…", which leaves an audit record: "tag.repeated" each time, damage once an hour.
        """
        if self._rail.is_echo(frame, now):
            return
        kind, digits = self._judge(frame)
        if kind == ear_tags.HOOK:
            self._rail.read_hook(int(digits), now)
            return
        if self._rail.wears(digits):
            return
        if self._book.is_repeated(digits):
            self._refuse(digits, now)
            return
        self._rail.read_tag(digits, now)

    def _judge(self, frame: bytes) -> "tuple[str, str]":
        try:
            kind, digits = ear_tags.read(frame)
            if kind != ear_tags.HOOK:
                ear_tags.check(digits, self._species)
        except Rejected as refusal:
            self._refusals.tell(refusal.code)
            raise
        return kind, digits

    def _refuse(self, tag: str, now: int) -> None:
        if self._rail.lingers(tag, now):
            return
        self._rail.refuse_tag(now)
        self._history.audit("tag_repeated", tag)
        raise Rejected("tag.repeated", tag)
