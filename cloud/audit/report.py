"""What an audit says: lines for a person, or one JSON document, and the exit status for a script."""

from dataclasses import asdict
from typing import Any

from cloud.audit.auditor import Auditor, Outcome
from cloud.audit.device import Hole
from cloud.audit.heads import moment
from cloud.ledger.policy import Policy

HOLDS, PROBLEMS, NOT_AUDITED = 0, 1, 2
"""Exit statuses."""


def status_of(auditor: Auditor) -> int:
    """Return the exit status: a hole is a problem too, until its records come."""
    return PROBLEMS if auditor.state.findings or auditor.holes else HOLDS


def lines(auditor: Auditor, outcome: Outcome, policy: Policy, *, with_records: bool) -> list[str]:
    """Return the report as lines of text."""
    memory, said = auditor.state, []
    head = outcome.head.checkpoint if outcome.head else None
    if head is not None:
        said.append(f"log {head.origin}: {head.size} records under a signed head")
    if memory.first:
        said.append(f"what lies before record {memory.first + 1} was not checked")
    if not with_records:
        said.append("no --root given: the tree was checked, the signatures of records were NOT")
    for name, device in sorted(memory.devices.items()):
        totals = " / ".join(map(str, device.totals))
        said.append(f"{name}: records {device.count}, holes {len(device.holes)}, totals {totals} (count, grams, fen)")
    said += [f"HOLE {_words(hole)}" for hole in auditor.holes]
    said += [f"PROBLEM {each.words} [{each.code}, found {moment(each.found_ms / 1000)}]" for each in memory.findings]
    return said + _witness_lines(outcome, policy)


def document(auditor: Auditor, outcome: Outcome, policy: Policy) -> dict[str, Any]:
    """Return the report as a JSON document."""
    head, best = outcome.head, outcome.witnessed
    return {
        "status": status_of(auditor),
        "origin": head.checkpoint.origin if head else None,
        "size": head.checkpoint.size if head else None,
        "first": auditor.state.first,
        "replayed": outcome.records,
        "devices": {
            name: {"records": device.count, "totals": list(device.totals)}
            for name, device in sorted(auditor.state.devices.items())
        },
        "holes": [asdict(hole) for hole in auditor.holes],
        "findings": [asdict(each) for each in auditor.state.findings],
        "witnessed_size": best.checkpoint.size if best else 0,
        "witnessed_until_s": best.until_s(policy) if best else None,
    }


def _words(hole: Hole) -> str:
    which = (
        f"record {hole.from_seq} is"
        if hole.from_seq == hole.to_seq
        else f"records {hole.from_seq} to {hole.to_seq} are"
    )
    since = f"since {moment(hole.since_ms / 1000)}" if hole.since_ms else "since its beginning"
    shown = f"shown {moment(hole.shown_ms / 1000)} by leaf {hole.shown_index}"
    return f"{hole.device}: {which} missing, {since}, {shown}"


def _witness_lines(outcome: Outcome, policy: Policy) -> list[str]:
    said = [f"witness {name} does not answer" for name in outcome.silent_witnesses]
    best = outcome.witnessed
    if best is not None and outcome.head is not None:
        names = ", ".join(sorted({key.name for key in best.times}))
        until = moment(best.until_s(policy) or 0)
        rest = outcome.head.checkpoint.size - best.checkpoint.size
        said.append(f"witnessed until {until}: the first {best.checkpoint.size} records, by {names}; {rest} came later")
    elif not policy.witnesses:
        said.append("no --witness given: nothing shows that others are shown the same log")
    return said
