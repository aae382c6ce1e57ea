"""Label ranges: reviewed by somebody else, never overlapping, and every number accounted for; by command line."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from tracewire.errors import Rejected

from cloud.codes import overrides, profiles, ranges
from cloud.codes.labels import code_of as code_of_label
from cloud.codes.ranges import Application, Person, Stand
from cloud.codes.store import blocks
from cloud.db.engine import Store
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.console import desk_key
from tests.cloud.market import Market

CHENGXIN = Path(sys.executable).parent / "chengxin"
ZHANG, LI = Person("zhang", 1), Person("li", 2)


@pytest.fixture
def store(cloud: CloudUnderTest) -> Store:
    return cloud.cloud.stores.ledger


def applied(store: Store, wanted: int = 2_500, division: str = "350821") -> Stand:
    return ranges.apply(store, Application("河田合作社", division, "26", wanted, "生猪"), ZHANG)


def allotted(store: Store, wanted: int = 2_500, division: str = "350821") -> Stand:
    stand = applied(store, wanted, division)
    ranges.review(store, stand.id, LI, approve=True)
    return ranges.allot(store, stand.id)


def code_of(refusal: pytest.ExceptionInfo[Rejected]) -> str:
    return refusal.value.code


def test_ranges_follow_each_other_and_never_overlap(store: Store) -> None:
    first, second, elsewhere = allotted(store), allotted(store, 1), allotted(store, 1, "341225")
    assert (first.first, first.last) == (1, 3_000)
    assert (second.first, second.last) == (3_001, 4_000)
    assert (elsewhere.first, elsewhere.last) == (1, 1_000)
    label = second.label(3_001)
    assert [reading.profile.name for reading in profiles.read(label) if reading.is_good] == ["label"]


def test_the_store_itself_refuses_a_block_twice(store: Store) -> None:
    stand = allotted(store)
    with pytest.raises(IntegrityError), store.writer.begin() as connection:
        connection.execute(insert(blocks).values(division="350821", year="26", block=2, range=stand.id + 1))


def test_ranges_allotted_at_once_do_not_overlap(store: Store) -> None:
    waiting = [applied(store) for _ in range(6)]
    for stand in waiting:
        ranges.review(store, stand.id, LI, approve=True)
    threads = [threading.Thread(target=ranges.allot, args=(store, stand.id)) for stand in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = sorted((stand.first or 0, stand.last or 0) for stand in ranges.every(store))
    assert spans == [(number * 3_000 + 1, (number + 1) * 3_000) for number in range(6)]


def test_nobody_reviews_an_own_application_and_every_step_has_its_turn(store: Store) -> None:
    stand = applied(store)
    with pytest.raises(Rejected) as refusal:
        ranges.review(store, stand.id, ZHANG, approve=True)
    assert code_of(refusal) == "range.reviewer"
    with pytest.raises(Rejected) as refusal:
        ranges.allot(store, stand.id)
    assert code_of(refusal) == "range.state"
    assert ranges.review(store, stand.id, LI, approve=False).state == "refused"
    for step in (lambda: ranges.allot(store, stand.id), lambda: ranges.issue(store, stand.id, 1, "farm-0001", LI)):
        with pytest.raises(Rejected, match=r"range\.state"):
            step()
    with pytest.raises(Rejected, match=r"range\.unknown"):
        ranges.allot(store, 99)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Application("x", "999999", "26", 1), "range.division"),
        (Application("x", "350821", "2026", 1), "range.year"),
        (Application("x", "350821", "26", 0), "range.wanted"),
        (Application(" ", "350821", "26", 1), "range.wanted"),
        (Application("x", "350821", "26", 10**8), "range.wanted"),
    ],
)
def test_what_can_never_be_allotted_is_refused(store: Store, asked: Application, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        ranges.apply(store, asked, ZHANG)
    assert code_of(refusal) == code


def test_numbers_are_issued_in_order_until_a_range_is_spent(store: Store) -> None:
    stand = allotted(store, 1_000)
    assert ranges.issue(store, stand.id, 400, "farm-0001", LI) == (1, 400)
    assert ranges.issue(store, stand.id, 100, "farm-0002", LI) == (401, 500)
    assert [each.issued for each in ranges.every(store)] == [500]
    with pytest.raises(Rejected, match=r"range\.spent"):
        ranges.issue(store, stand.id, 501, "farm-0001", LI)


def test_a_county_s_year_ends(store: Store) -> None:
    with store.writer.begin() as connection:
        connection.execute(insert(blocks).values(division="350821", year="26", block=ranges.MOST_BLOCKS, range=0))
    stand = applied(store)
    ranges.review(store, stand.id, LI, approve=True)
    with pytest.raises(Rejected, match=r"range\.full"):
        ranges.allot(store, stand.id)


def test_a_genuine_code_with_a_wrong_check_passes_on_record_only(store: Store) -> None:
    wrong = profiles.read_as(profiles.named("credit"), "91350100M000100Y4A")
    assert overrides.passed(store, wrong) == ""
    overrides.let_pass(store, wrong, "licence seen", LI)
    assert overrides.passed(store, wrong) == "li: licence seen"
    good = profiles.read_as(profiles.named("credit"), "91350100M000100Y43")
    person = profiles.read_as(profiles.named("resident"), "110105194912310021")
    other = profiles.read_as(profiles.named("credit"), "91350100M000100Y4B")
    cases = ((wrong, "x", "code.passed"), (good, "x", "code.good"), (person, "x", "code.personal"))
    for reading, reason, code in (*cases, (other, " ", "code.reason")):
        with pytest.raises(Rejected) as refusal:
            overrides.let_pass(store, reading, reason, LI)
        assert code_of(refusal) == code


@pytest.mark.timeout(300)
def test_by_command_line(tmp_path: Path, cloud: CloudUnderTest, market: Market) -> None:
    place = ("--dir", str(cloud.config.directory))
    asked = ("--holder", "河田合作社", "--division", "350821", "--year", "26", "--count", "5000")
    assert "applied" in _code("range", "apply", *asked, *place, "--by", "zhang")
    assert "approved" in _code("range", "review", "1", *place, "--by", "li")
    assert "1 to 5000" in _code("range", "allot", "1", *place)
    told = _code("range", "issue", "1", "--count", "500", "--device", "farm-0001", *place, "--by", "li")
    assert "(1 to 500) for farm-0001" in told
    desk = desk_key.enrol(tmp_path / "console-01", cloud, market)
    sealed = ("--console", str(desk), "--cloud", listener("ingest").url, "--account", "li")
    first, last, torn, end = (code_of_label("350821", "26", number) for number in (1, 480, 481, 500))
    told = _code("range", "use", first, last, "--lot", "35020000100010000001", "--device", "farm-0001", *sealed)
    assert "in the ledger" in told
    _code("range", "void", torn, end, "--reason", "torn", "--device", "farm-0002", *sealed)
    cloud.catch_up()
    told = _code("range", "list", *place)
    assert "issued 500, used 480, void 20, outstanding 0" in told
    assert f"other_holder  {torn} to {end}  record 2" in told
    assert "lowest number first" in _code(
        "range", "use", last, first, "--lot", "35020000100010000001", *sealed, status=1
    )
    assert "credit" in _code("check", "91350500MAQH6DY1F0")
    assert "would be 3, it ends in A" in _code("check", "91350100M000100Y4A", status=1)
    _code("let-pass", "91350100M000100Y4A", "--profile", "credit", "--reason", "seen", *place, "--by", "li")
    assert "let pass by li: seen" in _code("check", "91350100M000100Y4A", *place)
    assert "no slip looks" in _code("check", "12", "--profile", "slip", status=1).replace("trace code", "slip")
    _code("check", "12", status=1)
    assert "nobody reviews" not in _code("range", "review", "1", *place, status=1)


def _code(*words: str, status: int = 0) -> str:
    ran = subprocess.run([CHENGXIN, "code", *words], check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == status, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr
