"""What one more record says about a device: pure, and the same whatever order the records come in.

Each group of columns follows the record with the highest sequence number that speaks of it; what is counted is added
up. So a hole that is filled a week later changes counts, and no newer state.
"""

from typing import Any

from tracewire import record as records
from tracewire.words import AUDIT_EVENTS, BOOT_CAUSES, SESSION_ACTIONS

from cloud.ledger.entry import Entry
from cloud.ops.tables import BOOT, HEALTH, devices

State = dict[str, Any]
"""A row of ``fleet_devices`` by column."""

LOCK_EVENTS = ("case_opened", "locked", "unlocked")
ALARMS = ("seal_changed", "journal_damaged", "rollback_detected", "power_fault", "disposal_mismatch", "card_unsettled")
"""Audit events of a device that is sick or was meddled with, and that no later event takes back."""

UNWANTED_BOOTS = ("watchdog", "brownout")


def empty(device: str) -> State:
    """Return the state of a device of which nothing is known."""
    state: State = dict.fromkeys(devices.c.keys())
    numbers = (column.name for column in devices.c if not column.nullable and column.name != "device")
    return state | dict.fromkeys(numbers, 0) | {"device": device, "site": "", "standing": ""}


def fold(state: State, entry: Entry) -> None:
    """Take one record of the device into its state."""
    state["records"] += 1
    state["heard_ms"] = max(state["heard_ms"], entry.committed_ms)
    state["changed_index"] = max(state["changed_index"], entry.index)
    if entry.seq > state["newest_seq"]:
        state |= {"newest_seq": entry.seq, "seen_ms": entry.moment_ms, "site": entry.site, "standing": entry.standing}
    kind = entry.kind
    if kind == records.HEALTH:
        _health(state, entry)
    elif kind == records.BOOT:
        _boot(state, entry)
    elif kind == records.AUDIT:
        _audit(state, entry)
    elif kind == records.SESSION and _is_newest(state, "session", entry):
        state["session"] = SESSION_ACTIONS[entry.body["action"]]
        state |= {"stall": entry.body.get("stall"), "seller_code": entry.body["seller"]}


def _health(state: State, entry: Entry) -> None:
    if _is_newest(state, "health", entry):
        state |= {name: entry.body.get(name) for name in (*HEALTH, "storage")}
    if "printer" in entry.body and _is_newest(state, "printer", entry):
        state["printer"] = entry.body["printer"]


def _boot(state: State, entry: Entry) -> None:
    state["boots"] += 1
    state["resets"] += is_reset(entry)
    if _is_newest(state, "boot", entry):
        state |= {name: entry.body.get(name) for name in BOOT}
        state["boot_cause"] = BOOT_CAUSES[entry.body["cause"]]


def _audit(state: State, entry: Entry) -> None:
    event = AUDIT_EVENTS[entry.body["event"]]
    if event in LOCK_EVENTS and _is_newest(state, "lock", entry):
        state["lock"] = event
    elif event == "printer_fault" and _is_newest(state, "printer", entry):
        state["printer"] = entry.body.get("detail", "fault")
    elif event in ALARMS and _is_newest(state, "alarm", entry):
        state |= {"alarm": event, "alarm_detail": entry.body.get("detail")}


def is_reset(entry: Entry) -> bool:
    """Tell whether a boot is one that nobody wanted."""
    return BOOT_CAUSES[entry.body["cause"]] in UNWANTED_BOOTS


def _is_newest(state: State, group: str, entry: Entry) -> bool:
    """Tell whether a record is the newest of its group, and note that it is."""
    if entry.seq <= state[f"{group}_seq"]:
        return False
    state |= {f"{group}_seq": entry.seq, f"{group}_ms": entry.moment_ms}
    return True
