"""Refused evidence: it stays here, goes up once, and the cloud's word on it comes down as often as it is needed."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tracewire import cbor, chain, cose, record
from tracewire.receipt import CLOUD

from edge.answer import Answered, CloudReceipt
from edge.verify import Refused
from tests.edge import cloud_peer
from tests.edge.cloud_peer import CloudPeer
from tests.edge.conftest import Bench, delivery
from tests.edge.device_link import DeviceLink
from tests.edge.site import Site

CLOCK = {"before_ms": 999, "source": 1}
DEVICES = [f"scale-{number:04}" for number in range(1, 10)]
REPEATS = 5


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One gateway for the file; each test takes devices of its own."""
    made = Site(tmp_path_factory.mktemp("quarantine"), dict.fromkeys(DEVICES, "active"))
    made.nodes["scale-0004"].credential.to_seq = 1
    made.write_registry()
    with made.gateway():
        yield made


@pytest.fixture(scope="module")
def module_cloud(site: Site) -> Iterator[CloudPeer]:
    """The test peer of the file."""
    peer = site.cloud().start()
    yield peer
    peer.stop()


@pytest.fixture
def cloud(module_cloud: CloudPeer) -> CloudPeer:
    """The test peer, which judges like the cloud unless a test says otherwise."""
    module_cloud.answer = cloud_peer.judging
    return module_cloud


def fork(site: Site, device: str) -> bytes:
    """Return another first record."""
    return sealed_by(site, device, record.Record(record.CLOCK, CLOCK, 1, chain.NO_PREVIOUS, 1).encode())


def another_past(site: Site, device: str) -> bytes:
    """Return a second record that names a first one nobody has seen."""
    return sealed_by(site, device, record.Record(record.CLOCK, CLOCK, 2, b"\x07" * 32, 1).encode())


def no_record(site: Site, device: str) -> bytes:
    """Return a well sealed payload that claims to be number 2, and is of no kind."""
    return sealed_by(site, device, cbor.encode({2: 2}))


def sealed_by(site: Site, device: str, payload: bytes) -> bytes:
    return cose.seal(payload, cose.RECORD, site.nodes[device].key)


def words(site: Site, sealed: bytes) -> list[tuple[str, str]]:
    """Return what gateway and cloud said of these bytes, as their quarantine row has it."""
    return site.rows("SELECT code, cloud_word FROM quarantine WHERE digest = ?", chain.digest(sealed))


def cloud_word(link: DeviceLink, sealed: bytes) -> str:
    """Return the code under which the next cloud receipt that names ``sealed`` refuses it."""
    while True:
        for _, digest, code in link.next_receipt(CLOUD).refused:
            if digest == chain.digest(sealed):
                return code


@pytest.mark.parametrize(
    ("device", "evidence", "code"),
    [
        ("scale-0001", fork, "chain.fork"),
        ("scale-0002", another_past, "chain.prev"),
        ("scale-0003", no_record, "record.header"),
    ],
    ids=["fork", "another past", "no record"],
)
def test_refused_evidence_reaches_the_cloud_once_and_its_word_comes_down(
    site: Site, cloud: CloudPeer, device: str, evidence: Callable[[Site, str], bytes], code: str
) -> None:
    first, refused = site.seal(device), evidence(site, device)
    with site.link(device) as link:
        link.say(first)
        assert link.next_receipt(CLOUD).seq_to == 1
        for _ in range(REPEATS):  # the device hears the word every time, the cloud is asked the first time only
            link.say(refused)
            named = link.next_receipt().refused  # the gateway's own word, for information
            assert [(digest, why) for _, digest, why in named] == [(chain.digest(refused), code)]
            assert cloud_word(link, refused) == code
    assert cloud.heard[refused] == 1
    assert words(site, refused) == [(code, code)]
    assert site.rows("SELECT seq FROM outbox WHERE device = ?", device) == []


def test_a_fork_raises_an_alarm_and_the_receipt_stays_with_the_first(site: Site, cloud: CloudPeer) -> None:
    device = "scale-0009"
    first, second = site.seal(device), fork(site, device)
    forks, alarms = site.status()["forks"], site.metric("chengxin_gateway_forks_total")
    with site.link(device) as link:
        link.say(first)
        link.next_receipt(CLOUD)
        link.say(second)
        assert cloud_word(link, second) == "chain.fork"
        link.say(first)
        assert link.receipt_to(1).head == chain.digest(first)
    assert site.status()["forks"] == forks + 1
    assert site.metric("chengxin_gateway_forks_total") == alarms + 1
    log = (site.home / "gateway.log").read_text().splitlines()
    assert any(f'"sender": "{device}"' in line and '"level": "error"' in line for line in log)


def test_the_cloud_may_know_better_and_the_device_gets_its_receipt(site: Site, cloud: CloudPeer) -> None:
    device = "scale-0004"  # its key may seal number 1 only, says this gateway's registry
    first, second = site.seal(device), site.seal(device)
    with site.link(device) as link:
        link.say(first)
        link.receipt_to(1, CLOUD)
        before = site.status()["overruled"]
        for _ in range(REPEATS):
            link.say(second)
            assert link.receipt_to(2, CLOUD).head == chain.digest(second)
    assert cloud.heard[second] == 1
    assert words(site, second) == [("device.range", "accepted")]
    assert site.status()["overruled"] == before + 1


def test_a_stolen_record_goes_up_as_its_own_devices_and_is_settled_there(site: Site, cloud: CloudPeer) -> None:
    stolen = site.seal("scale-0006")
    with site.link("scale-0006") as owner, site.link("scale-0005") as thief:
        thief.say(stolen)
        assert owner.receipt_to(1, CLOUD).head == chain.digest(stolen)
    assert words(site, stolen) == [("access.topic", "accepted")]
    assert site.quarantined("scale-0005") == ["access.topic"]


