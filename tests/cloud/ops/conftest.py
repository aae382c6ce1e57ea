"""Somebody who is signed in: in a browser, and without one."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page

from cloud.accounts import guard, passwords
from cloud.accounts.account import Account
from cloud.accounts.service import Accounts
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.web.conftest import open_page

__all__ = ("open_page",)

SignIn = Callable[..., str]


@pytest.fixture
def sign_in(cloud: CloudUnderTest) -> SignIn:
    """Return ``sign_in(role, page=None, **limits) -> token``: an account of its own; ``page`` is then signed in."""
    accounts = Accounts(cloud.cloud.accounts, now_ms)

    def one(role: str, page: Page | None = None, **limits: str) -> str:
        password = passwords.generate()
        accounts.add(Account(role.replace("_", "-"), role, **limits), password)
        token = accounts.sign_in(role.replace("_", "-"), password, "127.0.0.1").token
        if page is not None:
            page.context.add_cookies([{"name": guard.SESSION, "value": token, "url": cloud.url}])
        return token

    return one


@pytest.fixture
def as_ops(cloud: CloudUnderTest, sign_in: SignIn) -> httpx.Client:
    """Return a client that ops staff use."""
    return httpx.Client(base_url=cloud.url, timeout=30, cookies={guard.SESSION: sign_in("ops")})
