"""What an account must say of itself; pure."""

import pytest
from tracewire.errors import Rejected

from cloud.accounts.account import Account, check


@pytest.mark.parametrize(
    "account",
    [
        Account("wang.li", "regulator", region="35"),
        Account("wang.li", "inspector", region="350203"),
        Account("lin", "market_opener", site="厦门第八市场"),
        Account("lin", "market_opener", site="中心市场", region="3508"),
        Account("chen-2", "seller", seller="3502000010101"),
        Account("night_shift", "ops"),
    ],
)
def test_an_account_says_what_its_role_covers(account: Account) -> None:
    check(account)


@pytest.mark.parametrize(
    "account",
    [
        Account("w", "regulator", region="35"),
        Account("Wang", "regulator", region="35"),
        Account("wang\n", "regulator", region="35"),
        Account("wang", "emperor"),
        Account("wang", "public"),
        Account("wang", "regulator"),
        Account("wang", "regulator", region="350"),
        Account("wang", "regulator", region="３５"),
        Account("wang", "regulator", region="3502", site="第八市场"),
        Account("wang", "market_opener"),
        Account("wang", "market_opener", site="市" * 33),
        Account("wang", "market_opener", site="第八\n市场"),
        Account("wang", "seller", seller="12"),
        Account("wang", "ops", region="35"),
    ],
)
def test_one_that_says_too_little_or_too_much_is_refused(account: Account) -> None:
    with pytest.raises(Rejected, match=r"account\."):
        check(account)
