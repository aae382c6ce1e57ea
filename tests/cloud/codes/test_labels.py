"""Labels joined to lots by records: what reconciles, what does not fit and who says so, in whatever order it comes."""

import random
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from tracewire.errors import Rejected

from cloud.app import every_projection
from cloud.codes import labels, reconcile
from cloud.codes.labels import Labelled
from cloud.codes.reckoning import Issue, Reckoning, What, reckon
from cloud.codes.store import moves
from cloud.db.keyset import FIRST
from cloud.projections import Projections
from tests.cloud.codes.office import COUNTY, LOT, OTHER_LOT, Office


def counts(found: Reckoning) -> tuple[int, int, int, int]:
    return found.issued, found.used, found.void, found.outstanding


def faults(found: Reckoning) -> list[tuple[str, int, int, list[int]]]:
    return [(each.code, each.first, each.last, [said.seq for said in each.proof]) for each in found.faults]


def test_every_issued_label_is_used_void_or_outstanding(office: Office) -> None:
    stand = office.range()
    office.issue(stand, 500)
    office.deliver(office.say(1, 390, device="farm-0001", lot=LOT), office.say(391, 410, reason="整卷撕坏"))
    found = office.reckoning(stand)
    assert counts(found) == (500, 390, 20, 90)
    assert found.faults == []
    assert [(each.first, each.last, each.what) for each in found.stretches] == [
        (1, 390, What.USED), (391, 410, What.VOID), (411, 500, What.OUTSTANDING), (501, 1_000, What.FREE),
    ]  # fmt: skip
    label = office.label(390)
    assert label is not None
    assert (label.lot, label.holder, label.device, label.what, label.faults) == (
        LOT, "河田合作社", "farm-0001", What.USED, (),
    )  # fmt: skip


def test_what_does_not_fit_is_flagged_with_the_records_that_prove_it(office: Office) -> None:
    stand = office.range()
    office.issue(stand, 100)
    office.issue(stand, 100, "farm-0002")
    office.deliver(
        office.say(1, 60),
        office.say(51, 70, entered_ms=2, lot=OTHER_LOT),
        office.say(91, 110, device="farm-0001", lot=LOT),
        office.say(190, 210),
        office.say(990, 1_010),
    )
    found = office.reckoning(stand)
    assert faults(found) == [
        ("not_issued", 201, 210, [4]),
        ("not_issued", 990, 1_000, [5]),
        ("twice", 51, 60, [1, 2]),
        ("other_holder", 101, 110, [3]),
    ]
    assert counts(found) == (200, 70 + 20 + 11, 0, 200 - 101)
    twice, unknown = office.label(55), office.label(1_005)
    assert twice is not None
    assert (twice.lot, twice.faults) == (LOT, ("twice",))
    assert unknown is not None
    assert (unknown.lot, unknown.holder, unknown.faults) == (LOT, "", ("no_range",))
    assert office.label(2_000) is None
    stores = office.cloud.cloud.stores
    with stores.ledger.reader.connect() as ledger, stores.projections.reader.connect() as derived:
        strays = reconcile.without_range(ledger, derived, ["35"], FIRST, 10).rows
        elsewhere = reconcile.without_range(ledger, derived, ["3501", "44"], FIRST, 10).rows
    assert [(each.first, each.last) for each in strays] == [(990, 1_010)]
    assert list(elsewhere) == []


def test_a_labelling_waits_in_sight_for_its_range_and_links_when_it_comes(office: Office) -> None:
    office.deliver(office.say(1, 10))
    early = office.label(5)
    assert early is not None
    assert (early.lot, early.faults) == (LOT, ("no_range",))
    stand = office.range()
    assert faults(office.reckoning(stand)) == [("not_issued", 1, 10, [1])]
    office.issue(stand, 10)
    assert counts(office.reckoning(stand)) == (10, 10, 0, 0)
    assert office.reckoning(stand).faults == []


def test_what_was_said_by_command_before_there_were_records_still_counts(office: Office) -> None:
    stand = office.range()
    office.issue(stand, 100)
    old = {"range": stand.id, "device": "", "person": "li", "moment_ms": 4}
    with office.cloud.cloud.stores.ledger.alone() as connection:
        connection.execute(insert(moves).values(**old, move="used", first=1, last=40, reason=""))
        connection.execute(insert(moves).values(**old, move="void", first=41, last=50, reason="torn"))
    assert counts(office.reckoning(stand)) == (100, 40, 10, 50)
    office.deliver(office.say(40, 45))
    found = office.reckoning(stand)
    assert [(each.code, each.first, each.last) for each in found.faults] == [("twice", 40, 40), ("twice", 41, 45)]
    assert [said.index for said in found.faults[0].proof] == [1, None]


