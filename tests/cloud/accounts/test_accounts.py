"""Signing in and staying signed in, on the store itself, with a clock that the test turns."""

import functools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tracewire.errors import Rejected

from cloud import stores
from cloud.accounts import passwords, service, store
from cloud.accounts.account import Account
from cloud.accounts.service import Accounts
from cloud.config import TEMPLATE, load

WANG = Account("wang.li", "regulator", region="3502")
PASSWORD = "a horse that nobody rides"
HERE = "192.0.2.7"


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now_ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now_ms

    def wait(self, duration_ms: int) -> None:
        self.now_ms += duration_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@functools.cache
def sealed() -> str:
    """Return what is stored of PASSWORD: Argon2 takes its time, and most tests here ask about something else."""
    return passwords.seal(PASSWORD)


@pytest.fixture
def accounts(tmp_path: Path, database: str, clock: Clock) -> Iterator[Accounts]:
    chosen = f'database = "{database}"\n' if database else ""
    (tmp_path / "cloud.toml").write_text(TEMPLATE.format(ingest_port=0, public_port=0) + chosen, encoding="utf-8")
    config = load(tmp_path)
    stores.create_accounts(config)
    found = Accounts(stores.open_accounts(config), clock)
    with found.store.alone() as connection:
        store.add(connection, WANG, sealed(), clock.now_ms)
    yield found
    found.store.close()


def fail(accounts: Accounts, times: int, name: str = WANG.name, address: str = HERE) -> None:
    """Leave the traces of so many failed tries, as `sign_in` does before it looks at a password."""
    with accounts.store.alone() as connection:
        for _ in range(times):
            store.note(connection, accounts._now_ms(), service._bucket(name), name, address)


def test_the_right_password_opens_a_session_and_a_wrong_one_none(accounts: Accounts) -> None:
    token = accounts.sign_in(WANG.name, PASSWORD, HERE).token
    session = accounts.session(token, by_browser=True)
    assert session is not None
    assert session.account == WANG
    assert accounts.sign_in(WANG.name, PASSWORD + "!", HERE) == service.Entrance()
    assert accounts.sign_in("nobody", PASSWORD, HERE) == service.Entrance()
    assert accounts.session("x" * 43, by_browser=True) is None


def test_nothing_that_opens_a_door_is_stored(accounts: Accounts) -> None:
    token = accounts.sign_in(WANG.name, PASSWORD, HERE).token
    accounts.sign_in("my password is fish", "fish", HERE)
    with accounts.store.reader.connect() as connection:
        held = str([connection.execute(table.select()).all() for table in store.TABLES.sorted_tables])
        outcomes = [(line.account, line.outcome) for line in store.log_of(connection, 5)]
    assert outcomes == [(None, "refused"), (WANG.name, "in")]
    for secret in (token, PASSWORD, "fish"):
        assert secret not in held
    assert "$argon2id$" in held


def test_a_session_ends_when_nobody_uses_it_and_after_a_day_of_use(accounts: Accounts, clock: Clock) -> None:
    token = accounts.sign_in(WANG.name, PASSWORD, HERE).token
    left = accounts.sign_in(WANG.name, PASSWORD, HERE).token
    steps = service.LONGEST_MS // (service.IDLE_MS - 1)
    for _ in range(steps):
        clock.wait(service.IDLE_MS - 1)
        assert accounts.session(token, by_browser=True) is not None
    assert accounts.session(left, by_browser=True) is None
    clock.wait(service.IDLE_MS - 1)
    assert accounts.session(token, by_browser=True) is None


@pytest.mark.parametrize("how", ["sign_out", "set_password", "remove"])
def test_a_session_ends_here_and_not_only_in_the_browser(accounts: Accounts, how: str) -> None:
    token = accounts.sign_in(WANG.name, PASSWORD, HERE).token
    {
        "sign_out": lambda: accounts.sign_out(token),
        "set_password": lambda: accounts.set_password(WANG.name, passwords.generate()),
        "remove": lambda: accounts.remove(WANG.name),
    }[how]()
    assert accounts.session(token, by_browser=True) is None


def test_whoever_keeps_trying_a_name_does_not_keep_its_owner_out(accounts: Accounts) -> None:
    fail(accounts, service.MOST_BY_PAIR, address="203.0.113.66")
    assert accounts.sign_in(WANG.name, PASSWORD, "203.0.113.66").wait_seconds
    assert accounts.sign_in(WANG.name, PASSWORD, HERE).token