def test_noise_stays_at_the_gateway(site: Site, cloud: CloudPeer) -> None:
    device = "scale-0007"
    before = cloud.calls
    good = site.seal(device)
    with site.link(device) as link:
        link.say(good[:-1] + bytes([good[-1] ^ 1]))
        link.say(b"noise")
        site.wait(lambda: len(site.quarantined(device)) == 2)
        link.say(good)
        link.receipt_to(1, CLOUD)
    assert cloud.calls == before + 1
    assert not any(cloud.heard[sealed] for sealed in (b"noise", good[:-1] + bytes([good[-1] ^ 1])))


def test_a_refusal_that_no_receipt_names_is_asked_for_again_until_one_does(site: Site, cloud: CloudPeer) -> None:
    device = "scale-0008"
    sealed = site.seal(device)
    cloud.answer = cloud_peer.refusing_all("registry.unknown")
    with site.link(device) as link:
        link.say(sealed)
        site.wait(lambda: words(site, sealed) == [("cloud.registry.unknown", "registry.unknown")])
        cloud.answer = cloud_peer.judging  # now the key has reached its registry
        link.say(sealed)
        assert link.receipt_to(1, CLOUD).head == chain.digest(sealed)
    assert words(site, sealed) == [("cloud.registry.unknown", "accepted")]
    assert cloud.heard[sealed] == 2


@pytest.mark.parametrize(
    ("moment", "times_heard"), [("after-keep", 1), ("before-settle", 2), ("after-settle", 1)], ids=str
)
def test_killed_on_the_way_and_the_word_still_comes_down(tmp_path: Path, moment: str, times_heard: int) -> None:
    site = Site(tmp_path, {"scale-0001": "active"})
    cloud = site.cloud().start()
    cloud.answer = cloud_peer.judging
    first, refused = site.seal("scale-0001"), fork(site, "scale-0001")
    with site.gateway(*site.dying(moment)) as gateway, site.link("scale-0001") as link:
        link.say(first)
        link.next_receipt(CLOUD)
        link.say(refused)
        assert gateway.process.wait(10) == -9
    with site.gateway(), site.link("scale-0001") as link:
        cloud.wait_for(lambda: cloud.heard[refused] == times_heard)
        link.say(refused)  # a device that was not told says it again
        assert cloud_word(link, refused) == "chain.fork"
        site.wait(lambda: site.status()["outbox_records"] == 0)
    cloud.stop()
    assert cloud.heard[refused] == times_heard


# The rules without a process.


def refused_by_the_cloud(bench: Bench, receipt: bytes | None) -> bytes:
    """Return a record that the gateway kept and the cloud refused."""
    verified = bench.verified(bench.seal())
    bench.outbox.keep([verified])
    answered = [Answered(row, "role.kind", "", receipt) for row in bench.outbox.oldest(9, 1 << 20)]
    bench.outbox.settle(answered, [], [])
    return verified.sealed


def test_a_record_that_only_the_cloud_refused_hears_its_word_again_after_a_restart(bench: Bench) -> None:
    sealed = refused_by_the_cloud(bench, b"the word")
    bench.reopen()
    kept = bench.outbox.keep([bench.verified(sealed)])
    assert kept.answers == {"scale-0001": [b"the word"]}
    assert bench.outbox.backlog().rows == 0


def test_a_receipt_over_its_number_does_not_answer_for_a_fork(bench: Bench) -> None:
    first = bench.verified(bench.seal())
    bench.outbox.keep([first])
    accepted = [Answered(row) for row in bench.outbox.oldest(9, 1 << 20)]
    bench.outbox.settle(accepted, [], [CloudReceipt("scale-0001", 1, 1, b"over the first")])
    payload = record.Record(record.CLOCK, CLOCK, 1, chain.NO_PREVIOUS, 1).encode()
    second = cose.seal(payload, cose.RECORD, bench.nodes["scale-0001"].key)
    kept = bench.outbox.keep([bench.verified(second)])
    assert kept.answers == {}
    assert [row.sealed for row in bench.outbox.oldest(9, 1 << 20)] == [second]


def test_evidence_without_a_number_is_asked_about_once(bench: Bench) -> None:
    sealed = cose.seal(cbor.encode([1, 2]), cose.RECORD, bench.nodes["scale-0001"].key)
    verdict = bench.verifier.judge(delivery(sealed))
    assert isinstance(verdict, Refused)
    bench.outbox.keep([verdict])
    bench.outbox.settle([Answered(row, "record.map") for row in bench.outbox.oldest(9, 1 << 20)], [], [])
    bench.outbox.keep([verdict])
    assert bench.outbox.backlog().rows == 0
    assert bench.outbox.backlog().quarantined == 1


def test_the_word_is_known_under_every_sender_and_reason(bench: Bench) -> None:
    sealed = refused_by_the_cloud(bench, b"the word")
    verdict = bench.verifier.judge(delivery(sealed, "scale-0002"))
    assert isinstance(verdict, Refused)
    assert bench.outbox.keep([verdict]).answers == {"scale-0001": [b"the word"]}
    with contextlib.closing(sqlite3.connect(bench.outbox_path)) as database:
        rows = database.execute("SELECT sender, code, cloud_word FROM quarantine ORDER BY id").fetchall()
    assert rows == [("scale-0001", "cloud.role.kind", "role.kind"), ("scale-0002", "access.topic", "role.kind")]
