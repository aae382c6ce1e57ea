"""Bugs that this product must never have, planted on purpose: the simulator has to find each of them.

Each is the smallest wrong line that somebody might write in good faith; `python -m simulators.simulation --plant NAME`
lives with it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine
from tracewire import chain, cose, record

from cloud.ledger.entry import Entry
from cloud.timeseries.activity import Activity
from simulators.simulation import firmware
from simulators.simulation.county import County
from simulators.simulation.device import Nvram
from simulators.simulation.hearing import StandingShelf


def acknowledge_before_commit(county: County) -> None:
    """Let the cloud answer first and commit when it next has something to do."""
    county.cloud.disk = lambda store: replace(store, writer=_LateWriter(store.writer))  # type: ignore[arg-type]


def free_on_puback(county: County) -> None:
    """Let devices take the broker's acknowledgement for somebody's promise."""
    for device in county.devices:
        device.publisher_type = _FreesOnPuback


def accept_older_serials(county: County) -> None:
    """Let devices act on whatever the cloud has sealed for them, however long ago."""
    for device in county.devices:
        device.shelf_type = _NeverSaw


def free_on_a_gateways_word(county: County) -> None:
    """Let devices take a gateway's receipt for the cloud's: what it says is kept, they let go of."""
    for device in county.devices:
        device.publisher_type = _FreesOnAnyReceipt


def reuse_numbers_after_restore(county: County) -> None:
    """Let devices believe their flash alone: nothing beside it remembers how far they were."""
    for device in county.devices:
        device.nvram_type = _Forgetful


def skip_the_last_of_a_step(county: County) -> None:
    """Let the time series leave out the last record of each step, while its watermark does not."""
    county.derived.projections[0] = _OffByOne()


PLANTED: dict[str, Callable[[County], None]] = {
    "accept-older-serials": accept_older_serials,
    "acknowledge-before-commit": acknowledge_before_commit,
    "free-on-a-gateways-word": free_on_a_gateways_word,
    "free-on-puback": free_on_puback,
    "reuse-numbers-after-restore": reuse_numbers_after_restore,
    "skip-the-last-of-a-step": skip_the_last_of_a_step,
}


class _LateWriter:
    """An engine whose transactions end one too late."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: Connection | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self._commit()
        connection = self._engine.connect()
        connection.begin()
        self._open = connection
        yield connection

    def dispose(self) -> None:
        if self._open is not None:
            self._open.close()
        self._engine.dispose()

    def _commit(self) -> None:
        if self._open is not None:
            self._open.commit()
            self._open.close()
            self._open = None


class _NeverSaw(StandingShelf):
    """A shelf that keeps the last word and forgets its number."""

    def serial(self, kind: int) -> int:
        del kind
        return 0


class _OffByOne(Activity):
    """A projection that takes a range to end before its end."""

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        super().apply(connection, entries[:-1])


class _Forgetful(Nvram):
    """A part that keeps nothing."""

    def write(self, content: bytes) -> None:
        del content


class _FreesOnPuback(firmware.publisher.Publisher):  # type: ignore[misc]  # device code is checked on its own
    """A publisher that frees what the broker has acknowledged."""

    async def run(self, client: Any) -> None:
        await super().run(_GreedyClient(client, self._journal))


class _FreesOnAnyReceipt(firmware.publisher.Publisher):  # type: ignore[misc]  # device code is checked on its own
    """A publisher that forgot to ask whether the flash runs out."""

    def _free_what_is_kept(self) -> None:
        seq_to, head = self._kept_proof
        if seq_to > self._journal.released_to:
            self._journal.release(self._journal.released_to + 1, seq_to, head)
            self.custody.freed(seq_to)


class _GreedyClient:
    def __init__(self, client: Any, journal: Any) -> None:
        self._client = client
        self._journal = journal

    @property
    def is_online(self) -> bool:
        return bool(self._client.is_online)

    async def publish(self, topic: str, sealed: bytes) -> None:
        await self._client.publish(topic, sealed)
        seq = record.decode(cose.parse(sealed).payload).seq
        self._journal.release(self._journal.released_to + 1, seq, chain.digest(sealed))
