"""Rows of the kinds that inspectors and officials seal: visits, tests, decisions, re-weighings (spec 4)."""

from tracewire.fields import COUNT, LABEL, LOT_CODE, NAME, PARTY, SEQ, SIGNED_MASS, Number, Octets, Text, Word
from tracewire.record import DECISION, REWEIGH, TEST, VISIT
from tracewire.vocabulary import (
    DECISIONS,
    FINDINGS,
    IDENTIFICATIONS,
    SAMPLING_PLANS,
    TEST_METHODS,
    TEST_RESULTS,
    VISITS,
)

FIELDS = {
    VISIT: lambda: (
        (1, "visit", Word(VISITS), True),
        (2, "subject", PARTY, True),
        (3, "latitude_microdegrees", Number(90000000, -90000000), False),
        (4, "longitude_microdegrees", Number(180000000, -180000000), False),
        (5, "accuracy_mm", COUNT, False),
        (6, "fix_quality", Number(9), False),
        (7, "evidence_digest", Octets(32), False),
        (8, "note", Text(240), False),
        (9, "identified_by", Word(IDENTIFICATIONS), False),
        (10, "mark", COUNT, False),
        (11, "fix_age_ms", COUNT, False),
        (12, "finding", Word(FINDINGS), False),
        (13, "seal", LABEL, False),
    ),
    TEST: lambda: (
        (1, "lot", LOT_CODE, True),
        (2, "sample", Text(32), True),
        (3, "item", NAME, True),
        (4, "method", Word(TEST_METHODS), True),
        (5, "result", Word(TEST_RESULTS), True),
        (6, "document_digest", Octets(32), False),
        (7, "retained", LABEL, False),
        (8, "plan", Word(SAMPLING_PLANS), False),
        (9, "seal", LABEL, False),
        (10, "visit_back", SEQ, False),
    ),
    DECISION: lambda: (
        (1, "decision", Word(DECISIONS), True),
        (2, "lot", LOT_CODE, False),
        (3, "subject", PARTY, False),
        (4, "reason", Text(240), True),
        (5, "account", Octets(32), True),
        (6, "card", LABEL, False),
    ),
    REWEIGH: lambda: (
        (1, "instrument", LABEL, True),
        (2, "reference_grams", Number(0x7FFFFFFF, 1), True),
        (3, "indicated_grams", SIGNED_MASS, True),
        (4, "e_grams", Number(0x7FFFFFFF, 1), True),
        (5, "added_milligrams", COUNT, False),
        (6, "tolerance_milligrams", COUNT, True),
        (7, "result", Word(TEST_RESULTS), True),
        (8, "visit_back", SEQ, True),
        (9, "seal", LABEL, False),
        (10, "evidence_digest", Octets(32), False),
    ),
}
