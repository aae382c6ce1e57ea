"""What an auditor remembers from one audit to the next: one JSON file, replaced as a whole, on disk before it counts.

It holds the newest head that was found good, as the log signed it: with the next head it is the evidence when the two
contradict each other. And it holds how far the replay came, so that an audit that was cut off goes on.
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracewire.errors import Misuse

from cloud.audit.device import DeviceHistory, Run
from cloud.audit.frontier import Frontier
from cloud.ledger.history import Link
from cloud.ledger.log_keys import write_new

_VERSION = 1
_MOST_FINDINGS = 1000
_HEALING = {"head.old", "witness.old", "witness.quorum", "record.withheld", "registry.refused"}
"""Findings that are about now: they go when the next audit does not find them again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that an honest ledger does not have."""

    code: str
    words: str
    found_ms: int
    """When an audit found it, by the auditor's clock."""


@dataclass
class State:
    """Everything between two audits."""

    keys: str = ""
    """Verifier keys of the log, as first seen or as given."""
    root: str = ""
    """Kid of the root that the records were checked under, empty when they were not checked."""
    first: int = 0
    """Leaf at which the audit began."""
    head: bytes = b""
    """Newest signed head found good."""
    target: bytes = b""
    """Signed head towards which the replay was under way."""
    frontier: Frontier = field(default_factory=Frontier)
    devices: dict[str, DeviceHistory] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _before: dict[tuple[str, str], int] = field(default_factory=dict)

    def renew(self) -> None:
        """Begin another audit: what can heal has to be found again, and then keeps the time it was found first."""
        self._before = {(each.code, each.words): each.found_ms for each in self.findings}
        self.findings = [each for each in self.findings if each.code not in _HEALING]

    def find(self, code: str, words: str, now_ms: int) -> None:
        """Note a finding, once."""
        known = any((each.code, each.words) == (code, words) for each in self.findings)
        if not known and len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(code, words, self._before.get((code, words), now_ms)))

    def device(self, name: str) -> DeviceHistory:
        """Return the history of a device, an empty one at its first record."""
        if name not in self.devices:
            self.devices[name] = DeviceHistory(name, begins_anywhere=self.first > 0)
        return self.devices[name]


def save(path: Path, state: State) -> None:
    """Write the state; on disk when this returns."""
    document = {
        "version": _VERSION,
        "keys": state.keys,
        "root": state.root,
        "first": state.first,
        "head": state.head.decode(),
        "target": state.target.decode(),
        "size": state.frontier.size,
        "edge": [_text(each) for each in state.frontier.hashes],
        "devices": {name: [_run(run) for run in device.runs] for name, device in state.devices.items()},
        "findings": [[each.code, each.words, each.found_ms] for each in state.findings],
    }
    write_new(path, json.dumps(document, ensure_ascii=False).encode(), mode=0o600)


def load(path: Path) -> State:
    """Return what was saved, an empty state without a file; ``Misuse("audit.state")`` for a file that is none."""
    if not path.exists():
        return State()
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']}")
        first = document["first"]
        devices = {
            name: DeviceHistory(name, begins_anywhere=first > 0, runs=[_read_run(run) for run in runs])
            for name, runs in document["devices"].items()
        }
        return State(
            keys=document["keys"],
            root=document["root"],
            first=first,
            head=document["head"].encode(),
            target=document["target"].encode(),
            frontier=Frontier.of_hashes(document["size"], [_bytes(each) for each in document["edge"]]),
            devices=devices,
            findings=[Finding(*each) for each in document["findings"]],
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Misuse("audit.state", f"{path}: {error}") from error


def _run(run: Run) -> list[Any]:
    return [_link(run.first), _link(run.last), run.opened_index, run.opened_ms, run.count]


def _read_run(row: list[Any]) -> Run:
    first, last, *numbers = row
    return Run(_read_link(first), _read_link(last), *numbers)


def _link(link: Link) -> list[Any]:
    return [link.seq, _text(link.digest), _text(link.prev), link.time_ms, link.totals, link.added]


def _read_link(row: list[Any]) -> Link:
    seq, digest, prev, time_ms, totals, added = row
    return Link(seq, _bytes(digest), _bytes(prev), time_ms, tuple(totals), tuple(added))


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
