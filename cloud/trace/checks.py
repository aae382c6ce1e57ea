"""The checks that the trace page lists, each made anew when somebody looks.

Why failures and unknowns stand beside what held: a page that only ever ticks proves nothing. A check is *open* when it
cannot be known, or not yet: the newest record of a scale has no successor so far.
"""

from collections.abc import Sequence

from tracewire import record as records
from tracewire.vocabulary import DECISIONS, SESSION_ACTIONS, TEST_RESULTS

from cloud.batches.graph import Way
from cloud.batches.model import Balance
from cloud.codes.reckoning import NO_RANGE, NOT_ISSUED, OTHER_HOLDER, TWICE
from cloud.codes.reconcile import Label
from cloud.ledger.entry import Entry
from cloud.trace.evidence import Evidence
from cloud.trace.story import Check, State

_STOPPING = ("suspend", "freeze", "recall", "destroy")


def _verdict(name: str, held: bool, **values: str | int) -> Check:
    return Check(name, State.HELD if held else State.FAILED, values)


def of_sale(evidence: Evidence, sale: Entry) -> list[Check]:
    """Check the sale itself: who signed it, where it stands, and whether its numbers agree."""
    flags = evidence.flags_of(sale)
    before = evidence.at_seq(sale.device, sale.seq - 1)
    return [
        _verdict("signature", evidence.is_signed(sale), device=sale.device),
        _standing(evidence, sale),
        _chain_before(sale, before),
        _chain_after(sale, evidence.at_seq(sale.device, sale.seq + 1)),
        _verdict("ledger", not evidence.has_fork(sale), index=sale.index, time_ms=sale.committed_ms),
        _log(evidence, sale),
        _witness(sale, flags),
        _totals(sale, before, flags),
        _weighing(sale, evidence.at_seq(sale.device, sale.seq - sale.body["weighing_back"])),
        _amount(sale),
        _card(sale, evidence.session_of(sale)),
    ]


def of_label(label: Label) -> list[Check]:
    """Check the label that was asked for: who put it on the lot, and whether its number fits what was handed out."""
    said = label.said[0]
    values: dict[str, str | int] = {"site": said.site, "device": said.device or "–", "time_ms": said.entered_ms}
    checks = [Check("label", State.HELD, {**values, "index": said.index or 0})]
    if NO_RANGE in label.faults:
        checks.append(Check("label_range", State.OPEN))
    if NOT_ISSUED in label.faults:
        checks.append(Check("label_issued", State.OPEN))
    if TWICE in label.faults:
        told = ", ".join(str(each.index) for each in label.said if each.index is not None)
        checks.append(Check("label_once", State.FAILED, {"records": told}))
    if OTHER_HOLDER in label.faults:
        checks.append(Check("label_holder", State.FAILED, {"device": said.device, "holder": label.device}))
    return checks


def of_way(evidence: Evidence, way: Way, on_the_way: Sequence[Entry], coded: Sequence[Entry]) -> list[Check]:
    """Check what lies behind the lot: signatures of every record on the way, and whether it reaches a source."""
    signed = sum(evidence.is_signed(entry) for entry in on_the_way)
    checks = []
    if on_the_way:
        checks.append(_verdict("way_signatures", signed == len(on_the_way), signed=signed, records=len(on_the_way)))
    begun = {entry.body["lot"] for entry in coded}
    lost = [lot for lot in way.ends if lot not in begun]
    is_whole = way.is_complete and not lost and bool(begun)
    checks.append(Check("source", State.HELD if is_whole else State.OPEN, {"lost": len(lost)}))
    return checks


def of_papers(about: Sequence[Entry], moment_ms: int) -> list[Check]:
    """Check certificates at the moment of the sale, test results, and decisions about the lots on the way."""
    documents = [entry for entry in about if entry.record.kind == records.DOCUMENT]
    expired = [entry for entry in documents if entry.body.get("valid_until_ms", moment_ms) < moment_ms]
    state = State.FAILED if expired else State.HELD if documents else State.OPEN
    return [
        Check("papers", state, {"papers": len(documents), "expired": len(expired)}),
        _tests([entry for entry in about if entry.record.kind == records.TEST]),
        *_decisions([entry for entry in about if entry.record.kind == records.DECISION]),
    ]


