"""Codes whose check fails and which are genuine all the same: a reviewer lets one pass, by name and with a reason.

Real credit codes from before 2015 fail the check of GB 32100. To refuse them locks out honest people; to accept every
wrong code accepts every typing error. So one code at a time, on record.
"""

from sqlalchemy import insert, select
from tracewire.errors import Rejected

from cloud.codes.profiles import Reading
from cloud.codes.ranges import Person
from cloud.codes.store import overrides
from cloud.db.engine import Store


def let_pass(store: Store, reading: Reading, reason: str, by: Person) -> None:
    """Accept this one code from now on; ``Rejected("code.good")``, ``"code.passed"`` when nothing is needed.

    A code that names a person is never kept: ``Rejected("code.personal")``.
    """
    if reading.is_good:
        raise Rejected("code.good", "its check character holds")
    if reading.is_personal:
        raise Rejected("code.personal", "a number of a person is not put on record")
    if not reason.strip():
        raise Rejected("code.reason", "a reason is needed")
    if passed(store, reading):
        raise Rejected("code.passed", "somebody has let it pass already")
    with store.alone() as connection:
        values = {"profile": reading.profile.name, "code": reading.code, "reason": reason}
        connection.execute(insert(overrides).values(**values, person=by.name, moment_ms=by.moment_ms))


def passed(store: Store, reading: Reading) -> str:
    """Return who let a code pass and why; nothing when nobody did."""
    key = (overrides.c.profile == reading.profile.name, overrides.c.code == reading.code)
    with store.reader.connect() as connection:
        row = connection.execute(select(overrides).where(*key)).first()
    return "" if row is None else f"{row.person}: {row.reason}"
