"""Who may decide what, over all roles and words."""

import pytest

from cloud.accounts.account import ROLES
from cloud.console.rights import LOT_WORDS, SELLER_WORDS, may, may_release

ALLOWED = {
    "seller": set(),
    "ops": {"other"},
    "market_opener": {"freeze", "recall", "release", "admit", "suspend", "other"},
    "inspector": {"freeze", "release"},
    "regulator": {"freeze", "recall", "release", "destroy", "admit", "suspend"},
}


@pytest.mark.parametrize("role", [*ROLES, "public", ""])
def test_a_role_may_decide_what_the_table_says(role: str) -> None:
    words = {*LOT_WORDS, *SELLER_WORDS, "other", ""}
    assert {word for word in words if may(role, word)} == ALLOWED.get(role, set())


@pytest.mark.parametrize(
    ("role", "stopped_by", "allowed"),
    [
        ("market_opener", ["market_opener"], True),
        ("market_opener", ["market_opener", "regulator"], False),
        ("market_opener", ["regulator"], False),
        ("market_opener", [""], False),
        ("market_opener", [], False),
        ("inspector", ["inspector", "inspector"], True),
        ("inspector", ["market_opener"], False),
        ("regulator", ["market_opener", ""], True),
        ("ops", ["ops"], False),
        ("seller", ["seller"], False),
    ],
)
def test_whoever_stopped_a_lot_may_give_it_back(role: str, stopped_by: list[str], allowed: bool) -> None:
    assert may_release(role, stopped_by) is allowed
