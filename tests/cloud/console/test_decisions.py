"""From the form to the ledger: what will happen, the confirm, the seal; for people and for programs."""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tracewire import chain
from tracewire.errors import Unavailable

from cloud.accounts import asked
from cloud.accounts.asked import Wish
from cloud.accounts.service import Accounts
from cloud.console import rights
from cloud.console.sealing import Sealer
from cloud.recall.console import Console, Decision
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.console import desk_key
from tests.cloud.console.story import HOSTILE, SELLER, Told, tell
from tests.cloud.market import Market
from tests.cloud.people import PEOPLE, PUBLIC, session_of, visitor

FOREIGN_SELLER = "4401000019001"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def told(cloud: CloudUnderTest, market: Market) -> Told:
    return tell(cloud, market)


@pytest.fixture
def desk(tmp_path: Path, cloud: CloudUnderTest, market: Market, told: Told) -> Path:
    market.nodes.remove(told.console)
    return desk_key.enrol(tmp_path / "console-01", cloud, market)


def confirm(client: httpx.Client, path: str, word: str, reason: str = "抽检不合格", card: str = "") -> str:
    """Open a form, confirm it, and return where it leads to."""
    form = client.get(f"{path}?word={word}")
    number = re.search(r'name="number" value="([0-9a-f]{32})"', form.text)
    token = re.search(r'name="csrf" value="([0-9a-f]{64})"', form.text)
    assert number is not None, form.text
    assert token is not None
    fields = {"word": word, "number": number[1], "csrf": token[1], "reason": reason, "card": card}
    sent = [client.post(path, data=fields) for _ in range(2)]
    assert [each.status_code for each in sent] == [303, 303], "pressed twice"
    assert sent[0].headers["location"] == sent[1].headers["location"]
    return str(sent[0].headers["location"])


def seal(cloud: CloudUnderTest, desk: Path, url: str = "") -> None:
    Sealer(cloud.cloud.accounts, cloud.cloud.stores.projections, desk, url or listener("ingest").url).turn()
    cloud.catch_up()


