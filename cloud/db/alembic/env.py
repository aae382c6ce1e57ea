"""What Alembic runs to take the revisions of a store: on the caller's connection, in the caller's transaction."""

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationInfo


def _note(ctx: Any, step: MigrationInfo, heads: Any, run_args: Any) -> None:  # noqa: ARG001  # called by name
    context.config.attributes["steps"].append(str(step.up_revision_id))


context.configure(connection=context.config.attributes["connection"], on_version_apply=_note)
context.run_migrations()