def of_balance(balance: Balance) -> Check:
    """Check that no more was sold from the lot than ever came into it."""
    left = balance.left_grams
    if left is None or balance.came_grams is None:
        return Check("balance", State.OPEN, {"sold_grams": balance.sold_grams})
    values = {"came_grams": balance.came_grams, "sold_grams": balance.sold_grams, "left_grams": left}
    return _verdict("balance", left >= 0, **values)


def _standing(evidence: Evidence, entry: Entry) -> Check:
    credential = evidence.credential(entry.device)
    state = "unknown" if credential is None else credential.state
    is_good = state == "active" and entry.standing == "active"
    return _verdict("standing", is_good, device=entry.device)


def _chain_before(entry: Entry, before: Entry | None) -> Check:
    values = {"seq": entry.seq, "neighbour": entry.seq - 1}
    if entry.seq == 1:
        return Check("chain_first", State.HELD, values)
    if before is None:
        return Check("chain_before", State.OPEN, values)
    return _verdict("chain_before", before.digest == entry.record.prev, **values)


def _chain_after(entry: Entry, after: Entry | None) -> Check:
    values = {"seq": entry.seq, "neighbour": entry.seq + 1}
    if after is None:
        return Check("chain_after", State.OPEN, values)
    return _verdict("chain_after", after.record.prev == entry.digest, **values)


def _log(evidence: Evidence, entry: Entry) -> Check:
    size = evidence.log_size()
    return _verdict("log", evidence.is_logged(entry, size), index=entry.index, size=size)


def _witness(entry: Entry, flags: dict[str, str]) -> Check:
    has_wrong_clock = any(code.startswith("clock.") for code in flags)
    return _verdict("witness", not has_wrong_clock, gateway=entry.gateway, time_ms=entry.received_ms)


def _totals(entry: Entry, before: Entry | None, flags: dict[str, str]) -> Check:
    if "totals.mismatch" in flags:
        return Check("totals", State.FAILED)
    if before is None and entry.seq > 1:
        return Check("totals", State.OPEN)
    opening = (0, 0, 0) if before is None else before.record.totals
    follows = records.advance(opening, entry.record.kind, entry.body) == entry.record.totals
    return _verdict("totals", follows, count=entry.record.totals[0])


def _weighing(sale: Entry, weighing: Entry | None) -> Check:
    if weighing is None:
        return Check("weighing", State.OPEN, {"seq": sale.seq - sale.body["weighing_back"]})
    agrees = (
        weighing.record.kind == records.WEIGHING
        and weighing.seq < sale.seq
        and weighing.body["net_grams"] == sale.body["net_grams"]
        and weighing.body["tare_grams"] == sale.body["tare_grams"]
    )
    return _verdict("weighing", agrees, seq=weighing.seq)


def _amount(sale: Entry) -> Check:
    body = sale.body
    expected = (body["net_grams"] * body["price_fen_per_kg"] + 500) // 1000  # spec 4.6
    return _verdict("amount", expected == body["amount_fen"])


def _card(sale: Entry, session: Entry | None) -> Check:
    """Compare with the seller's card: was this lot on it, under this key, while it was in the scale?"""
    if session is None or "lots" not in session.body:
        return Check("card", State.OPEN)
    is_in = SESSION_ACTIONS[session.body["action"]] == "in"
    listed = (sale.body["plu"], sale.body["lot"]) in session.body["lots"]
    return _verdict("card", is_in and listed)


def _tests(tests: Sequence[Entry]) -> Check:
    results = [TEST_RESULTS[entry.body["result"]] for entry in tests]
    values = {"tests": len(tests), "failed": results.count("fail")}
    state = State.FAILED if "fail" in results else State.HELD if "pass" in results else State.OPEN
    return Check("tests", state, values)


def _decisions(decisions: Sequence[Entry]) -> list[Check]:
    """Show the newest decision about each lot, if it stops the goods; entries come oldest first."""
    newest = {entry.body["lot"]: DECISIONS[entry.body["decision"]] for entry in decisions}
    return [Check("decision", State.FAILED, {"lot": lot}) for lot, word in newest.items() if word in _STOPPING]
