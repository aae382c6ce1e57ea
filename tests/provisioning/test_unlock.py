"""The authority tells what unlocks a device: under its own key, with a reason, on record, and the secret is nowhere."""

import json
import stat
from datetime import datetime
from pathlib import Path

import pytest
from tracewire.errors import Misuse, Rejected
from tracewire.unlock import response_to

from provisioning import host_node, layout, revocation, unlock
from provisioning.enrol import Order, enrol
from provisioning.registry import Entry, opened

REASON = "load cell replaced"


@pytest.fixture
def farm(authority: Path, now: datetime) -> Entry:
    node = host_node.HostNode(authority.parent / "farm")
    return enrol(authority, Order("farm-01", "farm"), node, host_node.outfit, now)


def secret(authority: Path, entry: Entry) -> bytes:
    return unlock.secret_of(layout.existing(authority), entry.kid)


def test_the_answer_is_that_of_the_devices_own_secret(authority: Path, farm: Entry, now: datetime) -> None:
    answer = unlock.answer(authority, "farm-01", "12345678", REASON, now)
    assert answer == response_to(secret(authority, farm), "farm-01", "12345678")


def test_every_key_has_a_secret_of_its_own_and_keeps_it(authority: Path, farm: Entry) -> None:
    files = layout.existing(authority)
    assert unlock.secret_of(files, farm.kid) == unlock.secret_of(files, farm.kid)
    assert unlock.secret_of(files, farm.kid) != unlock.secret_of(files, bytes(8))
    assert stat.S_IMODE(files.unlock_key.stat().st_mode) == 0o600


def test_challenge_and_reason_are_kept_and_neither_secret_nor_answer(
    authority: Path, farm: Entry, now: datetime
) -> None:
    answer = unlock.answer(authority, "farm-01", "12345678", REASON, now)
    line = json.loads((authority / "history.jsonl").read_text().splitlines()[-1])
    assert (line["event"], line["kid"], line["challenge"], line["reason"]) == (
        "unlock",
        farm.kid.hex(),
        "12345678",
        REASON,
    )
    key = layout.existing(authority).unlock_key
    for path in authority.rglob("*"):
        if path.is_file() and path != key:
            content = path.read_bytes()
            for hidden in (key.read_bytes(), secret(authority, farm)):
                assert hidden not in content and hidden.hex().encode() not in content
            assert answer.encode() not in content


def test_an_unlocking_changes_no_registry(authority: Path, farm: Entry, now: datetime) -> None:
    with opened(authority) as history:
        before = history.registry().encode()
    unlock.answer(authority, "farm-01", "12345678", REASON, now)
    with opened(authority) as history:
        assert history.registry().encode() == before


@pytest.mark.parametrize(
    ("name", "challenge", "reason", "code"),
    [
        ("farm-01", "12345678", " ", "unlock.reason"),
        ("farm-02", "12345678", REASON, "unlock.unknown"),
        ("farm-01", "1234", REASON, "unlock.challenge"),
    ],
)
def test_what_cannot_be_answered_is_not_kept(
    authority: Path, farm: Entry, now: datetime, name: str, challenge: str, reason: str, code: str
) -> None:
    before = (authority / "history.jsonl").read_bytes()
    with pytest.raises((Misuse, Rejected)) as refusal:
        unlock.answer(authority, name, challenge, reason, now)
    assert refusal.value.code == code
    assert (authority / "history.jsonl").read_bytes() == before


def test_a_revoked_device_stays_locked(authority: Path, farm: Entry, now: datetime) -> None:
    revocation.revoke(authority, "farm-01", 1, "stolen", now)
    with pytest.raises(Misuse, match="stays locked"):
        unlock.answer(authority, "farm-01", "12345678", REASON, now)
