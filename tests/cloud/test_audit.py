"""An outsider replays a ledger over HTTP: what an honest one looks like, what is shown of a dishonest device."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracewire import chain, p256
from tracewire.errors import Misuse, Unavailable

from cloud.audit import report, state
from cloud.audit.auditor import Auditor, Trust
from cloud.audit.device import DeviceHistory
from cloud.audit.frontier import Frontier
from cloud.audit.source import Source
from cloud.ledger import merkle
from cloud.ledger.history import Link
from cloud.ledger.policy import Policy
from simulators.node import now_ms
from simulators.operator import Operator
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.cloud.test_verify_ledger import root_certificate
from tests.examples import examples

CHENGXIN = Path(sys.executable).with_name("chengxin")
Audit = Callable[..., Auditor]


@pytest.fixture
def audit(cloud: CloudUnderTest, market: Market, tmp_path: Path) -> Audit:
    """Return a function that audits the cloud, going on from the last time, and returns the auditor afterwards."""

    def run(path: Path = tmp_path / "market.audit", *, root: bool = True) -> Auditor:
        trust = Trust(p256.VerifyingKey(market.trust.root_point) if root else None)
        source = Source(cloud.url)
        auditor = Auditor(source, state.load(path), trust, now_ms, path)
        auditor.run(lambda _done, _of: None)
        return auditor

    return run


def _words(auditor: Auditor) -> list[str]:
    return [each.words for each in auditor.state.findings]


def test_an_honest_ledger_holds_and_the_next_audit_replays_only_what_is_new(
    cloud: CloudUnderTest, market: Market, audit: Audit
) -> None:
    lot = market.pork_for()
    for _ in range(3):
        market.sell(lot)
    cloud.deliver(market.envelope())
    first = audit()
    assert (_words(first), first.holes, report.status_of(first)) == ([], [], report.HOLDS)
    assert first.state.devices["scale-0001"].totals == (3, 3 * 512, 3 * 1843)
    size = first.state.frontier.size
    market.sell(lot)
    cloud.deliver(market.envelope())
    source = Source(cloud.url)
    again = Auditor(source, first.state, Trust(p256.VerifyingKey(market.trust.root_point)), now_ms)
    outcome = again.run(lambda _done, _of: None)
    source.close()
    assert (outcome.records, again.state.frontier.size, _words(again)) == (2, size + 2, [])


def test_a_ledger_of_several_bundles_is_replayed_in_order(cloud: CloudUnderTest, market: Market, audit: Audit) -> None:
    for _ in range(3):
        cloud.deliver(market.envelope(*[market.health() for _ in range(210)]))
    done = audit()
    assert (_words(done), done.state.devices["scale-0001"].count, done.state.frontier.size) == ([], 630, 630)


def test_an_empty_ledger_holds(audit: Audit) -> None:
    assert report.status_of(audit()) == report.HOLDS


def test_a_hole_is_shown_with_its_times_until_it_is_filled(cloud: CloudUnderTest, market: Market, audit: Audit) -> None:
    sealed = [market.health(time_ms=now_ms() + number) for number in range(6)]
    cloud.deliver(market.envelope(*sealed[:2], *sealed[4:]))
    (hole,) = audit().holes
    assert (hole.device, hole.from_seq, hole.to_seq, hole.shown_index) == ("scale-0001", 3, 4, 2)
    assert hole.since_ms < hole.shown_ms
    cloud.deliver(market.envelope(sealed[3]))
    smaller = audit()
    assert [(hole.from_seq, hole.to_seq, hole.shown_index) for hole in smaller.holes] == [(3, 3, 2)]
    assert report.status_of(smaller) == report.PROBLEMS
    cloud.deliver(market.envelope(sealed[2]))
    assert report.status_of(audit()) == report.HOLDS


def test_a_fork_is_shown(cloud: CloudUnderTest, market: Market, audit: Audit) -> None:
    cloud.deliver(market.envelope(market.health()))
    market.scale.head = chain.GENESIS
    cloud.deliver(market.envelope(market.health(time_ms=1_800_000_000_000)))
    (words,) = _words(audit())
    assert words.startswith("scale-0001 sealed number 1 twice; the second came 20")


def test_totals_that_do_not_follow_are_shown(cloud: CloudUnderTest, market: Market, audit: Audit) -> None:
    market.sell("3502000010003000000001")
    market.scale.totals = (0, 0, 0)
    market.sell("3502000010003000000001")
    cloud.deliver(market.envelope())
    assert "do not follow" in " ".join(_words(audit()))


def test_without_a_root_only_the_tree_is_checked_and_the_report_says_so(
    cloud: CloudUnderTest, market: Market, audit: Audit
) -> None:
    cloud.deliver(market.envelope(market.health()))
    done = audit(root=False)
    said = report.lines(done, done.run(lambda _done, _of: None), Policy(), with_records=False)
    assert (_words(done), done.state.devices) == ([], {})
    assert any("signatures of records were NOT" in line for line in said)
    with pytest.raises(Misuse, match=r"audit\.root"):
        audit(root=True)


def test_a_registry_of_another_root_is_shown(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    source = Source(cloud.url)
    stranger = Auditor(source, state.State(), Trust(p256.VerifyingKey(Market().trust.root_point)), now_ms)
    stranger.run(lambda _done, _of: None)
    assert [each.code for each in stranger.state.findings] == ["registry.refused"]


def test_an_audit_that_was_cut_off_goes_on(cloud: CloudUnderTest, market: Market, tmp_path: Path, audit: Audit) -> None:
    cloud.deliver(market.envelope(*[market.health() for _ in range(600)]))
    path = tmp_path / "cut.audit"
    source = Source(cloud.url)
    auditor = Auditor(source, state.State(), Trust(p256.VerifyingKey(market.trust.root_point)), now_ms, path)

    class Cut(Exception):  # noqa: N818
        pass

    def cut(done: int, _of: int) -> None:
        if done >= 256:
            state.save(path, auditor.state)
            raise Cut

    with pytest.raises(Cut):
        auditor.run(cut)
    assert 0 < state.load(path).frontier.size < 600
    cloud.deliver(market.envelope(*[market.health() for _ in range(50)]))
    done = audit(path)
    assert (_words(done), done.state.frontier.size, done.state.devices["scale-0001"].count) == ([], 650, 650)


def test_the_command_says_what_it_saw_and_by_its_status_how_it_is(
    cloud: CloudUnderTest, market: Market, tmp_path: Path
) -> None:
    (tmp_path / "root.point").write_bytes(market.trust.root_point)
    (tmp_path / "root_cert.pem").write_bytes(root_certificate(market, serialization.Encoding.PEM))
    sealed = [market.health() for _ in range(300)]
    cloud.deliver(market.envelope(*sealed[:-1]))
    options = ["--root", tmp_path / "root_cert.pem", "--state", tmp_path / "market.audit"]
    done = _command(cloud.url, *options)
    assert (done.returncode, "HOLDS: 299 records replayed" in done.stdout) == (0, True), done.stdout + done.stderr
    cloud.deliver(market.envelope(market.health()))
    done = _command(cloud.url, *options, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["replayed"], document["size"]) == (1, 1, 300)
    assert [(hole["from_seq"], hole["to_seq"]) for hole in document["holes"]] == [(300, 300)]
    since = _command(cloud.url, "--root", tmp_path / "root.point", "--since", "290")
    assert (since.returncode, "HOLE" in since.stdout) == (1, True)
    since = _command(cloud.url, "--root", tmp_path / "root.point", "--since", "299")
    assert (since.returncode, "HOLDS: 1 records" in since.stdout) == (0, True), since.stdout
    gone = _command("http://127.0.0.1:9", *options)
    assert (gone.returncode, "NOT AUDITED: audit.unreachable" in gone.stderr) == (2, True)


def _command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHENGXIN, "audit", *map(str, words)], capture_output=True, text=True, check=False)


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(what=st.sampled_from(["drop", "rewrite", "swap", "cut_off"]), place=st.integers(0, 5))
def test_whatever_was_altered_is_noticed_by_who_audited_before(
    cloud: CloudUnderTest, market: Market, audit: Audit, tmp_path: Path, what: str, place: int
) -> None:
    cloud.deliver(market.envelope(*[market.health(node) for node in (market.scale, market.line) * 3]))
    memory = tmp_path / "memory"
    memory.unlink(missing_ok=True)
    size = audit(memory).state.frontier.size
    ledger = cloud.config.ledger_path
    cloud.stop()
    kept = ledger.read_bytes()
    operator = Operator(cloud.config.directory)
    first = size - place
    if what == "drop":
        operator.drop(first)
    elif what == "swap":
        operator.swap(first, first % size + 1)
    elif what == "cut_off":
        operator.cut_off(first - 1)
    else:
        operator.rewrite(first, operator.sealed_at(first)[:-1] + b"\0\0")
    cloud.start()
    found = {each.code for each in audit(memory).state.findings}
    assert found & {"log.shrunk", "log.split"}, found
    cloud.stop()
    ledger.write_bytes(kept)
    cloud.start()


def test_nobody_there_is_no_verdict() -> None:
    with pytest.raises(Unavailable, match=r"audit\.unreachable"):
        Auditor(Source("http://127.0.0.1:9"), state.State(), Trust(), now_ms).run(lambda _done, _of: None)


@pytest.mark.parametrize("contents", [b"", b"[]", b'{"version": 2}', b'{"version": 1}', b"\xff"])
def test_a_state_that_is_none_is_refused(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "state").write_bytes(contents)
    with pytest.raises(Misuse, match=r"audit\.state"):
        state.load(tmp_path / "state")


@given(sizes=st.lists(st.integers(0, 300), min_size=1, max_size=5))
def test_the_frontier_has_the_root_of_the_whole_tree(sizes: list[int]) -> None:
    leaves = [merkle.leaf_hash(number.to_bytes(2, "big")) for number in range(sum(sizes))]
    frontier, nodes = Frontier(), dict[merkle.Node, bytes]()
    for node, value in merkle.grow(0, leaves, nodes.__getitem__):
        nodes[node] = value
    for size in sizes:
        frontier.extend(leaves[frontier.size : frontier.size + size])
        frontier = Frontier.of_hashes(frontier.size, frontier.hashes)
    assert frontier.root == merkle.range_hash(merkle.Range(0, sum(sizes)), nodes.__getitem__)

    def tile(level: int, number: int, width: int) -> list[bytes]:
        start = number * 256
        return [nodes[merkle.Node(8 * level, position)] for position in range(start, start + width)]

    assert Frontier.from_tiles(sum(sizes), tile).root == frontier.root


def _links(count: int) -> list[Link]:
    links, prev = [], bytes(32)
    for seq in range(1, count + 1):
        digest = seq.to_bytes(32, "big")
        links.append(Link(seq, digest, prev, seq * 1000, (seq, seq, seq), (1, 1, 1)))
        prev = digest
    return links


@given(order=st.permutations(_links(7)), kept=st.sets(st.integers(1, 7)))
def test_records_in_any_order_leave_exactly_the_holes_that_are_there(order: list[Link], kept: set[int]) -> None:
    history = DeviceHistory("scale-0001", begins_anywhere=False)
    arrived = [link for link in order if link.seq in kept]
    assert [problem for index, link in enumerate(arrived) for problem in history.take(link, index)] == []
    missing = {seq for hole in history.holes for seq in range(hole.from_seq, hole.to_seq + 1)}
    assert missing == set(range(1, max(kept, default=0) + 1)) - kept
    assert history.count == len(kept)


@given(seq=st.integers(1, 7), order=st.permutations(range(7)))
def test_a_record_of_another_history_is_noticed_whatever_the_order(seq: int, order: list[int]) -> None:
    links = _links(7)
    one = links[seq - 1]
    links[seq - 1] = Link(one.seq, b"x" * 32, one.prev, one.time_ms, one.totals, one.added)
    history = DeviceHistory("scale-0001", begins_anywhere=False)
    problems = [problem for index in order for problem in history.take(links[index], index)]
    assert problems == ([] if seq == 7 else [problems[0]])