def test_a_recall_is_confirmed_sealed_once_and_in_the_ledger(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    with visitor(cloud, "market_opener") as client:
        before = client.get(f"/console/lots/{told.lot}/decide?word=recall").text
        assert "一分钟内拒售" in before
        assert "1.2 kg" in before
        where = confirm(client, f"/console/lots/{told.lot}/decide", "recall")
        assert "等待签名" in client.get(where).text
        seal(cloud, desk)
        seal(cloud, desk)
        assert "并写入账本" in client.get(where).text
        page = client.get(f"/console/lots/{told.lot}").text
        assert page.count("抽检不合格") == 1
        assert "召回中" in page
    assert cloud.public.get(f"/v1/recalls/{told.lot}").json()["decisions"][0]["word"] == "recall"


def test_the_record_names_nobody_and_the_account_can_be_erased(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    with visitor(cloud, "market_opener") as client:
        where = confirm(client, f"/console/lots/{told.lot}/decide", "freeze")
    seal(cloud, desk)
    number = where.rpartition("/")[2]
    with cloud.cloud.accounts.reader.connect() as connection:
        found = asked.find(connection, number)
    assert found is not None
    assert found.salt is not None
    assert found.commitment == chain.digest(found.salt + b"lin")
    assert b"lin" not in (desk / "history.cborseq").read_bytes()
    assert not (desk / "accounts.csv").exists()
    Accounts(cloud.cloud.accounts, now_ms).remove("lin")
    with cloud.cloud.accounts.reader.connect() as connection:
        erased = asked.find(connection, number)
    assert erased is not None
    assert (erased.account, erased.salt, erased.commitment) == (None, None, found.commitment)


def test_a_market_gives_back_what_it_stopped_and_nothing_else(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    path = f"/console/lots/{told.lot}/decide"
    with visitor(cloud, "market_opener") as opener, visitor(cloud, "regulator") as regulator:
        assert "没有被停售" in opener.get(f"{path}?word=release").text
        confirm(opener, path, "freeze")
        seal(cloud, desk)
        confirm(opener, path, "release")
        seal(cloud, desk)
        assert "已解除" in opener.get(f"/console/lots/{told.lot}").text
        confirm(regulator, path, "recall")
        seal(cloud, desk)
        confirm(opener, path, "freeze")
        seal(cloud, desk)
        refused = opener.post(path, data={"word": "release", "number": "0" * 32, "reason": "x"})
        assert refused.status_code == 400
        assert "只有监管人员" in refused.text
        confirm(regulator, path, "release")


def test_a_seller_is_suspended_and_admitted(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    with visitor(cloud, "market_opener") as client:
        for word, said in (("suspend", "已暂停"), ("admit", "已准入")):
            confirm(client, f"/console/sellers/{SELLER}/decide", word)
            seal(cloud, desk)
            assert said in client.get("/console/sellers").text


def test_a_card_is_reported_lost_and_found_again(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    path, card = f"/console/sellers/{SELLER}/decide", "04a1b2c3d4e5f6"
    with visitor(cloud, "market_opener") as client:
        wrong = {"word": "unblock_card", "number": "0" * 32, "reason": "x", "card": card}
        assert "没有挂失这张卡" in client.post(path, data=wrong).text
        for number in ("", "04a1", HOSTILE, "04" * 8, "04a1b2c3d4e5f"):
            answer = client.post(path, data={**wrong, "word": "block_card", "card": number})
            assert (answer.status_code, "卡号应为" in answer.text) == (400, True), number
            assert "<script>alert" not in answer.text
        where = confirm(client, path, "block_card", "摊主报失", "04:A1:B2:C3 D4-E5-F6")
        seal(cloud, desk)
        assert card in re.sub("<[^>]*>", "", client.get(where).text)
        page = client.get(f"/console/sellers/{SELLER}").text
        assert f"word=unblock_card&amp;card={card}" in page
        assert "已暂停" not in page
        assert f'value="{card}"' in client.get(f"{path}?word=unblock_card&card={card}").text
        confirm(client, path, "unblock_card", "已找到", card)
        seal(cloud, desk)
        assert "没有挂失的卡" in client.get(f"/console/sellers/{SELLER}").text
    with visitor(cloud, "seller") as seller, visitor(cloud, "inspector") as inspector:
        assert "卡片挂失" not in seller.get(f"/console/sellers/{SELLER}").text
        refused = inspector.post(path, data={**wrong, "word": "block_card"})
        assert refused.json()["code"] == "console.word"


def test_a_market_lifts_no_suspension_of_a_regulator(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    path = f"/console/sellers/{SELLER}/decide"
    with visitor(cloud, "market_opener") as opener, visitor(cloud, "regulator") as regulator:
        confirm(regulator, path, "suspend")
        seal(cloud, desk)
        confirm(opener, path, "suspend")
        seal(cloud, desk)
        assert "只有监管人员" in opener.get(f"{path}?word=admit").text
        confirm(regulator, path, "admit")
        seal(cloud, desk)
        confirm(opener, path, "admit")  # nothing is suspended any more


@pytest.mark.parametrize("reason", ["", "   ", "超" * 81, "two\nlines", "x\u202ey"])
def test_a_decision_without_a_good_reason_is_asked_again(cloud: CloudUnderTest, told: Told, reason: str) -> None:
    path = f"/console/lots/{told.lot}/decide"
    with visitor(cloud, "regulator") as client:
        answer = client.post(path, data={"word": "freeze", "number": "0" * 32, "reason": reason})
        assert (answer.status_code, "请用一行文字" in answer.text) == (400, True)
        hostile = client.post(path, data={"word": "freeze", "number": HOSTILE, "reason": HOSTILE})
        assert hostile.status_code == 400
        assert "<script>alert" not in hostile.text
    with cloud.cloud.accounts.reader.connect() as connection:
        assert asked.waiting(connection, asked.ASKED, 10) == []


def test_a_form_of_another_session_decides_nothing(cloud: CloudUnderTest, told: Told) -> None:
    path = f"/console/lots/{told.lot}/decide"
    with visitor(cloud, "regulator") as client:
        client.headers["X-CSRF-Token"] = "0" * 64
        fields = {"word": "recall", "number": "0" * 32, "reason": "x"}
        assert client.post(path, data=fields).json()["code"] == "account.form"
        del client.headers["X-CSRF-Token"]
        assert client.post(path, data=fields).json()["code"] == "account.form"


def test_what_waits_survives_a_cloud_that_is_away_and_a_key_in_use(
    cloud: CloudUnderTest, told: Told, desk: Path
) -> None:
    with visitor(cloud, "regulator") as client:
        where = confirm(client, f"/console/lots/{told.lot}/decide", "recall")
        with pytest.raises(Unavailable, match=r"console\.cloud"):
            seal(cloud, desk, NOBODY)
        assert "正在写入账本" in client.get(where).text
        held = Console(desk)
        with pytest.raises(Unavailable, match=r"console\.busy"):
            seal(cloud, desk)
        del held
        seal(cloud, desk)
        assert "并写入账本" in client.get(where).text


def test_a_seal_that_was_not_noted_is_found_again(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    with visitor(cloud, "regulator") as client:
        where = confirm(client, f"/console/lots/{told.lot}/decide", "recall")
        with cloud.cloud.accounts.reader.connect() as connection:
            (wish,) = asked.waiting(connection, asked.ASKED, 2)
        Console(desk).decide(Decision("recall", told.lot, wish.reason, "wang"), wish.salt)
        seal(cloud, desk)
        assert "第 1 号" in client.get(where).text
    assert cloud.public.get(f"/v1/recalls/{told.lot}").json()["decisions"][1:] == []


@pytest.mark.parametrize("how", ["erased", "demoted"])
def test_what_somebody_may_no_longer_decide_is_not_sealed(
    cloud: CloudUnderTest, told: Told, desk: Path, how: str
) -> None:
    with visitor(cloud, "market_opener") as client:
        where = confirm(client, f"/console/lots/{told.lot}/decide", "recall")
    accounts = Accounts(cloud.cloud.accounts, now_ms)
    accounts.remove("lin")
    if how == "demoted":
        session_of(cloud, type(PEOPLE["ops"])("lin", "ops"))
    seal(cloud, desk)
    with cloud.cloud.accounts.reader.connect() as connection:
        found = asked.find(connection, where.rpartition("/")[2])
    assert found is not None
    assert (found.state, found.detail.partition(".")[0]) == ("refused", "account")


@pytest.mark.parametrize("who", ["market_opener", "inspector", "regulator"])
@pytest.mark.parametrize("about", ["lot", "seller"])
def test_what_a_page_never_asked_about_another_county_is_not_sealed_and_shown(
    cloud: CloudUnderTest, told: Told, desk: Path, who: str, about: str
) -> None:
    account = PEOPLE[who]
    foreign = {"lot": told.foreign} if about == "lot" else {"seller": FOREIGN_SELLER}
    word = "freeze" if about == "lot" else "suspend"
    with visitor(cloud, account) as client:
        forged = Wish("0" * 32, word, "抽检不合格", **foreign)
        asked.ask(cloud.cloud.accounts, forged, account.name, account.role, now_ms())
        seal(cloud, desk)
        assert ("辖区内" if rights.may(account.role, word) else "无权") in client.get(
            f"/console/decisions/{forged.id}"
        ).text
    assert not (desk / "history.cborseq").exists()


@pytest.mark.parametrize(
    ("who", "state"), [("market_opener", "refused"), ("regulator", "refused"), ("ops", "delivered")]
)
def test_what_is_stated_of_a_device_of_another_county_is_sealed_for_operators_alone(
    cloud: CloudUnderTest, told: Told, desk: Path, who: str, state: str
) -> None:
    account = PEOPLE[who]
    session_of(cloud, account)
    fields = {"ticket": "0" * 32, "step": 1, "state": 0, "device": "scale-0900", "entered_ms": now_ms(), "note": "坏了"}
    forged = Wish("0" * 32, asked.TICKET, "", device="scale-0001", ticket="0" * 32, fields=fields)
    asked.ask(cloud.cloud.accounts, forged, account.name, account.role, now_ms())
    seal(cloud, desk)
    with cloud.cloud.accounts.reader.connect() as connection:
        found = asked.find(connection, forged.id)
    assert found is not None
    assert (found.state, found.detail) == (state, "account.reach" if state == "refused" else "")


def test_a_region_is_asked_as_the_account_is_now(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    with visitor(cloud, "regulator") as client:
        where = confirm(client, f"/console/lots/{told.lot}/decide", "recall")
        accounts = Accounts(cloud.cloud.accounts, now_ms)
        accounts.remove("wang")
        moved = replace(PEOPLE["regulator"], region="44")
        asked_again = Wish("1" * 32, "recall", "抽检不合格", told.lot)
    with visitor(cloud, moved) as client:
        asked.ask(cloud.cloud.accounts, asked_again, moved.name, moved.role, now_ms())
        seal(cloud, desk)
        assert "辖区内" in client.get(f"/console/decisions/{asked_again.id}").text
        assert client.get(where).status_code == 404, "an erased account's decision is nobody's"


def test_without_a_registry_that_holds_a_decision_waits(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    registry = (desk / "registry.cose").read_bytes()
    (desk / "registry.cose").write_bytes(registry[:-1] + bytes((registry[-1] ^ 1,)))
    with visitor(cloud, "regulator") as client:
        where = confirm(client, f"/console/lots/{told.lot}/decide", "recall")
        with pytest.raises(Unavailable, match=r"console\.registry"):
            seal(cloud, desk)
        assert "等待签名" in client.get(where).text
        (desk / "registry.cose").write_bytes(registry)
        seal(cloud, desk)
        assert "并写入账本" in client.get(where).text


def test_a_decision_is_shown_to_whoever_asked_for_it(cloud: CloudUnderTest, told: Told) -> None:
    with visitor(cloud, "market_opener") as client, visitor(cloud, "regulator") as other:
        where = confirm(client, f"/console/lots/{told.lot}/decide", "freeze")
        assert client.get(where).status_code == 200
        assert other.get(where).status_code == 404
        assert client.get("/console/decisions/0").status_code == 404


def test_a_program_recalls_with_a_token(cloud: CloudUnderTest, told: Told, desk: Path) -> None:
    for name in ("market_opener", "ops"):
        session_of(cloud, PEOPLE[name])
    accounts = Accounts(cloud.cloud.accounts, now_ms)
    order = {"lot": told.lot, "reason": "检出瘦肉精"}
    bearer = {"Authorization": f"Bearer {accounts.give_token('lin', days=1)}"}
    with visitor(cloud, PUBLIC) as program:
        taken = program.post("/v1/recalls", json=order, headers=bearer)
        assert taken.status_code == 202, taken.text
        assert (taken.json()["sales"], taken.json()["stalls"], taken.json()["sold_grams"]) == (2, 1, 1_200)
        seal(cloud, desk)
        where = program.get(taken.headers["location"], headers=bearer).json()
        assert (where["state"], where["lot"]) == ("delivered", told.lot)
        for bad, status in (
            ({"lot": told.foreign, "reason": "x"}, 404),
            ({"lot": told.lot}, 422),
            ({**order, "more": 1}, 422),
            ({**order, "reason": ""}, 400),
            ([], 422),
        ):
            assert program.post("/v1/recalls", json=bad, headers=bearer).status_code == status, bad
        assert program.post("/v1/recalls", json=order).status_code == 401
        assert program.post("/v1/recalls", content=b"x" * 20_000, headers=bearer).status_code == 415
        night = {"Authorization": f"Bearer {accounts.give_token('night', days=1)}"}
        assert program.post("/v1/recalls", json=order, headers=night).status_code == 403
    with visitor(cloud, "regulator") as client:
        keyed = {"Idempotency-Key": "order 17"}
        twice = [client.post("/v1/recalls", json=order, headers=keyed) for _ in range(2)]
        assert [each.status_code for each in twice] == [202, 202]
        assert twice[0].json() == twice[1].json()
        other = client.post("/v1/recalls", json={**order, "reason": "another"}, headers=keyed)
        assert (other.status_code, other.json()["code"]) == (422, "request.idempotency")
        assert client.post("/v1/recalls", json=order).json()["decision"] != twice[0].json()["decision"]
        client.headers["X-CSRF-Token"] = "0" * 64
        assert client.post("/v1/recalls", json=order).status_code == 403
