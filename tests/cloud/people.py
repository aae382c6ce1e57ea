"""People who are signed in, one for each role, without the time that passwords take.

client = visitor(cloud, "regulator")       # an httpx client with the cookie; None or "public" for nobody
client.get("/console")
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import Page

from cloud.accounts import forms, guard, service, store
from cloud.accounts.account import Account
from simulators.node import now_ms
from tests.cloud.conftest import LONG_ENOUGH_SECONDS, CloudUnderTest
from tests.cloud.market import SELLER

PUBLIC = "public"

PEOPLE = {
    "seller": Account("afu", "seller", seller=SELLER),
    "market_opener": Account("lin", "market_opener", site="第八市场"),
    "inspector": Account("chen", "inspector", region="3502"),
    "ops": Account("night", "ops"),
    "regulator": Account("wang", "regulator", region="35"),
}
"""One of each role, at home in the market of ``tests/cloud/market.py``."""

NO_PASSWORD = "no hash at all"


def session_of(cloud: CloudUnderTest, account: Account) -> str:
    """Return the token of a new session, as signing in makes one; the account is there when this returns."""
    token, at_ms = secrets.token_urlsafe(), now_ms()
    with cloud.cloud.accounts.alone() as connection:
        if store.find(connection, account.name) is None:
            store.add(connection, account, NO_PASSWORD, at_ms)
        store.open_session(
            connection, service._digest(token), account.name, store.BROWSER, now_ms=at_ms, ends_ms=at_ms + 3_600_000
        )
    return token


@contextmanager
def visitor(cloud: CloudUnderTest, who: str | Account) -> Iterator[httpx.Client]:
    """Yield a client as one of PEOPLE, as an account of one's own, or as nobody (PUBLIC).

    Its posts carry the token of our forms in a header, as htmx sends it.
    """
    account = PEOPLE.get(who) if isinstance(who, str) else who
    with httpx.Client(base_url=cloud.url, timeout=LONG_ENOUGH_SECONDS, headers={"Accept": "text/html"}) as client:
        if account is not None:
            token = session_of(cloud, account)
            client.cookies.set(guard.SESSION, token)
            client.headers[forms.HEADER] = forms.token_of(token)
        yield client


def enter(page: Page, cloud: CloudUnderTest, account: Account) -> Page:
    """Sign a browser's page in."""
    token = session_of(cloud, account)
    page.context.add_cookies([{"name": guard.SESSION, "value": token, "url": cloud.url, "httpOnly": True}])
    return page
