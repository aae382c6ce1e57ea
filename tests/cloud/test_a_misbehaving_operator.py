"""Every way an operator can bend a ledger behind a real cloud, and who notices, in words that say what and since when.

One honest day: 40 records, witnessed and audited. Then each test takes the database over, alters it so that it agrees
with itself again, runs the real cloud over it, and lets auditors look: one who audited before, one who asks the
witness, and one who comes for the first time with nothing but the root.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tracewire import p256

from cloud.audit import state
from cloud.audit.auditor import Auditor, Trust
from cloud.audit.source import Source
from cloud.ledger import cosigning, log_keys, policy
from cloud.ledger.note import VerifierKey
from cloud.ledger.witness import follow
from simulators.bench.yard import Yard
from simulators.node import now_ms
from simulators.operator import CHENGXIN, Operator, ReplayingFront
from simulators.ports import free_port
from simulators.service import Service

pytestmark = pytest.mark.timeout(240)

HONEST_RECORDS = 40
PATIENCE_S = 60


class Town:
    """A yard with an honest day behind it, a witness that keeps running, and an auditor's memory of that day."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.yard = Yard(directory / "yard")
        self.cloud = directory / "yard" / "cloud"
        self.url = f"http://127.0.0.1:{self.yard.public_port}"
        port = free_port()
        witness = directory / "witness"
        witness.mkdir()
        keys = log_keys.create(witness, "bureau.example/w1", log_keys.WITNESS)
        self.key: VerifierKey = keys.public[0]
        follow(witness, (self.cloud / "log.vkey").read_bytes())
        text = f"witness w1 {self.key} http://127.0.0.1:{port}\nquorum w1\n"
        (self.cloud / cosigning.POLICY_FILE).write_text(text, encoding="utf-8")
        self.policy = policy.parse(text.encode())
        self.root = p256.VerifyingKey((self.cloud / "root.point").read_bytes())
        command = [str(CHENGXIN), "witness", "run", "--dir", str(witness), "--port", str(port)]
        self.witness = Service("witness", command, f"http://127.0.0.1:{port}/healthz", directory / "witness.log")
        self._copies = 0

    def live_a_day(self) -> None:
        """Trade, be cosigned and be audited; then the cloud stops."""
        self.witness.start()
        self.yard.cloud.start()
        self.yard.post(self.yard.envelopes(count=1, records=HONEST_RECORDS))
        self.until(lambda: self.status(self.url)["witnessed_size"] == HONEST_RECORDS)
        found = self.audit(self.url, memory=self.directory / "audited", witnessed=True)
        assert found == {}
        self.yard.cloud.stop()

    def take_over(self) -> Operator:
        """Return an operator over a copy of the honest cloud."""
        self._copies += 1
        return Operator.taking_over(self.cloud, self.directory / f"crooked-{self._copies}")

    def audit(self, url: str, *, memory: Path | None = None, witnessed: bool = False) -> dict[str, str]:
        """Return what an audit finds, words by code; holes under ``"hole"``."""
        trust = Trust(self.root, policy=self.policy if witnessed else policy.Policy())
        auditor = Auditor(Source(url), state.load(memory) if memory else state.State(), trust, now_ms, memory)
        auditor.run(lambda _done, _of: None)
        found = {each.code: each.words for each in reversed(auditor.state.findings)}
        holes = [f"{hole.device} {hole.from_seq}" for hole in auditor.holes]
        return found | ({"hole": ", ".join(holes)} if holes else {})

    def as_before(self) -> Path:
        """Return a copy of what the auditor remembers of the honest day."""
        copy = self.directory / f"memory-{self._copies}"
        shutil.copy(self.directory / "audited", copy)
        return copy

    def evidence(self) -> list[str]:
        """Return the names of what the witness holds against the log."""
        return sorted(path.name for path in (self.directory / "witness" / "evidence").iterdir())

    def status(self, url: str) -> dict[str, object]:
        """Return what a cloud says of its own witnessing."""
        answer: dict[str, object] = httpx.get(f"{url}/v1/log/status").json()
        return answer

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"))
    try:
        town.live_a_day()
        yield town
    finally:
        town.yard.cloud.stop()
        town.witness.stop()


@pytest.fixture
def crooked(town: Town) -> Iterator[Operator]:
    operator = town.take_over()
    yield operator
    operator.cloud.stop()


def test_a_dropped_record(town: Town, crooked: Operator) -> None:
    device = crooked.device_at(9)
    crooked.drop(9)
    crooked.cloud.start()
    assert town.audit(crooked.url)["hole"].startswith(device)
    found = town.audit(crooked.url, memory=town.as_before())
    assert found["log.shrunk"].startswith("the log shows 39 records; the head signed 20")
    assert "a witness was shown another history" in town.audit(crooked.url, witnessed=True)["log.shrunk"]


