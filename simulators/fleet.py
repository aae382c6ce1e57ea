"""A cloud in this process with as many scales as one wants, each sealing on the host, and somebody of ops who watches.

    with Fleet(directory, 10_000) as fleet:
        fleet.beat(fleet.scales)
        page.goto(f"{fleet.url}/ops")      # with the cookie of fleet.token

For figures and pictures of the dashboard; who wants the real programs and real firmware takes a ``Site``.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import httpx
import uvicorn
from tracewire import cbor, cose, p256, record
from tracewire.errors import Unavailable

from cloud.accounts import guard
from cloud.accounts.account import OPS, Account
from cloud.accounts.service import Accounts
from cloud.app import build_ingest, create_cloud, create_stores
from cloud.config import TEMPLATE, load
from cloud.ledger import log_keys, store
from simulators.node import Node, Trust, now_ms

HEALTHY: dict[str, object] = {
    "uptime_s": 60,
    "journal_pending": 0,
    "journal_permille": 20,
    "zero_drift_grams": 1,
    "printer": "ok",
    "battery_percent": 88,
    "signal_dbm": -58,
    "flash_hours": 900,
}
_MARKETS = tuple(f"第{number}市场" for number in range(1, 41))
_RECORDS_AT_ONCE = 500
_LONGEST_S = 120.0


class Fleet:
    """A cloud in this process, the scales that speak to it, and somebody of ops who is signed in."""

    def __init__(self, directory: Path, count: int, places: Sequence[str] = _MARKETS) -> None:
        """Build a cloud in ``directory`` that knows ``count`` scales, spread over these markets."""
        trust, secret = Trust(), p256.new_secret(os.urandom)
        self.scales = [
            Node(f"scale-{number:05d}", code_base=f"35020000{number:05d}", site=places[number % len(places)])
            for number in range(count)
        ]
        self._gateway = Node("gateway-01", "gateway")
        (directory / "cloud.toml").write_text(TEMPLATE.format(ingest_port=0, public_port=0), encoding="utf-8")
        (directory / "root.point").write_bytes(trust.root_point)
        (directory / "registry.cose").write_bytes(
            trust.bundle([*self.scales, self._gateway, Node("cloud-01", "cloud", secret)])
        )
        (directory / "record.key").write_bytes(secret)
        config = load(directory)
        create_stores(config)
        log_keys.create(directory)
        self._cloud = create_cloud(config)
        self._ingest = build_ingest(config)
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(self._cloud.public_app, log_config=None, lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        accounts, password = Accounts(self._cloud.accounts, now_ms), secrets.token_urlsafe(24)
        accounts.add(Account("ops", OPS), password)
        self.token = accounts.sign_in("ops", password, "127.0.0.1").token

    def __enter__(self) -> "Fleet":
        self._cloud.worker.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._cloud.close()

    def beat(self, scales: Sequence[Node]) -> None:
        """Let each of these say that it is well."""
        self.deliver([scale.seal(record.HEALTH, dict(HEALTHY)) for scale in scales])

    def deliver(self, sealed: Sequence[bytes]) -> None:
        """Bring records to the cloud, and wait until the fleet shows them all."""
        for start in range(0, len(sealed), _RECORDS_AT_ONCE):
            payload = cbor.encode([[now_ms(), each] for each in sealed[start : start + _RECORDS_AT_ONCE]])
            self._ingest.receive(cose.seal(payload, cose.ENVELOPE, self._gateway.key))
        self._cloud.worker.wake()
        with self._cloud.stores.ledger.reader.connect() as connection:
            newest = store.last_index(connection)
        if not self._cloud.worker.wait_for(newest, _LONGEST_S):
            raise Unavailable("fleet.projections", "the fleet is not level")

    def ask_ms(self, path: str) -> float:
        """Return the milliseconds of one answer."""
        start = time.perf_counter()
        httpx.get(f"{self.url}{path}", cookies={guard.SESSION: self.token}, timeout=_LONGEST_S).raise_for_status()
        return (time.perf_counter() - start) * 1000
