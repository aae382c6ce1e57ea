"""Rows of the kinds that only a console seals: who answers for a device, steps of a fault ticket, labels (spec 4).

Their words stand here and not in ``vocabulary``: no device ever says them, so no device keeps them in its heap.
"""

from tracewire.fields import COUNT, LABEL, LOT_CODE, NAME, TIME, Digits, Number, Octets, Text, Word
from tracewire.record import ASSET, LABELLING, TICKET

TICKET_STATES = ("reported", "dispatched", "fixed", "confirmed")
"""上报, 派单, 修复, 确认 (Zhengzhou rules art. 7 and 8)."""

SEVERITIES = ("minor", "major", "critical")

MOST_LABELS = 100000
"""Labels in one record: whoever looks for a label's record looks no further back (spec 4.13)."""

FIELDS = {
    ASSET: lambda: (
        (1, "device", LABEL, True),
        (2, "entered_ms", TIME, True),
        (3, "holder", NAME, False),
        (4, "place", NAME, False),
        (5, "since_ms", TIME, True),
        (6, "verified_until_ms", TIME, False),
        (7, "note", Text(240), False),
        (8, "account", Octets(32), True),
    ),
    TICKET: lambda: (
        (1, "ticket", LABEL, True),
        (2, "step", COUNT, True),
        (3, "state", Word(TICKET_STATES), True),
        (4, "device", LABEL, True),
        (5, "entered_ms", TIME, True),
        (6, "note", Text(240), False),
        (7, "account", Octets(32), True),
        (8, "rule", LABEL, False),
        (9, "severity", Word(SEVERITIES), False),
        (10, "site", NAME, False),
        (11, "division", Digits(6, 6), False),
    ),
    LABELLING: lambda: (
        (1, "division", Digits(6, 6), True),
        (2, "year", Digits(2, 2), True),
        (3, "first", Number(99999999, 1), True),
        (4, "count", Number(MOST_LABELS, 1), True),
        (5, "entered_ms", TIME, True),
        (6, "lot", LOT_CODE, False),
        (7, "device", LABEL, False),
        (8, "site", NAME, False),
        (9, "reason", Text(240), False),
        (10, "account", Octets(32), True),
    ),
}
