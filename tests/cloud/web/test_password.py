"""The page for a password of one's own, in a real browser."""

import pytest
from playwright.sync_api import expect

from cloud.accounts import guard, passwords
from cloud.accounts.account import Account
from cloud.accounts.service import Accounts
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.people import visitor
from tests.cloud.web.conftest import OpenPage, assert_accessible

HERE = "127.0.0.1"


@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_somebody_changes_their_password(cloud: CloudUnderTest, open_page: OpenPage, width: str, scheme: str) -> None:
    accounts, old, new = Accounts(cloud.cloud.accounts, now_ms), passwords.generate(), passwords.generate()
    accounts.add(Account("lin", "market_opener", site="第八市场"), old)
    here, elsewhere = (accounts.sign_in("lin", old, HERE).token for _ in range(2))
    page = open_page(width, scheme)
    page.context.add_cookies([{"name": guard.SESSION, "value": here, "url": cloud.url}])
    page.goto(f"{cloud.url}/console")
    page.get_by_role("link", name="修改密码").click()
    for typed, said in (("not the password", "不对"), (old, "已修改")):
        page.get_by_label("现在的密码").fill(typed)
        page.get_by_label("新密码（至少 12 个字符）").fill(new)
        page.get_by_label("再输一次新密码").fill(new)
        page.get_by_role("button", name="修改").click()
        expect(page.locator(".notice")).to_contain_text(said)
        assert_accessible(page, "password")
    assert accounts.session(here, by_browser=True) is not None
    assert accounts.session(elsewhere, by_browser=True) is None
    assert accounts.sign_in("lin", new, HERE).token
    page.goto(f"{cloud.url}/account/password?lang=en")
    expect(page.locator("h1")).to_have_text("Change your password")


def test_what_is_no_change_is_said_and_changes_nothing(cloud: CloudUnderTest) -> None:
    with visitor(cloud, "seller") as client:
        for fields, said in (
            ({"old": "x", "new": "a" * 12, "again": "b" * 12}, "不一样"),
            ({"old": "x", "new": "short", "again": "short"}, "12 至 256"),
        ):
            answer = client.post("/account/password", data=fields)
            assert (answer.status_code, said in answer.text) == (400, True)
        client.headers["X-CSRF-Token"] = "0" * 64
        refused = client.post("/account/password", data={"old": "x", "new": "a" * 12, "again": "a" * 12})
        assert (refused.status_code, refused.json()["code"]) == (403, "account.form")
    with visitor(cloud, "public") as client:
        assert client.get("/account/password").headers["location"].startswith("/sign-in")
