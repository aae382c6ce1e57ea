"""The revocation list: what cannot be read is refused, and its end is announced in good time, once a day."""

from pathlib import Path

import pytest
from tracewire.errors import Rejected

from edge import revocations
from edge.revocations import DAY_MS, WARN_DAYS, ExpiryReminder
from tests.edge.authority import Authority
from tests.edge.site import Site

END_MS = 1_800_000_000_000
EARLY_MS = END_MS - WARN_DAYS * DAY_MS


def test_a_list_gives_its_serials_and_its_end(tmp_path: Path) -> None:
    authority = Authority()
    authority.devices.revoke(authority.devices.issue("scale-0001", tmp_path, "client_cert.pem"))
    authority.write_public(tmp_path)
    assert len(revocations.read(tmp_path / "crl.pem").serials) == 1


def test_a_file_that_is_no_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "crl.pem").write_bytes(b"no list")
    with pytest.raises(Rejected, match=r"crl\.unreadable"):
        revocations.read(tmp_path / "crl.pem")


def test_a_list_that_is_good_for_long_needs_no_reminder() -> None:
    assert not ExpiryReminder().is_due(END_MS, EARLY_MS - 1)


def test_a_list_that_runs_out_is_said_once_a_day_also_after_its_end() -> None:
    reminder = ExpiryReminder()
    hours = range(EARLY_MS, END_MS + 2 * DAY_MS, DAY_MS // 24)
    assert sum(reminder.is_due(END_MS, now_ms) for now_ms in hours) == WARN_DAYS + 2


def test_a_fresh_list_ends_the_reminders() -> None:
    reminder = ExpiryReminder()
    assert reminder.is_due(END_MS, END_MS - DAY_MS)
    assert not reminder.is_due(END_MS + 365 * DAY_MS, END_MS)


def test_a_running_gateway_says_it_once_and_says_no_more_under_a_fresh_list(tmp_path: Path) -> None:
    site = Site(tmp_path, {"scale-0001": "active"})
    site.authority.devices.list_days = 7
    site.write_revocations()
    with site.gateway() as gateway:
        site.wait(lambda: "crl.expires" in gateway.log_path.read_text())
        site.authority.devices.list_days = 30
        site.write_revocations()
        site.wait(lambda: "crl.loaded" in gateway.log_path.read_text())
    said = [line for line in gateway.log_path.read_text().splitlines() if "crl.expires" in line]
    assert len(said) == 1
    assert '"days_left": 6' in said[0]
    assert '"level": "warning"' in said[0]
