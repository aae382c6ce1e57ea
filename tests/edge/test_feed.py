"""The feed as devices and cloud see the gateway: pulled, kept, handed on, but nothing that no device would believe."""

from pathlib import Path

import pytest
from tracewire import cbor, chain, cose, feed, receipt
from tracewire.p256 import VerifyingKey

from edge.feed_clock import AGAIN_MS, EAGER_ANSWERS, EAGER_MS, ClockAnswers
from edge.feed_reminders import Reminders
from edge.feed_shelf import FeedShelf, Shelved
from simulators.node import Node, now_ms
from tests.edge.cloud_peer import CloudPeer
from tests.edge.conftest import Bench
from tests.edge.site import Site

DEVICE, LOT = "scale-0001", "35020000200010000003"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site that asks its cloud ten times a second."""
    return Site(tmp_path, {DEVICE: "active", "scale-0002": "active"}, feed_poll_ms=100)


def freeze(site: Site, serial: int, *, to: str = DEVICE, by: Node | None = None, serial_said: int = 0) -> list[object]:
    """One row of the cloud's answer."""
    rows = ((LOT,),)
    statement = feed.Statement(site.nodes[to].kid, feed.FREEZE, serial, now_ms(), now_ms() + 60_000, rows)
    sealed = cose.seal(statement.encode(), cose.FEED, (by or site.nodes["cloud-01"]).key)
    return [DEVICE, feed.FREEZE, serial_said or serial, sealed]


def publish(cloud: CloudPeer, version: int, *rows: list[object]) -> None:
    """Let the cloud answer this from now on, and wait until the gateway has asked and come again."""
    cloud.feed = cbor.encode({1: 1, 2: version, 3: list(rows)})
    asked = len(cloud.asked_since)
    cloud.wait_for(lambda: version in cloud.asked_since[asked:])


def test_news_reach_a_device_now_and_again_when_it_comes_back_without_the_cloud(site: Site) -> None:
    cloud = site.cloud().start()
    with site.gateway():
        with site.link(DEVICE) as link:
            row = freeze(site, 7)
            publish(cloud, 7, row)
            sealed, statement = link.next_statement(feed.FREEZE)
            assert sealed == row[3] and statement.body == ((LOT,),)
        cloud.stop()
    with site.gateway(), site.link(DEVICE) as link:  # another process, no cloud
        assert link.next_statement(feed.FREEZE)[0] == row[3]


def test_a_device_that_stays_on_line_is_told_again(tmp_path: Path) -> None:
    site = Site(tmp_path, {DEVICE: "active"}, feed_poll_ms=100, feed_remind_ms=200)
    cloud = site.cloud().start()
    with site.gateway(), site.link(DEVICE) as link:
        row = freeze(site, 7)
        publish(cloud, 7, row)
        for _ in range(3):  # nothing tells the gateway whether the broker lost the first
            assert link.next_statement(feed.FREEZE)[0] == row[3]
    cloud.stop()


def test_reminders_grow_seldom_and_begin_anew_with_news() -> None:
    reminders = Reminders(60_000)
    reminders.told([DEVICE], 0)
    minutes = [minute for minute in range(300) if reminders.due(minute * 60_000)]
    assert minutes == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    reminders.told([DEVICE], 300 * 60_000)
    assert [minute for minute in range(300, 304) if reminders.due(minute * 60_000)] == [301, 303]


def test_what_a_device_would_not_believe_goes_no_further(site: Site) -> None:
    cloud = site.cloud().start()
    with site.gateway(), site.link(DEVICE) as link:
        garbled: list[object] = [DEVICE, feed.FREEZE, 4, b"nothing sealed"]
        foreign = freeze(site, 5, by=site.nodes["gateway-01"])
        misdirected = freeze(site, 6, to="scale-0002")
        mislabelled = freeze(site, 7, serial_said=8)
        good = freeze(site, 9)
        publish(cloud, 9, garbled, foreign, misdirected, mislabelled, good)
        assert link.next_statement(feed.FREEZE)[0] == good[3]
    cloud.stop()


@pytest.mark.parametrize("answer", [b"", b"\x80", cbor.encode({1: 2, 2: 1, 3: []}), cbor.encode({1: 1, 2: 1, 3: [1]})])
def test_an_answer_that_is_none_changes_nothing_and_is_asked_again(site: Site, answer: bytes) -> None:
    cloud = site.cloud().start()
    cloud.feed = answer
    with site.gateway(), site.link(DEVICE) as link:
        cloud.wait_for(lambda: len(cloud.asked_since) >= 2)
        assert set(cloud.asked_since) == {0}
        link.say(site.seal(DEVICE))
        assert link.next_receipt(receipt.CLOUD).seq_to == 1  # the way up does not care
    cloud.stop()


def test_a_record_is_answered_with_the_time(site: Site) -> None:
    cloud = site.cloud().start()
    sealed = site.seal(DEVICE)
    with site.gateway(), site.link(DEVICE) as link:
        before = now_ms()
        link.say(sealed)
        answer, statement = link.next_statement(feed.CLOCK)
        cose.open(answer, cose.FEED, VerifyingKey(site.nodes["gateway-01"].key.point))
        ((time_ms, seq, digest),) = statement.body
        assert before <= time_ms <= now_ms() and (seq, digest) == (1, chain.digest(sealed))
        assert statement.kid == site.nodes[DEVICE].kid and statement.serial == time_ms
    cloud.stop()


def test_the_time_is_told_at_every_return_and_then_once_in_ten_minutes(bench: Bench) -> None:
    answers, at = ClockAnswers(bench.nodes["gateway-01"].key), now_ms()

    def told(later_ms: int) -> int:
        return len(answers.sealed(bench.outbox.keep([bench.verified(bench.seal())]), at + later_ms))

    assert [told(EAGER_MS * turn) for turn in range(EAGER_ANSWERS)] == [1] * EAGER_ANSWERS
    last_ms = EAGER_MS * (EAGER_ANSWERS - 1)
    assert [told(last_ms + 1), told(last_ms + AGAIN_MS - 1), told(last_ms + AGAIN_MS)] == [0, 0, 1]
    answers.came_back(DEVICE)
    assert [told(last_ms + AGAIN_MS + 1), told(last_ms + AGAIN_MS + 2)] == [1, 0]


def test_the_shelf_keeps_the_newest_of_each_kind(tmp_path: Path) -> None:
    shelf = FeedShelf(tmp_path / "feed.sqlite")
    shelf.keep([Shelved(DEVICE, 3, 7, b"new"), Shelved(DEVICE, 1, 5, b"prices"), Shelved("other", 3, 1, b"x")], 7)
    shelf.keep([Shelved(DEVICE, 3, 6, b"old")], 8)
    shelf.close()
    again = FeedShelf(tmp_path / "feed.sqlite")
    assert (again.statements(DEVICE), again.version()) == ([b"prices", b"new"], 8)
    again.close()
