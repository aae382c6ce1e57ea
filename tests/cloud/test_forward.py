"""Where a lot went: over HTTP as JSON, and as a tree in the terminal."""

import subprocess
import sys
from pathlib import Path

from tracewire import record

from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import SELLER, Market

CHENGXIN = Path(sys.executable).parent / "chengxin"


def a_day(cloud: CloudUnderTest, market: Market) -> tuple[str, str, str]:
    """Tell of a pig lot, its carcasses, a wholesale lot and three sales; return (pig lot, wholesale lot, slip)."""
    lot = market.pork_for()
    slips = [market.sell(lot, grams=grams) for grams in (500, 700, 900)]
    cloud.deliver(market.envelope())
    cloud.catch_up()
    pigs = f"{market.farm.credential.code_base}0000001"
    return pigs, lot, slips[0]


def test_a_farms_lot_leads_forward_to_every_sale(cloud: CloudUnderTest, market: Market) -> None:
    pigs, lot, _ = a_day(cloud, market)
    answer = cloud.public.get(f"/v1/trace/{pigs}", params={"direction": "forward"}).json()
    assert answer["fates"][0]["lot"] == pigs
    assert answer["is_complete"]
    (sold,) = [fate for fate in answer["fates"] if fate["sales"]]
    assert (sold["lot"], sold["sold_grams"], sold["left_grams"]) == (lot, 2_100, 2 * 88_400 + 700 - 300 - 2_100)
    (outlet,) = sold["outlets"]
    assert (outlet["site"], outlet["stall"], outlet["seller"], outlet["sales"]) == ("第八市场", "A12", "阿福鲜肉", 3)
    assert [passage["kind"] for passage in answer["passages"]] == ["slaughter", "slaughter", "transfer"]


def test_the_sales_of_a_lot_come_in_pages(cloud: CloudUnderTest, market: Market) -> None:
    pigs, lot, slip = a_day(cloud, market)
    sales = cloud.public.get(f"/v1/trace/{pigs}/sales").json()
    assert [sale["net_grams"] for sale in sales] == [500, 700, 900]
    assert (sales[0]["slip"], sales[0]["lot"]) == (slip, lot)
    rest = cloud.public.get(f"/v1/trace/{pigs}/sales", params={"after": sales[0]["index"]}).json()
    assert rest == sales[1:]


def test_a_slip_leads_both_ways(cloud: CloudUnderTest, market: Market) -> None:
    _, lot, slip = a_day(cloud, market)
    answer = cloud.public.get(f"/v1/trace/{slip}", params={"direction": "both"}).json()
    assert (answer["lot"], answer["sale"]["net_grams"], answer["fates"][0]["lot"]) == (lot, 500, lot)


def test_a_stopped_lot_is_said_to_be_stopped(cloud: CloudUnderTest, market: Market) -> None:
    _, lot, _ = a_day(cloud, market)
    console = market.add("console-01", "console")
    cloud.publish_registry()
    market.say(console, record.DECISION, {"decision": 3, "lot": lot, "reason": "抽检不合格", "account": bytes(32)})
    cloud.deliver(market.envelope())
    cloud.catch_up()
    fates = cloud.public.get(f"/v1/trace/{lot}", params={"direction": "forward"}).json()["fates"]
    assert fates[0]["is_stopped"]


def test_unknown_codes_and_directions_are_refused(cloud: CloudUnderTest) -> None:
    for direction in ("forward", "both"):
        answer = cloud.public.get("/v1/trace/35020000100030009999", params={"direction": direction})
        assert (answer.status_code, answer.json()["code"]) == (404, "trace.unknown")
    assert cloud.public.get("/v1/trace/35020000100030009999/sales").status_code == 404
    assert cloud.public.get("/v1/trace/35020000100030009999", params={"direction": "sideways"}).status_code == 422


def test_a_person_at_a_terminal_sees_both_ways(cloud: CloudUnderTest, market: Market) -> None:
    _, lot, _ = a_day(cloud, market)
    shown = _trace(lot, "--url", cloud.url)
    assert shown.returncode == 0, shown.stderr
    for words in ("came from", "went to", "长汀县河田镇绿源生态养殖场", "第八市场 A12: 3 sales, 2.1 kg", "Slaughter"):
        assert words in shown.stdout
    unknown = _trace("35020000100030009999", "--url", cloud.url)
    assert (unknown.returncode, "trace.unknown" in unknown.stdout) == (1, True)
    nobody = _trace(lot, "--url", "http://127.0.0.1:9")
    assert nobody.returncode == 4
    assert "does not answer" in nobody.stderr


def _trace(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHENGXIN, "trace", *arguments], check=False, capture_output=True, text=True, timeout=60)


def test_a_lot_in_which_everything_is_mixed_is_cut_and_said(cloud: CloudUnderTest, market: Market) -> None:
    start = market.pork_for(carcasses=1)
    for number in range(420):
        body = {"movement": 2, "inputs": ((start, 10),), "outputs": ((f"35020000100039{number:06}", 10),)}
        market.say(market.wholesaler, record.MOVEMENT, {**body, "to_party": SELLER})
    cloud.deliver(market.envelope())
    cloud.catch_up()
    answer = cloud.public.get(f"/v1/trace/{start}", params={"direction": "forward"}).json()
    assert not answer["is_complete"]
    assert len(answer["passages"]) == 400
