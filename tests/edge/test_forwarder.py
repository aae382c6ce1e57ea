"""Step 7: what an answer settles, and that anything but a valid one keeps every row."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tracewire.receipt import CLOUD

from tests.edge import cloud_peer
from tests.edge.cloud_peer import Answer, CloudPeer
from tests.edge.site import Site

DEVICES = [f"scale-{number:04}" for number in range(1, 12)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One gateway for the file; each test takes the next device."""
    made = Site(tmp_path_factory.mktemp("forwarder"), dict.fromkeys(DEVICES, "active"))
    with made.gateway():
        yield made


@pytest.fixture(scope="module")
def cloud(site: Site) -> Iterator[CloudPeer]:
    """The test peer, honest unless a test says otherwise."""
    peer = site.cloud().start()
    yield peer
    peer.stop()


BAD_ANSWERS = {
    "another key": cloud_peer.by_another_key,
    "a key that is not a cloud's": cloud_peer.by_the_gateway,
    "another envelope": cloud_peer.about_another_envelope,
    "garbage": cloud_peer.garbage,
    "status 500": cloud_peer.status(500),
    "status 404": cloud_peer.status(404),
    "status 503": cloud_peer.status(503, **{"Retry-After": "0"}),
    "no receipt at all": cloud_peer.without_receipts,
}


@pytest.mark.parametrize(
    ("device", "answer"), list(zip(DEVICES, BAD_ANSWERS.values(), strict=False)), ids=list(BAD_ANSWERS)
)
def test_a_bad_answer_keeps_every_row(site: Site, cloud: CloudPeer, device: str, answer: Answer) -> None:
    cloud.answer = answer
    before = cloud.calls
    with site.link(device) as link:
        link.say(site.seal(device))
        link.next_receipt()
        cloud.wait_for(lambda: cloud.calls >= before + 2)
        assert site.rows("SELECT seq FROM outbox WHERE device = ?", device) == [(1,)]
        cloud.answer = cloud_peer.honest
        assert link.next_receipt(CLOUD).seq_to == 1
        site.wait(lambda: site.rows("SELECT seq FROM outbox WHERE device = ?", device) == [])


def test_a_record_that_the_cloud_refuses_by_name_is_settled_and_its_neighbours_go_on(
    site: Site, cloud: CloudPeer
) -> None:
    device = DEVICES[9]
    cloud.answer = cloud_peer.status(503)
    with site.link(device) as link:
        for _ in range(3):
            link.say(site.seal(device))
        link.receipt_to(3)
        cloud.answer = cloud_peer.refusing_first("record.totals")
        assert link.next_receipt(CLOUD).seq_to == 3
        site.wait(lambda: site.rows("SELECT seq FROM outbox WHERE device = ?", device) == [])
    assert site.quarantined(device) == ["cloud.record.totals"]
    cloud.answer = cloud_peer.honest


def test_a_large_backlog_travels_in_envelopes_of_500(tmp_path: Path) -> None:
    site = Site(tmp_path, {"scale-0001": "active"})
    with site.gateway(), site.link("scale-0001") as link:
        for _ in range(1100):
            link.client.publish("cx/1/scale-0001/up", site.seal("scale-0001"), qos=1)
        link.receipt_to(1100)
        cloud = site.cloud()
        sizes: list[int] = []
        honest = cloud.answer
        cloud.answer = lambda peer, envelope, rows: (sizes.append(len(rows)), honest(peer, envelope, rows))[1]
        cloud.start()  # only now: the first envelope may come at once
        link.receipt_to(1100, CLOUD)
    cloud.stop()
    assert max(sizes) == 500
    assert sum(sizes) == 1100
