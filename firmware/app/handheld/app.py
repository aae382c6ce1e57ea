"""The flow of the inspector's handheld: choose, answer, confirm; sign and journal; wake the publisher.

    ask         ``forms``: one question at a time, by key, scan or photo
    2 sign      ``tracewire.cose``, inside ``device.history``
    3 journal   ``device.journal``, inside ``device.history``: on flash when ``write`` returns
    4 publish   ``device.publisher`` reads the journal, when there is a network; nothing here waits for one

A record is made by the last key of a form and by nothing else, from what the form and the receiver say at that moment.
The visit that is open is kept in memory only: after a power cut the inspector stands before a stall and scans again.
"""

from tracewire.errors import Rejected, Unavailable

from handheld import e_id, screens
from handheld.sampling import ReweighForm, SampleForm
from handheld.visits import ENFORCEMENT, PATROL, SAMPLING, VisitForm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.history import History
    from device.publisher import Publisher
    from hal.camera import Camera
    from hal.keypad import Keypad
    from hal.scanner import Scanner
    from tracewire.p256 import VerifyingKey

    from handheld.screens import Screen
    from handheld.visits import Visit
    from handheld.whereabouts import Whereabouts

_VISITS = {"digit1": PATROL, "digit2": ENFORCEMENT, "digit3": SAMPLING}


class HandheldApp:
    """Three endless tasks over the parts they are given: keys, scans, photos."""

    def __init__(
        self,
        *,
        keypad: "Keypad",
        scanner: "Scanner",
        camera: "Camera",
        screen: "Screen",
        whereabouts: "Whereabouts",
        issuers: "list[VerifyingKey]",
        kid: bytes,
        history: "History",
        publisher: "Publisher",
    ) -> None:
        self._keypad, self._scanner, self._camera = keypad, scanner, camera
        self._screen = screen
        self._whereabouts = whereabouts
        self._issuers, self._kid = issuers, kid
        self._history, self._publisher = history, publisher
        self._form = self._scanned = self._visit = None

    def is_busy(self) -> bool:
        """Tell whether a visit is being written down."""
        return self._form is not None

    async def serve_keys(self) -> None:
        """Answer every key press."""
        while True:
            self._answer(self._press, await self._keypad.next_key())

    async def serve_scans(self) -> None:
        """Answer every scanned code."""
        while True:
            self._answer(self._scan, await self._scanner.next_code())

    async def serve_photos(self) -> None:
        """Bind every photo to the form that is open."""
        while True:
            self._answer(self._photo, await self._camera.next_digest())

    def _answer(self, act: "Callable[[object], None]", what: object) -> None:
        try:
            act(what)
        except (Rejected, Unavailable) as refusal:
            self._screen.refuse(refusal.code)
        self._screen.ask(self._form)

    def _press(self, key: str) -> None:
        if self._form is None:
            self._begin(key)
        elif key == "clear":
            self._go_back()
        else:
            self._form.press(key)
            self._advance()

    def _scan(self, code: bytes) -> None:
        if self._form is not None:
            self._form.scan(code)
            self._advance()
            return
        self._scanned = e_id.scanned(code, self._issuers)
        self._screen.say(screens.subject(self._scanned))

    def _photo(self, digest: bytes) -> None:
        if self._form is None:
            raise Rejected("visit.none")
        self._form.evidence_digest = digest
        self._screen.say(screens.PHOTO_TAKEN)

    def _begin(self, key: str) -> None:
        if key in _VISITS:
            self._form, self._scanned = VisitForm(_VISITS[key], self._scanned, self._issuers), None
        elif key == "digit4":
            self._form = ReweighForm(self._open_visit())
        elif key == "digit5":
            self._form = SampleForm(self._open_visit(), self._kid)
        elif key != "clear":
            raise Rejected("menu.unknown")
        self._screen.say("")

    def _open_visit(self) -> "Visit":
        if self._visit is None:
            raise Rejected("visit.none")
        return self._visit

    def _go_back(self) -> None:
        is_open = self._form.back()
        if not is_open:
            self._form = None
        self._screen.say(self._form.typed if is_open else screens.CANCELLED)

    def _advance(self) -> None:
        if self._form.question is None:
            self._keep()
        else:
            self._screen.say(self._form.typed)

    def _keep(self) -> None:
        """Seal what was answered; when there is no room, the form stays open before its last key."""
        form = self._form
        try:
            entry = form.entry(self._history.next_seq, self._whereabouts.fields())
            statement, _ = self._history.write([entry])[0]  # 2 sign, 3 journal
        except Unavailable:
            form.back()
            raise
        # On flash. A crash from here on: the record counts and will be published; the open visit is forgotten.
        self._publisher.wake()  # 4 publish
        self._form = None
        self._screen.say(screens.saved(statement))
        if isinstance(form, VisitForm):
            self._visit = form.made(statement)
            self._screen.subject(self._visit.subject)
            if self._visit.visit == SAMPLING:
                self._form = SampleForm(self._visit, self._kid)
