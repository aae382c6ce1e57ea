"""Server-sent events of the fleet: which devices have changed, from where a browser left off (WHATWG HTML § 9.2).

An event's id is the ledger index up to which its reader has seen the fleet; a browser that lost its connection brings
the last one back (``Last-Event-ID``) and is told what changed since. Streams are few and end by themselves: a new
connection passes the door again, so whoever was signed out sees nothing more.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection, and_, select
from sse_starlette import ServerSentEvent
from tracewire.errors import Unavailable

from cloud import watermarks
from cloud.ops import projection
from cloud.ops.fleet import Glance, Scope
from cloud.ops.register import register
from cloud.ops.tables import devices
from cloud.ops.watch import Watch
from cloud.watermarks import WHOLE

MOST_STREAMS = 64
LONGEST_S = 300
HEARTBEAT_S = 15
MOST_NAMES = 200
"""Devices named in one event; a reader that is told of more asks for its page again anyway."""

_LOOK_S = 1.0
_RETRY_MS = 2000
_COUNT_S = 10.0
"""How often the counts are made again when no record came: a device falls silent without saying so."""


@dataclass(frozen=True)
class Change:
    """What one event says."""

    devices: list[str]
    more: bool
    glance: Glance


class Live:
    """The streams of one program."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.streams = 0

    def enter(self) -> None:
        """Take one of the streams; ``Unavailable("live.full")`` when there are as many as there may be."""
        if self.streams >= MOST_STREAMS:
            raise Unavailable("live.full", f"{MOST_STREAMS} dashboards are open; the page works without")
        self.streams += 1

    def leave(self) -> None:
        """Give it back."""
        self.streams -= 1

    async def events(self, scope: Scope, since: int | None) -> AsyncIterator[ServerSentEvent]:
        """Yield events from a ledger index on, or from now; ends by itself."""
        seen = await run_in_threadpool(self._newest) if since is None else since
        glance = await run_in_threadpool(self._glance, scope) if since is None else None
        yield ServerSentEvent(comment="fleet", retry=_RETRY_MS)
        counted = time.monotonic()
        ends = counted + LONGEST_S
        while time.monotonic() < ends:
            newest = await run_in_threadpool(self._newest)
            is_due = time.monotonic() - counted >= _COUNT_S
            if newest > seen or glance is None or is_due:
                change = await run_in_threadpool(self._change, scope, seen, newest)
                counted = time.monotonic()
                if change.devices or change.glance != glance:
                    said = json.dumps(asdict(change), ensure_ascii=False)
                    yield ServerSentEvent(said, event="fleet", id=str(newest))
                seen, glance = newest, change.glance
            await asyncio.sleep(_LOOK_S)

    def _newest(self) -> int:
        with self._watch.reading() as connection:
            return _newest_index(connection)

    def _glance(self, scope: Scope) -> Glance:
        with self._watch.reading() as connection:
            return self._watch.fleet.glance(connection, scope, self._watch.now_ms())

    def _change(self, scope: Scope, after: int, upto: int) -> Change:
        with self._watch.reading() as connection:
            names = _changed(connection, scope, after, upto)
            glance = self._watch.fleet.glance(connection, scope, self._watch.now_ms())
        return Change(names[:MOST_NAMES], len(names) > MOST_NAMES, glance)


def _newest_index(connection: Connection) -> int:
    """Return up to where all shares of the devices are complete: one that lags has changes to tell of further back."""
    name = projection.Fleet.name
    return min(watermarks.read(connection, name, WHOLE.parts(name, is_by_device=True)).values())


def _changed(connection: Connection, scope: Scope, after: int, upto: int) -> list[str]:
    changed = and_(devices.c.changed_index > after, devices.c.changed_index <= upto)
    statement = (
        select(devices.c.device)
        .join(register, register.c.name == devices.c.device)
        .where(changed, scope.condition())
        .order_by(devices.c.device)
        .limit(MOST_NAMES + 1)
    )
    return list(connection.execute(statement).scalars())