def test_any_order_of_arrival_ends_in_the_same_reckoning_and_a_rebuild_in_the_same_rows(office: Office) -> None:
    sealed = [office.say(1, 60), office.say(51, 70, 2, lot=OTHER_LOT), office.say(65, 80, 3, reason="撕坏")]
    random.Random(5).shuffle(sealed)
    for each in sealed:
        office.deliver(each)
    stand = office.range()
    office.issue(stand, 70)
    found = office.reckoning(stand)
    assert counts(found) == (70, 70, 0, 0)
    assert faults(found) == [("not_issued", 71, 80, [3]), ("twice", 51, 60, [1, 2]), ("twice", 65, 70, [2, 3])]
    grown = rows_of(office)
    stores = office.cloud.cloud.stores
    derived = Projections(stores.ledger, stores.projections, every_projection())
    derived.rebuild(lambda _name, _count: None, derived.named(["labels"]))
    assert rows_of(office) == grown
    assert [len(rows) for rows in grown] == [3, 1]


def rows_of(office: Office) -> list[Sequence[object]]:
    with office.cloud.cloud.stores.projections.reader.connect() as connection:
        return [
            [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in labels.TABLES.sorted_tables
        ]


SPAN = st.tuples(st.integers(1, 12), st.integers(1, 12)).map(sorted)
SAID = st.lists(st.tuples(SPAN, st.sampled_from(["", LOT, OTHER_LOT]), st.sampled_from(["", "a", "b"])), max_size=4)


@settings(deadline=None)
@given(SAID, st.integers(0, 10))
def test_reckoning_agrees_with_counting_each_number_and_knows_no_order(
    drawn: list[tuple[list[int], str, str]], issued: int
) -> None:
    issues = [Issue(1, issued, "a", 0)] if issued else []
    said = [
        Labelled(place, "c", place, COUNTY, "26", *span, lot, not lot, device, "", "", place, b"")
        for place, (span, lot, device) in enumerate(drawn)
    ]
    found = reckon(1, 10, issues, said)
    touched = {number: [each for each in said if each.first <= number <= each.last] for number in range(1, 11)}
    used = sum(any(each.lot for each in touched[number]) for number in range(1, issued + 1))
    silent = sum(not touched[number] for number in range(1, issued + 1))
    assert counts(found) == (issued, used, issued - used - silent, silent)
    assert sum(each.count for each in found.stretches) == 10
    told: dict[str, set[int]] = {code: set() for code in ("not_issued", "twice", "other_holder")}
    for fault in found.faults:
        told[fault.code] |= set(range(fault.first, fault.last + 1))
    assert told["not_issued"] == {number for number in touched if number > issued and touched[number]}
    assert told["twice"] == {number for number in touched if len(touched[number]) > 1}
    assert told["other_holder"] == {
        number for number in touched if number <= issued and any(each.device == "b" for each in touched[number])
    }
    assert all(reckon(1, 10, issues, order) == found for order in permutations(said))


@pytest.mark.parametrize(
    ("first", "last"), [((COUNTY, "26", 5), (COUNTY, "26", 4)), ((COUNTY, "26", 1), (COUNTY, "25", 9)),
                        ((COUNTY, "26", 1), (COUNTY, "26", 100_001))],
)  # fmt: skip
def test_a_stretch_lies_within_one_county_s_year(first: tuple[str, str, int], last: tuple[str, str, int]) -> None:
    with pytest.raises(Rejected, match=r"label\.stretch"):
        labels.between(labels.parse(labels.code_of(*first)), labels.parse(labels.code_of(*last)))


def test_a_code_with_a_wrong_check_digit_is_no_label() -> None:
    good = labels.code_of(COUNTY, "26", 481)
    with pytest.raises(Rejected, match=r"code\.check"):
        labels.parse(good[:-1] + str((int(good[-1]) + 1) % 10))
    for what in ({}, {"lot": LOT, "reason": "x"}):
        with pytest.raises(Rejected, match=r"label\.what"):
            labels.fields_of(labels.parse(good), entered_ms=1, **what)
