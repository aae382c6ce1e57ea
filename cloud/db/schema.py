"""What the tables of a store are like, and how those of an older program become so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, String, column, inspect, select, table

_VERSION_TABLE = "alembic_version"


class Schema(Protocol):
    """The tables of one store, as this program wants them."""

    def upgrade(self, connection: Connection) -> Sequence[str]:
        """Bring an empty database, or one of an older program, to this program's tables; return what was done.

        In the caller's transaction: a crash leaves everything as it was.
        """

    def complaint(self, connection: Connection) -> str:
        """Return what keeps this program from working with the database, empty when nothing does."""


@dataclass(frozen=True)
class Revisions:
    """Tables that are kept for ever and change in steps, each a revision of Alembic."""

    folder: Path
    newest: str
    """The last revision there is; said here as well, so that opening a store need not read them all."""
    first: str
    """The revision that stores of programs before Alembic are at."""
    known_by: str
    """A table that every store has, also those from before Alembic."""

    def upgrade(self, connection: Connection, target: str = "head") -> Sequence[str]:
        """Take every step that is missing up to ``target``; return the revisions gone through."""
        from alembic import command  # noqa: PLC0415  # 10 MB that only `init` and `migrate` need
        from alembic.config import Config  # noqa: PLC0415

        steps: list[str] = []
        config = Config(attributes={"connection": connection, "steps": steps})
        for option, value in self.options.items():
            config.set_main_option(option, value)
        if self._standing(connection) is None and inspect(connection).has_table(self.known_by):
            command.stamp(config, self.first)
            steps.clear()
        command.upgrade(config, target)
        return steps

    @property
    def options(self) -> dict[str, str]:
        """Return where Alembic finds its environment, which is the same for all, and the revisions."""
        return {
            "script_location": str(Path(__file__).with_name("alembic")),
            "version_locations": str(self.folder),
            "path_separator": "newline",
        }

    def complaint(self, connection: Connection) -> str:
        """Return which revision stands where another is needed."""
        standing = self._standing(connection)
        return "" if standing == self.newest else f"it is at revision {standing}, this program at {self.newest}"

    def _standing(self, connection: Connection) -> str | None:
        """Return the revision of the database; None for an empty one and for those from before Alembic."""
        if not inspect(connection).has_table(_VERSION_TABLE):
            return None
        versions = select(column("version_num", String)).select_from(table(_VERSION_TABLE))
        return connection.execute(versions).scalar_one_or_none()
