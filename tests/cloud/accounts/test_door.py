"""The door over HTTP: cookies, forms, who is sent where; and the commands that open accounts."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cloud.accounts import passwords, store
from cloud.accounts.account import Account
from cloud.accounts.service import MOST_BY_NAME, Accounts, _bucket
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest

CHENGXIN = Path(sys.executable).parent / "chengxin"
PASSWORD = passwords.generate()
HTTPS = {"X-Forwarded-Proto": "https"}


@pytest.fixture
def browser_of(cloud: CloudUnderTest) -> Iterator[httpx.Client]:
    """Return what keeps cookies as a browser does, before a door that `lin` may open."""
    Accounts(cloud.cloud.accounts, now_ms).add(Account("lin", "market_opener", site="第八市场"), PASSWORD)
    with httpx.Client(base_url=cloud.url, timeout=30) as client:
        yield client


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found[1]


def sign_in(client: httpx.Client, password: str = PASSWORD, wanted: str = "", **headers: str) -> httpx.Response:
    page = client.get("/sign-in", headers=headers)
    form = {"csrf": token_in(page), "name": "lin", "password": password, "next": wanted}
    return client.post("/sign-in", data=form, headers=headers)


def test_signing_in_and_out(browser_of: httpx.Client) -> None:
    assert sign_in(browser_of, "not the password").status_code == 403
    entered = sign_in(browser_of)
    assert (entered.status_code, entered.headers["location"]) == (303, "/console")
    cookie = entered.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} < set(cookie.split("; "))
    assert "secure" not in cookie
    assert entered.headers["cache-control"] == "private, no-store"
    again = browser_of.get("/sign-in")
    assert (again.status_code, again.headers["location"]) == (303, "/console")


def test_over_https_cookies_are_held_to_this_host(browser_of: httpx.Client) -> None:
    page = browser_of.get("/sign-in", headers=HTTPS)
    cookie = page.headers["set-cookie"].lower()
    assert cookie.startswith("__host-chengxin-door=")
    assert "secure" in cookie.split("; ")


def test_a_form_that_is_not_ours_is_refused(browser_of: httpx.Client) -> None:
    form = {"name": "lin", "password": PASSWORD}
    token = token_in(browser_of.get("/sign-in"))
    for bad in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "é"}):
        answer = browser_of.post("/sign-in", data={**form, **bad})
        assert (answer.status_code, answer.json()["code"]) == (403, "account.form")
    stranger = httpx.post(f"{browser_of.base_url}/sign-in", data={**form, "csrf": token})
    assert stranger.status_code == 403
    assert browser_of.post("/sign-in", data={**form, "csrf": token}).status_code == 303
    assert browser_of.post("/sign-out", data={"csrf": token}).status_code == 403
    assert browser_of.get("/sign-in").status_code == 303, "still signed in"


def test_too_many_tries_are_told_when_to_come_back(browser_of: httpx.Client, cloud: CloudUnderTest) -> None:
    with cloud.cloud.accounts.alone() as connection:
        for _ in range(MOST_BY_NAME):
            store.note(connection, now_ms(), _bucket("lin"), "lin", "192.0.2.1")
    answer = sign_in(browser_of)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60
    assert "再试" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"csrf=1&csrf=2",
        b"name=%00",
        b"name=%ff",
        b"\xff",
        b"&".join(b"a%d=1" % n for n in range(101)),
        b"a=" + b"x" * 16384,
    ],
)
def test_a_form_beyond_its_limits_is_refused(browser_of: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = browser_of.post("/sign-in", content=body, headers=headers)
    assert answer.status_code in {400, 413}
    assert answer.json()["code"].startswith("request.")
    assert browser_of.post("/sign-in", files={"name": b"lin"}).status_code == 415


@pytest.mark.parametrize(
    ("wanted", "way"),
    [
        ("/console/lots?page=2", "/console/lots?page=2"),
        ("//evil.example/", "/console"),
        ("/\\evil.example", "/console"),
        ("https://evil.example", "/console"),
        ("/\t/evil.example", "/console"),
        ("/sign-out", "/console"),
        ("/" + "x" * 500, "/console"),
    ],
)
def test_nobody_is_led_away_after_signing_in(browser_of: httpx.Client, wanted: str, way: str) -> None:
    assert sign_in(browser_of, wanted=wanted).headers["location"] == way


def test_accounts_are_opened_by_command_and_their_password_is_shown_once(cloud: CloudUnderTest) -> None:
    directory = str(cloud.config.directory)

    def account(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CHENGXIN, "cloud", "account", *words, "--dir", directory], check=False, capture_output=True, text=True
        )

    made = account("add", "wang", "--role", "regulator", "--region", "3502")
    found = re.search(r"sign in with (\S+)", made.stdout)
    assert found is not None, made.stderr
    accounts = Accounts(cloud.cloud.accounts, now_ms)
    assert accounts.sign_in("wang", found[1], "192.0.2.1").token
    listed = account("list").stdout
    assert "wang" in listed
    assert found[1] not in listed
    assert account("add", "wang", "--role", "ops").returncode == 3
    assert account("add", "chen", "--role", "seller").returncode == 3
    token = account("token", "wang").stdout.strip()
    assert accounts.session(token, by_browser=False) is not None
    assert account("password", "wang").returncode == 0
    assert accounts.session(token, by_browser=False) is None
    assert account("remove", "wang").returncode == 0
    assert accounts.every() == []
    assert account("add", "li", "--role", "ops", "--type-password").returncode == 2
