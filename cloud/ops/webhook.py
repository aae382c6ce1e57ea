"""Telling somebody else: messages go from the outbox to one address, signed, until they are taken.

Form and signature are those of Standard Webhooks 1.0 (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``:
``v1,`` and the base64 of HMAC-SHA256 over "id.timestamp.body"), for which receivers have libraries. The secret is in a
file of its own (``alerts.secret``); neither it nor the address, which may hold a token, is ever logged.
"""

import base64
import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

import httpx
import structlog
from sqlalchemy import delete, select
from tracewire.errors import Misuse, Unavailable

from cloud.background import Background
from cloud.db.engine import Store
from cloud.ops.alerts import Alerts, outbox

log = structlog.get_logger()

ADDRESS_VARIABLE = "CHENGXIN_ALERTS"
SECRET_FILE = "alerts.secret"  # noqa: S105  (a name)
_SECRET_BYTES = 32
_TIMEOUT_SECONDS = 10
_LOOK_SECONDS = 5.0
_PACE_SECONDS = 1.0
"""Least time between two looks, however fast records come in."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 600.0


class Webhook:
    """One receiver."""

    def __init__(self, store: Store, url: str, secret: bytes) -> None:
        self._store = store
        self._url = url
        self._secret = secret

    def deliver(self) -> int:
        """Send what waits, the oldest first, and return how many were taken; ``Unavailable("alerts.receiver")``.

        A message whose answer was lost goes out again under the same id, by which the receiver knows it.
        """
        with self._store.reader.connect() as connection:
            waiting = connection.execute(select(outbox).order_by(outbox.c.id)).all()
        for row in waiting:
            self._send(f"msg_{row.made_ms}_{row.id}", row.body.encode())
            with self._store.alone("alerts") as connection:
                connection.execute(delete(outbox).where(outbox.c.id == row.id))
        return len(waiting)

    def _send(self, message: str, body: bytes) -> None:
        at = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": at,
            "webhook-signature": signature(self._secret, message, at, body),
        }
        try:
            answer = httpx.post(self._url, content=body, headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False)
        except httpx.HTTPError as down:
            raise Unavailable("alerts.receiver", type(down).__name__) from None
        if not answer.is_success:
            raise Unavailable("alerts.receiver", f"answered {answer.status_code}")


class Lookout(Background):
    """The thread that looks under the rules and empties the outbox."""

    def __init__(self, alerts: Alerts, webhook: Webhook | None) -> None:
        super().__init__("alerts")
        self._alerts = alerts
        self._webhook = webhook
        self._pause_s, self._quiet_until = _FIRST_PAUSE_SECONDS, 0.0

    def turn(self) -> float:
        """Look under the rules once, and send what waits; a receiver that is away is tried in growing intervals."""
        try:
            self._alerts.look()
            if self._webhook is not None and time.monotonic() >= self._quiet_until:
                self._webhook.deliver()
                self._pause_s = _FIRST_PAUSE_SECONDS
        except Unavailable as down:
            log.warning("alerts.waiting", reason=str(down), pause_s=self._pause_s)
            self._quiet_until = time.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_SECONDS)
        except Exception:  # outermost loop: the next look begins from what is on disk
            log.exception("alerts.failed")
        self.pause(_PACE_SECONDS)
        return _LOOK_SECONDS


def signature(secret: bytes, message: str, at: str, body: bytes) -> str:
    """Return the signature of a message, as its receiver computes it too."""
    signed = hmac.digest(secret, f"{message}.{at}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode()


def configured(store: Store, directory: Path, url: str) -> Webhook | None:
    """Return the receiver at an address, None for an empty one; its secret is drawn once and kept, mode 600.

    ``Misuse("alerts.address")`` for an address that is none.
    """
    if not url:
        return None
    if not url.startswith(("https://", "http://")):
        raise Misuse("alerts.address", f"{ADDRESS_VARIABLE}: an http or https address expected")
    return Webhook(store, url, _secret(directory / SECRET_FILE))


def _secret(path: Path) -> bytes:
    """Return the secret in a file, which is made when there is none: ``whsec_`` and base64, as receivers take it."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode() + "\n")
    return base64.b64decode(path.read_text().strip().removeprefix("whsec_"))
