"""From a label to its lot and the farm behind it, and from a lot to its labels: pages, JSON, command line, recall."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from cloud.codes.labels import code_of
from tests.cloud.codes.office import COUNTY, Office
from tests.cloud.market import Market

CHENGXIN = Path(sys.executable).parent / "chengxin"


def label(number: int) -> str:
    return code_of(COUNTY, "26", number)


@pytest.fixture
def lot(office: Office, market: Market) -> str:
    """Return a lot from the farm to the stall, with labels 1 to 50 on it; 51 and 52 are void."""
    stand = office.range()
    office.issue(stand, 100)
    lot = market.pork_for()
    market.sell(lot)
    office.cloud.deliver(market.envelope())
    office.deliver(office.say(1, 50, lot=lot, device="farm-0001"), office.say(51, 52, reason="整卷撕坏"))
    return lot


def test_a_label_leads_to_its_lot_and_back_to_farm_and_certificates(office: Office, lot: str) -> None:
    public = office.cloud.public
    answer = public.get(f"/v1/trace/{label(7)}", params={"direction": "both"}).json()
    assert (answer["lot"], answer["label"]["holder"], answer["label"]["device"]) == (lot, "河田合作社", "farm-0001")
    assert [station["kind"] for station in answer["stations"]] == ["transfer", "slaughter", "breeding"]
    assert any(station["papers"] for station in answer["stations"])
    assert {check["name"]: check["state"] for check in answer["checks"]}["label"] == "held"
    assert [(each["first"], each["last"], each["count"], each["lot"]) for each in answer["labels"]] == [
        (label(1), label(50), 50, lot)
    ]
    assert public.get(f"/v1/trace/{lot}", params={"direction": "forward"}).json()["labels"] == answer["labels"]
    spaced = f"{label(7)[:6]} {label(7)[6:]}"
    assert public.get("/", params={"code": spaced}).headers["location"] == f"/t/{label(7)}"
    page = public.get(f"/t/{label(7)}", headers={"Accept-Language": "zh"})
    assert (page.status_code, "县级标签" in page.text, "河田合作社" in page.text) == (200, True, True)


def test_a_label_on_no_goods_is_told_as_what_it_is(office: Office, lot: str) -> None:
    public = office.cloud.public
    words = {51: "已作废：整卷撕坏", 99: "已发给河田合作社", 500: "还没有发放", 5_000: "查不到"}
    for number, told in words.items():
        page = public.get(f"/t/{label(number)}", headers={"Accept-Language": "zh"})
        assert page.status_code == 404
        assert told in page.text
        assert public.get(f"/v1/trace/{label(number)}").json()["code"] == "trace.unknown"


def test_a_label_of_two_lots_leads_to_the_first_and_says_so(office: Office, lot: str) -> None:
    office.deliver(office.say(7, 7, entered_ms=2, lot="35020000100010009999", device="farm-0002"))
    answer = office.cloud.public.get(f"/v1/trace/{label(7)}").json()
    failed = {check["name"]: check["values"] for check in answer["checks"] if check["state"] == "failed"}
    assert answer["lot"] == lot
    assert set(failed) == {"label_once", "label_holder"}
    assert len(failed["label_once"]["records"].split(", ")) == 2


def test_a_label_that_comes_before_its_lot_waits_and_links_when_the_lot_comes(office: Office, market: Market) -> None:
    lot = market.pork_for()
    office.deliver(office.say(1, 5, lot=lot))
    url = f"/v1/trace/{label(3)}"
    waiting = office.cloud.public.get(url).json()
    assert (waiting["lot"], waiting["stations"]) == (lot, [])
    assert {check["name"] for check in waiting["checks"] if check["state"] == "open"} >= {"label_range", "source"}
    assert office.cloud.public.get(f"/t/{lot}").status_code == 200
    office.cloud.deliver(market.envelope())
    office.cloud.catch_up()
    assert len(office.cloud.public.get(url).json()["stations"]) == 3


def test_a_recall_lists_the_labels_and_the_command_walks_from_one(office: Office, lot: str) -> None:
    public = office.cloud.public
    assert [each["last"] for each in public.get(f"/v1/recalls/{lot}").json()["labels"]] == [label(50)]
    (row,) = csv.DictReader(io.StringIO(public.get(f"/v1/recalls/{lot}/labels.csv").text.removeprefix("\ufeff")))
    assert (row["lot"], row["first"], row["last"], row["labels"]) == (lot, label(1), label(50), "50")
    assert public.get(f"/v1/recalls/{lot}/report.pdf").status_code == 200
    words = [CHENGXIN, "trace", label(7), "--url", office.cloud.url]
    ran = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "label of 河田合作社" in ran.stdout
    assert "(50)" in ran.stdout