def test_a_record_dropped_without_care(town: Town, crooked: Operator) -> None:
    crooked.drop(9, covered_up=False)
    crooked.cloud.start()
    words = town.audit(crooked.url)["record.withheld"]
    assert words.startswith("the signed head has 40 records, but from record 1 on they are not served")


def test_a_rewritten_record(town: Town, crooked: Operator) -> None:
    sealed = bytearray(crooked.sealed_at(12))
    sealed[-70] ^= 1
    crooked.rewrite(12, bytes(sealed))
    crooked.cloud.start()
    assert "leaf 11, " in town.audit(crooked.url)["record.refused"]
    found = town.audit(crooked.url, memory=town.as_before())
    assert found["log.split"].startswith("another root for the same 40 records than in the head signed 20")
    assert "a witness was shown another history" in town.audit(crooked.url, witnessed=True)["log.split"]


def test_a_record_rewritten_under_the_old_tree(town: Town, crooked: Operator) -> None:
    sealed = bytearray(crooked.sealed_at(12))
    sealed[-1] ^= 1
    crooked.rewrite(12, bytes(sealed), covered_up=False)
    crooked.cloud.start()
    found = town.audit(crooked.url)
    assert found["log.tree"].startswith("the first 40 records served are not those of the head that the log signed")
    assert "leaf 11, " in found["record.refused"]


def test_reordered_records(town: Town, crooked: Operator) -> None:
    crooked.swap(5, 20)
    crooked.cloud.start()
    assert "log.split" in town.audit(crooked.url, memory=town.as_before())
    assert "a witness was shown another history" in town.audit(crooked.url, witnessed=True)["log.split"]


def test_a_truncated_tree(town: Town, crooked: Operator) -> None:
    crooked.cut_off(30)
    crooked.cloud.start()
    found = town.audit(crooked.url, memory=town.as_before())
    assert found["log.shrunk"].startswith("the log shows 30 records; the head signed 20")
    assert "a witness was shown another history" in town.audit(crooked.url, witnessed=True)["log.shrunk"]
    town.until(lambda: any("shrunk" in name for name in town.evidence()))
    (told,) = town.status(crooked.url)["witnesses"]  # type: ignore[misc]  # a list of one
    assert told == {"name": "w1", "problem": "has cosigned 40 records, and this log has only 30"}


def test_a_forged_cosignature(town: Town, crooked: Operator) -> None:
    crooked.ask_nobody()
    crooked.cut_off(30)
    crooked.forge_cosignature(town.key, bytes(8) + bytes(64))
    crooked.cloud.start()
    assert town.audit(crooked.url, witnessed=True)["witness.forged"].startswith("a cosignature does not hold")


def test_an_old_head_shown_again(town: Town, crooked: Operator) -> None:
    crooked.ask_nobody()
    crooked.cloud.start()
    front = ReplayingFront(crooked.url)
    try:
        front.hold("/v1/log/checkpoint")
        front.hold("/v1/log/checkpoint/witnessed")
        town.yard.ingest_port = crooked.ingest_port
        town.yard.post(town.yard.envelopes(count=1, records=10))
        held_s = now_ms() // 1000
        town.until(lambda: now_ms() // 1000 > held_s)  # heads are signed with a time in seconds
        memory = town.as_before()
        assert town.audit(crooked.url, memory=memory) == {}
        found = town.audit(front.url, memory=memory)
        assert found["log.replayed"].startswith("an old head of 40 records is shown again; one of 50 was signed 20")
    finally:
        front.close()


def test_a_split_view_before_one_witness(town: Town) -> None:
    """Last, because the witness goes along with one of the two."""
    one, other = town.take_over(), town.take_over()
    front = ReplayingFront(one.url)
    try:
        one.cloud.start()
        front.hold("/v1/log/checkpoint")
        town.yard.ingest_port = one.ingest_port
        town.yard.post(town.yard.envelopes(count=1, records=10))
        town.until(lambda: town.status(one.url)["witnessed_size"] == 50)
        assert set(town.audit(one.url, witnessed=True)) <= {"hole"}  # the other tests' clouds have the scales' records
        old = town.audit(front.url, witnessed=True)
        assert any("a witness was shown another history" in words for words in old.values()), old
        before = town.evidence()
        other.cloud.start()
        town.yard.ingest_port = other.ingest_port
        town.yard.post(town.yard.envelopes(count=1, records=10))
        town.until(lambda: len(town.evidence()) > len(before))
        found = town.audit(other.url, witnessed=True)
        assert found["log.split"].startswith("a witness was shown another history: another root for the same 50")
        town.until(lambda: town.status(other.url)["witnesses"][0]["problem"] != "")  # type: ignore[index]  # a list
    finally:
        front.close()
        one.cloud.stop()
        other.cloud.stop()