def test_too_many_failures_for_one_name_are_not_looked_at_any_more(accounts: Accounts, clock: Clock) -> None:
    for number in range(service.MOST_BY_NAME - 1):
        fail(accounts, 1, address=f"203.0.113.{number}")
    clock.wait(60_000)
    assert not accounts.sign_in(WANG.name, "wrong", HERE).wait_seconds
    refused = accounts.sign_in(WANG.name, PASSWORD, "198.51.100.1")
    assert refused == service.Entrance(wait_seconds=(service.WINDOW_MS - 60_000) // 1000)
    clock.wait(refused.wait_seconds * 1000)
    assert accounts.sign_in(WANG.name, PASSWORD, HERE).token


@pytest.mark.parametrize(
    ("address", "neighbour"), [("192.0.2.9", "192.0.2.9"), ("2001:db8::1", "2001:db8::ffff:2"), ("", "no address")]
)
def test_too_many_failures_from_one_address_are_not_looked_at_any_more(
    accounts: Accounts, address: str, neighbour: str
) -> None:
    for number in range(service.MOST_BY_ADDRESS):
        fail(accounts, 1, f"name-{number}", service._network(address))
    assert accounts.sign_in(WANG.name, PASSWORD, neighbour).wait_seconds
    assert accounts.sign_in(WANG.name, PASSWORD, "203.0.113.5").token


def test_a_name_that_nobody_has_is_limited_like_any_other(accounts: Accounts) -> None:
    fail(accounts, service.MOST_BY_PAIR, "nobody")
    assert accounts.sign_in("nobody", PASSWORD, HERE).wait_seconds


def test_many_tries_at_once_are_counted_one_by_one(accounts: Accounts) -> None:
    fail(accounts, service.MOST_BY_PAIR - 2)
    found: list[service.Entrance] = []
    tries = [
        threading.Thread(target=lambda: found.append(accounts.sign_in(WANG.name, "wrong", HERE))) for _ in range(6)
    ]
    for each in tries:
        each.start()
    for each in tries:
        each.join()
    assert sorted(bool(each.wait_seconds) for each in found) == [False, False, True, True, True, True]


def test_a_new_password_of_ones_own_ends_every_session_but_this_one(accounts: Accounts) -> None:
    here, elsewhere = (accounts.sign_in(WANG.name, PASSWORD, HERE).token for _ in range(2))
    bearer = accounts.give_token(WANG.name, days=1)
    new = passwords.generate()
    assert accounts.change_password(WANG.name, PASSWORD, new, address=HERE, token=here) == 0
    assert accounts.session(here, by_browser=True) is not None
    assert accounts.session(elsewhere, by_browser=True) is None
    assert accounts.session(bearer, by_browser=False) is None
    assert not accounts.sign_in(WANG.name, PASSWORD, HERE).token
    assert accounts.sign_in(WANG.name, new, HERE).token
    with accounts.store.reader.connect() as connection:
        outcomes = [line.outcome for line in store.log_of(connection, 5)]
    assert outcomes == ["in", "refused", "changed", "in", "in"]


def test_a_wrong_old_password_counts_as_a_try_and_a_short_new_one_does_not(accounts: Accounts) -> None:
    here = accounts.sign_in(WANG.name, PASSWORD, HERE).token
    fail(accounts, service.MOST_BY_PAIR - 1)
    with pytest.raises(Rejected, match=r"account\.password"):
        accounts.change_password(WANG.name, PASSWORD, "short", address=HERE, token=here)
    with pytest.raises(Rejected, match=r"account\.old_password"):
        accounts.change_password(WANG.name, "wrong", passwords.generate(), address=HERE, token=here)
    assert accounts.change_password(WANG.name, PASSWORD, passwords.generate(), address=HERE, token=here) > 0
    assert accounts.sign_in(WANG.name, PASSWORD, "198.51.100.1").token, "it is still the old one"


def test_a_token_serves_programs_and_no_browser(accounts: Accounts, clock: Clock) -> None:
    token = accounts.give_token(WANG.name, days=2)
    assert accounts.session(token, by_browser=True) is None
    clock.wait(86_400_000)
    assert accounts.session(token, by_browser=False) is not None
    clock.wait(86_400_000)
    assert accounts.session(token, by_browser=False) is None


def test_an_erased_account_leaves_no_trace_of_its_name(accounts: Accounts) -> None:
    accounts.sign_in(WANG.name, PASSWORD, HERE)
    accounts.remove(WANG.name)
    with accounts.store.reader.connect() as connection:
        held = str([connection.execute(table.select()).all() for table in store.TABLES.sorted_tables])
    assert WANG.name not in held
    with pytest.raises(Rejected, match=r"account\.unknown"):
        accounts.remove(WANG.name)


def test_old_lines_of_the_log_are_erased(accounts: Accounts, clock: Clock) -> None:
    fail(accounts, 3)
    clock.wait(10 * 86_400_000)
    fail(accounts, 1)
    assert accounts.purge(days=5) == 3


def test_a_new_account_signs_in_and_its_name_is_taken(accounts: Accounts) -> None:
    accounts.add(Account("lin", "market_opener", site="第八市场"), PASSWORD)
    assert accounts.sign_in("lin", PASSWORD, HERE).token
    with pytest.raises(Rejected, match=r"account\.taken"):
        accounts.add(Account("lin", "ops"), PASSWORD)
    assert [each.name for each in accounts.every()] == ["lin", WANG.name]


def test_passwords_are_long_and_the_same_from_every_keyboard() -> None:
    for wrong in ("short", "x" * 257):
        with pytest.raises(Rejected, match=r"account\.password"):
            passwords.seal(wrong)
    full_width = "ｐａｓｓｗｏｒｄ １２３"
    assert passwords.is_password(passwords.seal(full_width), "password 123")
    assert len({passwords.generate() for _ in range(100)}) == 100
