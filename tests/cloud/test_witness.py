"""A witness and a log over real HTTP: one history is cosigned, never a second one, and what convicts a log is kept."""

import base64
import contextlib
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete
from tracewire.errors import Misuse, Rejected

from cloud.ledger import (
    checkpoint,
    cosigning,
    log_keys,
    merkle,
    note,
    policy,
    store,
    submission,
    witness,
    witness_server,
)
from cloud.ledger.checkpoint import Checkpoint
from cloud.ledger.cosigning import Cosignatures, Submitter
from cloud.ledger.head import Head
from cloud.ledger.log_keys import LogKeys
from cloud.ledger.witness import Conflict, Witness
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.market import Market

NAME = "bureau.example/w1"
LEAVES = [bytes([number]) * 20 for number in range(9)]


class Clock:
    """A clock that a test sets; Unix milliseconds."""

    def __init__(self) -> None:
        self.ms = 1_795_000_000_000

    def __call__(self) -> int:
        return self.ms


class LogOnPaper:
    """A log that can say anything: roots and proofs over whatever leaves it is given, under its real keys."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.keys = log_keys.create(directory, "market.example/log")
        self.clock = clock

    def head(self, leaves: list[bytes], time_s: int | None = None) -> bytes:
        """Return the signed head over these leaves."""
        head = Checkpoint(self.keys.origin, len(leaves), _root(leaves))
        return checkpoint.seal(head, self.keys.signers, self.clock() // 1000 if time_s is None else time_s)

    def submit(self, leaves: list[bytes], old_size: int = 0) -> bytes:
        """Return a submission of the head over these leaves, proved from its own first ``old_size`` leaves."""
        proof = [_root_of(leaves[each.start : each.end]) for each in merkle.consistency(old_size, len(leaves))]
        return submission.encode(old_size, proof, self.head(leaves))


def _root_of(leaves: list[bytes]) -> bytes:
    nodes: dict[merkle.Node, bytes] = {}
    for node, value in merkle.grow(0, [merkle.leaf_hash(leaf) for leaf in leaves], nodes.__getitem__):
        nodes[node] = value
    return merkle.range_hash(merkle.Range(0, len(leaves)), nodes.__getitem__)


_root = _root_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> LogOnPaper:
    (tmp_path / "log").mkdir()
    return LogOnPaper(tmp_path / "log", clock)


@pytest.fixture
def directory(tmp_path: Path, log: LogOnPaper) -> Path:
    """Return the directory of a witness that follows the log."""
    (tmp_path / "witness").mkdir()
    log_keys.create(tmp_path / "witness", NAME, log_keys.WITNESS)
    witness.follow(tmp_path / "witness", (tmp_path / "log" / "log.vkey").read_bytes())
    return tmp_path / "witness"


def _opened(directory: Path, clock: Clock) -> Witness:
    return Witness(directory, log_keys.load(directory, log_keys.WITNESS), clock)


def _lines(answer: bytes | Conflict) -> bytes:
    assert isinstance(answer, bytes)
    return answer


def test_a_growing_log_is_cosigned_and_the_standard_alone_verifies_it(
    directory: Path, log: LogOnPaper, clock: Clock
) -> None:
    judge = _opened(directory, clock)
    _lines(judge.add(log.submit(LEAVES[:3])))
    lines = _lines(judge.add(log.submit(LEAVES, old_size=3)))
    ed25519, ml_dsa = lines.decode().splitlines()
    dash, name, encoded = ed25519.split(" ")
    vkey = (directory / "witness.vkey").read_text().splitlines()[0].split("+", 2)
    key, value = base64.b64decode(vkey[2]), base64.b64decode(encoded)
    assert (dash, name, value[:4].hex(), key[0]) == ("—", NAME, vkey[1], 0x04)
    (time_s,) = struct.unpack(">Q", value[4:12])
    text = Checkpoint(log.keys.origin, 9, _root(LEAVES)).text
    message = f"cosignature/v1\ntime {time_s}\n{text}".encode()
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(value[12:], message)
    assert (time_s, ml_dsa.split(" ")[1]) == (clock() // 1000, NAME)
    whole = note.parse(log.head(LEAVES) + lines)
    assert len(checkpoint.cosigned(checkpoint.parse(whole.text), whole.signatures, _keys(directory).public)) == 2


def _keys(directory: Path) -> LogKeys:
    return log_keys.load(directory, log_keys.WITNESS)


def test_what_was_cosigned_survives_a_restart(directory: Path, log: LogOnPaper, clock: Clock) -> None:
    _lines(_opened(directory, clock).add(log.submit(LEAVES[:5])))
    again = _opened(directory, clock)
    assert again.add(log.submit(LEAVES[:7])) == Conflict(5)
    _lines(again.add(log.submit(LEAVES[:7], old_size=5)))
    _lines(again.add(log.submit(LEAVES[:7], old_size=7)))
    assert again.evidence == []
    assert checkpoint.open_note(again.newest(log.keys.origin), log.keys.public).size == 7


OTHER = [*LEAVES[:4], b"rewritten", *LEAVES[5:]]


def test_a_split_view_is_refused_and_kept_with_both_signed_heads(
    directory: Path, log: LogOnPaper, clock: Clock
) -> None:
    judge = _opened(directory, clock)
    _lines(judge.add(log.submit(LEAVES[:7])))
    assert judge.add(log.submit(OTHER[:7], old_size=7)) == Conflict(7)
    assert judge.add(log.submit(OTHER[:7], old_size=7)) == Conflict(7)
    (name,) = judge.evidence
    text = (directory / "evidence" / name).read_bytes()
    assert text.startswith(b"split: two roots for one size")
    assert note.parse(log.head(LEAVES[:7])).text.encode() in text
    assert note.parse(log.head(OTHER[:7])).text.encode() in text


def test_a_head_that_did_not_grow_out_of_the_last_is_refused_and_kept(
    directory: Path, log: LogOnPaper, clock: Clock
) -> None:
    judge = _opened(directory, clock)
    _lines(judge.add(log.submit(LEAVES[:7])))
    with pytest.raises(Rejected, match=r"witness\.proof"):
        judge.add(log.submit(OTHER, old_size=7))
    assert len(judge.evidence) == 1
    _lines(judge.add(log.submit(LEAVES, old_size=7)))


def test_a_tree_that_shrank_is_evidence_and_an_old_head_shown_again_is_not(
    directory: Path, log: LogOnPaper, clock: Clock
) -> None:
    judge = _opened(directory, clock)
    old = log.submit(LEAVES[:3])
    clock.ms += 60_000
    _lines(judge.add(log.submit(LEAVES[:7])))
    assert judge.add(old) == Conflict(7)
    assert judge.evidence == []
    clock.ms += 60_000
    assert judge.add(log.submit(LEAVES[:3])) == Conflict(7)
    (name,) = judge.evidence
    assert "shrunk" in name


def test_an_earlier_head_without_a_time_is_no_evidence(directory: Path, log: LogOnPaper, clock: Clock) -> None:
    judge = _opened(directory, clock)
    _lines(judge.add(log.submit(LEAVES[:7])))
    assert judge.add(submission.encode(0, [], log.head(LEAVES[:3], time_s=0))) == Conflict(7)
    assert judge.evidence == []


def test_only_the_logs_own_keys_are_obeyed(directory: Path, log: LogOnPaper, clock: Clock, tmp_path: Path) -> None:
    judge = _opened(directory, clock)
    (tmp_path / "thief").mkdir()
    thief = LogOnPaper(tmp_path / "thief", clock)  # other keys under the same name
    with pytest.raises(Rejected, match=r"witness\.signature"):
        judge.add(thief.submit(LEAVES))
    (tmp_path / "other").mkdir()
    thief.keys = log_keys.create(tmp_path / "other", "other.example/log")
    with pytest.raises(Rejected, match=r"witness\.unknown"):
        judge.add(thief.submit(LEAVES))
    with pytest.raises(Rejected, match=r"witness\.unknown"):
        judge.newest(log.keys.origin)


def test_the_commands_make_a_witness_that_follows_two_logs(log: LogOnPaper, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    log_keys.create(tmp_path / "other", "other.example/log")
    place = ("--dir", tmp_path / "new", "--log")
    made = _command("init", *place, tmp_path / "log" / "log.vkey", "--name", NAME, "--url", "https://cloud.example/")
    assert f"{NAME} follows {log.keys.origin}" in made.stdout, made.stderr
    more = _command("follow", *place, tmp_path / "other" / "log.vkey")
    assert "It follows other.example/log too" in more.stdout, more.stderr
    judge = Witness(tmp_path / "new", log_keys.load(tmp_path / "new", log_keys.WITNESS), now_ms)
    assert {each.origin: each.url for each in judge.logs.values()} == {
        log.keys.origin: "https://cloud.example",
        "other.example/log": "",
    }
    assert (tmp_path / "new" / "witness_ed25519.pem").stat().st_mode & 0o777 == 0o600
    again = _command("init", *place, tmp_path / "log" / "log.vkey", "--name", NAME)
    assert (again.returncode, "witness.vkey" in again.stderr) == (2, True)


def _command(*words: object) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("chengxin")), "witness", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_log_is_followed_once(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"witness\.follows"):
        witness.follow(directory, (tmp_path / "log" / "log.vkey").read_bytes())


@given(data=st.binary(max_size=120) | st.text(alphabet="old 0123\nA=—", max_size=60).map(str.encode))
def test_nothing_but_rejected_comes_out_of_foreign_bytes(data: bytes) -> None:
    with contextlib.suppress(Rejected):
        submission.parse(data)


def test_a_submission_is_read_as_it_was_written(log: LogOnPaper) -> None:
    written = log.submit(LEAVES, old_size=3)
    read = submission.parse(written)
    assert submission.encode(read.old_size, read.proof, read.note) == written


class Pair:
    """A cloud and a witness that serve each other over loopback HTTP."""

    def __init__(self, cloud: CloudUnderTest, directory: Path) -> None:
        self.cloud = cloud
        self.directory = directory
        directory.mkdir()
        self.keys = log_keys.create(directory, NAME, log_keys.WITNESS)
        witness.follow(directory, (cloud.config.directory / "log.vkey").read_bytes(), cloud.url)
        self.witness = Witness(directory, self.keys, now_ms)
        listener("witness").app = witness_server.create_app(self.witness)
        text = f"witness w1 {self.keys.public[0]} {listener('witness').url}\nquorum w1\n"
        (cloud.config.directory / cosigning.POLICY_FILE).write_text(text, encoding="utf-8")
        cloud.stop()
        cloud.start()

    @property
    def submitter(self) -> Submitter:
        (submitter,) = self.cloud.cloud.submitters.all
        return submitter

    def grow(self, market: Market, count: int = 3) -> None:
        self.cloud.deliver(market.envelope(*[market.health() for _ in range(count)]))


@pytest.fixture
def pair(cloud: CloudUnderTest, tmp_path: Path) -> Iterator[Pair]:
    yield Pair(cloud, tmp_path / "witness")


def test_the_cloud_serves_each_head_with_its_cosignature(pair: Pair, market: Market) -> None:
    cloud = pair.cloud
    assert cloud.public.get("/v1/log/checkpoint/witnessed").status_code == 404
    for size in (3, 6):
        pair.grow(market)
        pair.submitter.submit()
        assert pair.submitter.problem == ""
        served = note.parse(cloud.public.get("/v1/log/checkpoint").content)
        head = checkpoint.parse(served.text)
        assert head.size == size
        assert set(checkpoint.cosigned(head, served.signatures, pair.keys.public)) == {pair.keys.public[0]}
    pair.grow(market)
    keys = log_keys.load(cloud.config.directory).public
    earlier = checkpoint.open_signed(cloud.public.get("/v1/log/checkpoint/witnessed").content, keys)
    assert (earlier.checkpoint.size, earlier.time_s) == (6, 0)
    found = cloud.public.get("/v1/log/status").json()
    assert (found["size"], found["witnessed_size"], found["witnesses"]) == (9, 6, [{"name": "w1", "problem": ""}])
    assert abs(found["now_ms"] - found["witnessed_until_ms"]) < 120_000
    health = cloud.public.get("/healthz").json()
    assert (health["witnessed_records"], health["witnessed_until_ms"]) == (6, found["witnessed_until_ms"])
    assert "chengxin_cloud_witnessed_records 6.0" in cloud.public.get("/metrics").text


def test_a_cloud_that_forgot_how_far_it_was_cosigned_asks_the_witness(pair: Pair, market: Market) -> None:
    pair.grow(market)
    pair.submitter.submit()
    with pair.cloud.cloud.stores.ledger.writer.begin() as connection:
        connection.execute(delete(cosigning.cosignatures))
    pair.cloud.stop()
    pair.cloud.start()
    pair.grow(market)
    pair.submitter.submit()
    assert (pair.submitter.problem, pair.witness.logs[_origin(pair)].size) == ("", 6)


def _origin(pair: Pair) -> str:
    return log_keys.load(pair.cloud.config.directory).origin


def test_a_cloud_that_lost_records_is_told_so(pair: Pair, market: Market) -> None:
    pair.grow(market, 6)
    pair.submitter.submit()
    with pair.cloud.cloud.stores.ledger.writer.begin() as connection:
        connection.execute(delete(store.records).where(store.records.c.idx > 4))
    pair.submitter.submit()
    assert pair.submitter.problem == "has cosigned 6 records, and this log has only 4"
    problems = pair.cloud.public.get("/v1/log/status").json()["witnesses"]
    assert problems == [{"name": "w1", "problem": pair.submitter.problem}]


def test_a_made_up_cosignature_is_not_served(pair: Pair, market: Market) -> None:
    pair.grow(market)
    ledger, keys = pair.cloud.cloud.stores.ledger, log_keys.load(pair.cloud.config.directory)
    head = Head(ledger, keys, now_ms)
    kept = Cosignatures(ledger, head, cosigning.read_policy(pair.cloud.config.directory))
    forged = note.encode_lines([note.Signature(NAME, pair.keys.public[0].key_id, bytes(72))])
    with pytest.raises(Rejected, match=r"checkpoint\.signature"):
        kept.keep(head.newest(), forged, kept.policy.witnesses[0])
    with pytest.raises(Rejected, match=r"checkpoint\.signature"):
        kept.keep(
            head.newest(), note.encode_lines([note.Signature("x.example", b"abcd", bytes(72))]), *kept.policy.witnesses
        )
    assert kept.witnessed() is None


def test_a_witness_that_is_gone_does_not_stop_the_log(pair: Pair, market: Market) -> None:
    key = pair.keys.public[0]
    ledger, keys = pair.cloud.cloud.stores.ledger, log_keys.load(pair.cloud.config.directory)
    head = Head(ledger, keys, now_ms)
    gone = policy.Witness("w9", key, "http://127.0.0.1:9")
    kept = Cosignatures(ledger, head, policy.Policy(witnesses=(gone,), quorum="w9"))
    submitter = Submitter(ledger, head, kept, gone)
    pair.grow(market)
    submitter.submit()
    assert "cannot be reached" in submitter.problem
    assert checkpoint.open_note(pair.cloud.public.get("/v1/log/checkpoint").content, keys.public).size == 3


def test_a_witness_looks_at_the_published_head_itself(pair: Pair, market: Market) -> None:
    watch = witness_server.Watch(pair.witness, every_s=60)
    followed = pair.witness.logs[_origin(pair)]
    for size in (3, 6):
        pair.grow(market)
        watch.look(followed)
        assert followed.size == size


def test_a_submission_without_end_is_cut_off(pair: Pair) -> None:
    client = listener("witness").client
    assert client.post("/add-checkpoint", content=b"x" * (submission.LARGEST_BYTES + 1)).status_code == 413
    assert client.post("/add-checkpoint", content=b"old 1\n").status_code == 400
    assert client.get("/checkpoint/nobody.example/log").status_code == 404
    assert client.get("/healthz").json()["evidence"] == []
