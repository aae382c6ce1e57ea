"""Minding Mosquitto: who is there, who must go, and that it reads new revocation lists.

Mosquitto knows certificates and topics but no registry, and it leaves an open session up whatever its revocation list
says (measured: field notes, security notes). So the gateway, over its own session:

1. hears in the broker's log who connects, and ends the session of whom the registry does not admit;
2. renews the broker's copies of list and certificates, has them read again, and then ends every session, because the
   log names no certificate: the good ones come back at once, the revoked one is refused by TLS;
3. begins with an empty house: what happened while nobody listened is made good by ending every session it may have
   missed, as a restart of the embedded broker does.

A session is ended by making a client of that name in the dynamic security plugin and taking it away again: Mosquitto
2.0 has no command for it, and both steps disconnect. The plugin decides nothing else; access is the access list's.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import structlog
from tracewire.errors import Misuse, Rejected

from edge.access import Access
from edge.config import GatewayConfig
from edge.mosquitto import configuration, notices
from edge.mosquitto.notices import Event
from edge.site_broker import BrokerEvents

log = structlog.get_logger("edge.mosquitto")

RELOAD_SECONDS = 5.0
"""How long the broker's word that it has read its files again is waited for; then sessions are ended all the same."""
NAMES_IN_ONE_COMMAND = 40
"""Keeps a command within the packet limit."""


class MosquittoBroker:
    """The gateway's hand on a Mosquitto that somebody else started (systemd, or a person)."""

    topics = notices.TOPICS

    def __init__(
        self,
        config: GatewayConfig,
        access: Access,
        events: BrokerEvents,
        say: Callable[[str, bytes], None],
        heard_of: Callable[[], Collection[str]],
    ) -> None:
        """``say`` publishes on the gateway's own session; ``heard_of`` names every device that ever spoke here."""
        self._config = config
        self._access = access
        self._events = events
        self._say = say
        self._heard_of = heard_of
        self._sessions: set[str] = set()
        self._known: set[str] = set()
        self._ends_all_at: float | None = None

    @property
    def connected(self) -> int:
        """How many devices hold a session now."""
        return len(self._sessions)

    async def start(self) -> None:
        """Renew the broker's copies, which may be older than ours, and learn whose sessions may stand.

        Raises ``Misuse("gateway.tls")`` when the files cannot be used, as the embedded broker does.
        """
        await asyncio.to_thread(self._renew)
        self._known.update(await asyncio.to_thread(self._heard_of))

    async def stop(self) -> None:
        """Leave it running: devices keep their sessions, and are sent away when a gateway comes back."""

    def take_revocations(self) -> None:
        """Have the broker read the list, then end every session."""
        self._renew()

    async def drop_unwelcome(self) -> None:
        """End the sessions that registry or revocation list do not admit any more."""
        try:
            await asyncio.to_thread(self._renew)
        except Misuse as broken:
            log.error("broker.files_refused", reason=broken.detail)
        if self._ends_all_at is not None and time.monotonic() >= self._ends_all_at:
            log.error("broker.reload_unseen", waited_s=RELOAD_SECONDS, then="is chengxin-broker-reload.path enabled?")
            self._ends_all_at = None
            self._end_all()
        self._end([name for name in self._sessions if not self._is_welcome(name)])

    # What ``edge.inbox`` hands over, on the event loop.

    def begun(self) -> None:
        """Our session stands; whoever came before it is sent away, to come back before our eyes."""
        self._known |= self._sessions
        self._sessions.clear()
        self._end_all()

    def heard(self, topic: str, payload: bytes) -> None:
        """Take one line of the broker's log."""
        notice = notices.read(topic, payload)
        if notice is None or self._access.is_gateway(notice.device):
            return
        match notice.event:
            case Event.CONNECTED:
                self._connected(notice.device)
            case Event.LISTENING:
                self._events.listening(notice.device)
            case Event.ENDED:
                self._sessions.discard(notice.device)
            case Event.OVERSIZED:
                self._sessions.discard(notice.device)
                self._events.refused("mqtt.size")
            case Event.RELOADED:
                log.info("broker.reloaded")
                if self._ends_all_at is not None:
                    self._ends_all_at = None
                    self._end_all()

    def _connected(self, device: str) -> None:
        self._sessions.add(device)
        self._known.add(device)
        if not self._is_welcome(device):
            self._end([device])

    def _is_welcome(self, device: str) -> bool:
        try:
            self._access.admit_name(device)
        except Rejected as refusal:
            self._events.refused(refusal.code)
            log.warning("broker.session_ended", device=device, reason=refusal.code)
            return False
        return True

    def _end_all(self) -> None:
        devices = self._known | self._sessions
        log.info("broker.sessions_ended", devices=len(devices))
        self._end(devices)

    def _end(self, devices: Iterable[str]) -> None:
        names = sorted(devices)
        for start in range(0, len(names), NAMES_IN_ONE_COMMAND):
            command = {"commands": list(_ending(names[start : start + NAMES_IN_ONE_COMMAND]))}
            self._say(configuration.CONTROL_TOPIC, json.dumps(command).encode())

    def _renew(self) -> None:
        """Bring the broker's copies up to date and have them read; systemd sees the change by itself."""
        if not configuration.hand_over(self._config):
            return
        self._ends_all_at = time.monotonic() + RELOAD_SECONDS  # before the signal: its answer may be quicker than we
        if self._config.broker_pid_file:
            _ask_to_reload(Path(self._config.broker_pid_file))


def _ending(names: Iterable[str]) -> Iterator[dict[str, str]]:
    for name in names:
        yield {"command": "createClient", "username": name}
        yield {"command": "deleteClient", "username": name}


def _ask_to_reload(pid_file: Path) -> None:
    """Send SIGHUP; a broker that is down reads its files when it starts."""
    try:
        os.kill(int(pid_file.read_text(encoding="ascii")), signal.SIGHUP)
    except (FileNotFoundError, ProcessLookupError):
        log.info("broker.not_running")
    except (OSError, ValueError) as failing:
        log.error("broker.not_reloaded", reason=str(failing))
