"""A recall's report: where the goods went, who was told when, and what closes it; as JSON, CSV and PDF."""

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tracewire import record
from tracewire.vocabulary import DECISIONS
from tracewire.words import AUDIT_EVENTS

from cloud.feed import orders
from cloud.recall import report_csv
from cloud.recall.enforce import Enforcement
from simulators.node import Node, now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.cloud.test_feed import pull

CHENGXIN = Path(sys.executable).parent / "chengxin"
GRAMS = 88_100
"""What the lot weighs when it reaches the stall: one carcass less what was cut away."""


class Recall:
    """A lot of one carcass, with sales, and a console that decides about it."""

    def __init__(self, cloud: CloudUnderTest) -> None:
        self.cloud = cloud
        self.market = cloud.market
        self.console = self.market.add("console-01", "console")
        cloud.publish_registry()
        self.lot = self.market.pork_for(carcasses=1)
        for grams in (500, 700):
            self.market.sell(self.lot, grams=grams)
        self.settle()

    def settle(self) -> None:
        """Deliver what is pending, and let the freeze follow as the worker does."""
        if self.market.pending:
            self.cloud.deliver(self.market.envelope())
        self.cloud.catch_up()
        stores = self.cloud.cloud.stores
        Enforcement(stores.ledger, stores.projections).enforce(now_ms())

    def decide(self, word: str) -> None:
        body = {"decision": DECISIONS.index(word), "lot": self.lot, "reason": "抽检不合格", "account": bytes(32)}
        self.cloud.deliver(self.market.envelope(self.console.seal(record.DECISION, body), by=self.console))
        self.settle()

    def destroy(self, put_in: int, weighed: int, *, weighing: bool = True) -> None:
        """Put some of the lot into destruction, and weigh there what is destroyed."""
        line = self.market.line
        if weighing:
            body = {"gross_grams": weighed, "tare_grams": 0, "tare_mode": 0, "net_grams": weighed, "e_grams": 100}
            self.market.say(line, record.WEIGHING, body)
        movement = {"movement": 5, "inputs": ((self.lot, put_in),), "waste_grams": weighed}
        self.market.say(line, record.MOVEMENT, movement | ({"weighing_back": 1} if weighing else {}))
        self.settle()

    def case(self, lot: str | None = None) -> Any:
        answer = self.cloud.public.get(f"/v1/recalls/{lot or self.lot}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def obstacles(self) -> list[str]:
        return [each["code"] for each in self.case()["obstacles"]]


@pytest.fixture
def recall(cloud: CloudUnderTest) -> Recall:
    return Recall(cloud)


def hear(market: Market, node: Node, serial: int, lots: str) -> None:
    """Let a device record the list that it took, as ``device.downlink_lots`` does."""
    event = {"event": AUDIT_EVENTS.index("lots_frozen"), "event_counter": 1, "detail": f"feed {serial}: {lots}"}
    market.say(node, record.AUDIT, event)


def test_without_a_decision_the_report_is_a_drill(recall: Recall) -> None:
    case = recall.case()
    assert (case["state"], case["decisions"], case["sales"], case["sold_grams"]) == ("drill", [], 2, 1_200)
    assert case["left_grams"] == GRAMS - 1_200
    assert [(each["device"], each["sold_grams"], each["taken_ms"]) for each in case["told"]] == [
        ("scale-0001", 1_200, None),
        ("term-0001", 0, None),
    ]


def test_who_was_told_stands_with_order_gateway_and_the_devices_own_record(recall: Recall) -> None:
    before_ms = now_ms()
    recall.decide("recall")
    version, rows = pull(recall.cloud)
    serial = next(row[2] for row in rows if row[0] == "scale-0001")
    scale = recall.case()["told"][0]
    assert before_ms <= scale["frozen_ms"]
    assert (scale["taken_ms"], scale["heard_ms"]) == (None, None)
    pull(recall.cloud, version)  # the question for more says that everything before is on the gateway's disk
    scale = recall.case()["told"][0]
    assert (scale["gateway"], scale["heard_ms"]) == ("gateway-01", None)
    assert scale["taken_ms"] >= scale["frozen_ms"]
    hear(recall.market, recall.market.scale, serial, recall.lot)
    recall.settle()
    scale, terminal = recall.case()["told"]
    assert scale["heard_ms"] >= scale["frozen_ms"]
    assert scale["heard_index"] == recall.cloud.public.get("/healthz").json()["records"]
    assert terminal["taken_ms"] is None  # at another site: this gateway does not serve it


def test_a_list_taken_before_the_lot_was_on_it_tells_nobody(recall: Recall) -> None:
    orders.freeze(recall.cloud.cloud.stores.ledger, "35020000100039000002", "by telephone", now_ms())
    version, rows = pull(recall.cloud)
    pull(recall.cloud, version)
    hear(recall.market, recall.market.scale, rows[0][2], "35020000100039000002")
    recall.decide("recall")
    scale = recall.case()["told"][0]
    assert (scale["taken_ms"], scale["heard_ms"]) == (None, None)


def test_a_question_beyond_what_was_sealed_tells_nothing(recall: Recall) -> None:
    recall.decide("recall")
    version, _ = pull(recall.cloud)
    pull(recall.cloud, 2**62)
    assert recall.case()["told"][0]["taken_ms"] is None
    pull(recall.cloud, version)
    assert recall.case()["told"][0]["taken_ms"] is not None


def test_a_release_closes_a_recall_and_the_next_one_begins_anew(recall: Recall) -> None:
    recall.decide("freeze")
    recall.decide("recall")
    assert (recall.case()["state"], [each["word"] for each in recall.case()["decisions"]]) == (
        "open",
        ["freeze", "recall"],
    )
    recall.decide("release")
    assert recall.case()["state"] == "released"
    recall.decide("recall")
    assert (recall.case()["state"], len(recall.case()["decisions"])) == ("open", 1)


def test_destruction_closes_when_every_gram_is_weighed(recall: Recall) -> None:
    recall.decide("recall")
    recall.decide("destroy")
    assert (recall.case()["state"], recall.obstacles()) == ("ordered", ["left"])
    recall.destroy(GRAMS - 1_200, GRAMS - 1_300)
    case = recall.case()
    (destroyed,) = case["destructions"]
    assert (case["state"], case["obstacles"], case["left_grams"]) == ("destroyed", [], 0)
    assert (destroyed["put_in_grams"], destroyed["destroyed_grams"], destroyed["agrees"]) == (86_900, 86_800, True)
    assert destroyed["weighing_index"] == destroyed["index"] - 1
    flags = [flag["code"] for fate in case["fates"] for flag in fate["flags"]]
    assert flags == []  # to destroy what is stopped is no use of it


def test_destruction_without_an_order_leaves_the_recall_open(recall: Recall) -> None:
    recall.decide("recall")
    recall.destroy(GRAMS - 1_200, GRAMS - 1_200)
    assert (recall.case()["state"], recall.obstacles()) == ("open", [])


@pytest.mark.parametrize(
    ("put_in", "weighed", "weighing", "wrong"),
    [
        (86_900, 86_900, False, ["unweighed"]),
        (86_900, 60_000, True, ["mismatch"]),
        (40_000, 40_000, True, ["left"]),
    ],
)
def test_what_was_not_weighed_or_weighs_less_does_not_close_it(
    recall: Recall, put_in: int, weighed: int, weighing: bool, wrong: list[str]
) -> None:
    recall.decide("destroy")
    recall.destroy(put_in, weighed, weighing=weighing)
    assert (recall.case()["state"], recall.obstacles()) == ("ordered", wrong)


def test_animals_are_accounted_for_by_head(recall: Recall) -> None:
    pigs = f"{recall.market.farm.credential.code_base}0000001"
    assert [each["code"] for each in recall.case(pigs)["obstacles"]] == ["left"]  # the meat, not the pig
    body = {"lot": "35020000100010000009", "source": 2, "goods": "生猪", "place": "河田镇", "division": "350821"}
    recall.market.say(recall.market.farm, record.LOT, body | {"head_count": 2})
    for side in (0, 1):
        carcass = {"carcass": recall.market.line.next_code(), "lot": body["lot"], "hot_grams": 40_000, "side": side}
        recall.market.say(recall.market.line, record.CARCASS, carcass)
    recall.settle()
    found = {each["lot"]: each["code"] for each in recall.case(body["lot"])["obstacles"]}
    assert found[body["lot"]] == "unknown"  # one and a half of two


def test_a_slip_and_an_unknown_code_have_no_case(recall: Recall) -> None:
    slip = recall.market.sell(recall.lot)
    recall.settle()
    for code in (slip, "35020000100039999999", "%00"):
        answer = recall.cloud.public.get(f"/v1/recalls/{code}")
        assert (answer.status_code, answer.json()["code"]) == (404, "trace.unknown")


def test_the_report_as_files_says_the_same(recall: Recall, tmp_path: Path) -> None:
    recall.decide("recall")
    recall.destroy(40_000, 40_000)
    command = [CHENGXIN, "recall", "report", recall.lot, "--url", recall.cloud.url]
    files = ["--csv", tmp_path / "recall.csv", "--pdf", tmp_path / "recall.pdf"]
    ran = subprocess.run([*command, *files], check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "2 sales written" in ran.stdout.replace("\n", "")
    assert [row["net_grams"] for row in _rows(tmp_path / "recall.csv")] == ["500", "700"]
    assert [row["stall"] for row in _rows(tmp_path / "recall.csv")] == ["A12 阿福鲜肉"] * 2
    stalls = _rows(tmp_path / "recall-stalls.csv")
    assert (stalls[0]["sold_grams"], stalls[0]["left_grams"]) == ("1200", str(GRAMS - 1_200 - 40_000))
    assert [row["device"] for row in _rows(tmp_path / "recall-told.csv")] == ["scale-0001", "term-0001"]
    assert _rows(tmp_path / "recall-destructions.csv")[0]["destroyed_grams"] == "40000"
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "recall.pdf").pages)
    for words in ("召回报告", "召回中 Open", "抽检不合格", "阿福鲜肉", "46900", "每一笔零售", "应有剩余"):
        assert words in text.replace("\n", ""), words


def test_a_cell_that_begins_like_a_formula_is_text() -> None:
    rows = list(csv.reader(io.StringIO("".join(report_csv.lines(("摊位 stall",), [('=HYPERLINK("x")',), ("-5",)])))))
    assert rows[1:] == [['\'=HYPERLINK("x")'], ["-5"]]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))
