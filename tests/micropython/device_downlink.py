"""What comes down, on the real interpreter and its littlefs, with the real verifier: believed or changes nothing.

Run one test: ``micropython device_downlink.py test_name``; tests/firmware/test_downlink.py runs them all.
"""

import sys

from device.clock_keeper import PATIENCE_MS, ClockKeeper
from device.downlink import Downlink
from device.downlink_lots import Lots
from device.downlink_stops import Stops
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.mark import Mark
from device.publisher import Publisher
from device.refusals import SILENT_MS
from hal import entropy
from tracewire import cbor, cose, feed, p256, receipt, record, words
from tracewire.errors import Misuse, Rejected, Unavailable

import device_flash
from device_history import BOOT, PATH, WEIGHING, Board

ROOT = device_flash.ROOT
CLOUD, GATEWAY, STRANGER = [p256.SigningKey(bytes([number]) * 32) for number in (8, 7, 9)]
NOW_MS = 1790000000000
YEAR_2000_MS = 946684800000
LOT, OTHER_LOT = "35020000100070000012", "35020000100070000013"
SELLER, OTHER_SELLER = "3502000010101", "3502000010102"
CARD, OTHER_CARD = b"\x04\xa1\xb2\xc3\xd4\xe5\xf6", b"\x2b\x09\x09\x09"


class BoardClock:
    """A real-time clock that a test may move, as a board has it: whole seconds, lost when it is set so."""

    def __init__(self, now_ms):
        self.now = now_ms
        self.ticks = 0

    def now_ms(self):
        return self.now // 1000 * 1000

    def set_ms(self, unix_ms):
        self.now = unix_ms // 1000 * 1000

    def ticks_ms(self):
        return self.ticks

    def wait(self, ms):
        self.now += ms
        self.ticks += ms


class Scale(Board):
    """A flash with a key, and everything that hears; ``boot`` is a power-on."""

    def __init__(self, capacity=64 * 1024):
        Board.__init__(self, capacity)
        self.clock = BoardClock(NOW_MS)

    def boot(self):
        self.flash.power_on()
        device_flash.mounted(self.flash)
        self.key = KeyStore(ROOT, entropy.read)
        self.journal = Journal(PATH, self.capacity)
        self.keeper = ClockKeeper(self.clock, ROOT)
        self.history = History(self.journal, self.key, self.keeper, BOOT, Mark(self.nvram, self.key.kid))
        self.keeper.start(self.history)
        keepers = [(receipt.GATEWAY, verifier(GATEWAY)), (receipt.CLOUD, verifier(CLOUD))]
        self.publisher = Publisher(
            self.journal, self.key.kid, keepers, "cx/1/scale-0001/up", self.clock.ticks_ms, self.keeper.first_seq
        )
        self.downlink = Downlink(ROOT, self.key.kid, keepers, self.keeper, self.history, self.publisher)
        self.freezes = 0
        self.lots = Lots(self.downlink, self.history, self.frozen)
        self.stops, self.changes = Stops(self.downlink, self.history), 0
        self.stops.on_change = self.stopped
        return self

    def frozen(self):
        self.freezes += 1

    def stopped(self):
        self.changes += 1

    def hear(self, sealed):
        self.downlink.hear("cx/1/scale-0001/down", sealed)

    def say(self, serial, lots=(LOT,), key=CLOUD, **changes):
        self.hear(self.freeze(serial, lots, key, **changes))

    def freeze(self, serial, lots=(LOT,), key=CLOUD, purpose=cose.FEED, kid=None, expires_ms=NOW_MS + 1000):
        rows = [[lot] for lot in lots]
        statement = feed.Statement(kid or self.key.kid, feed.FREEZE, serial, NOW_MS - 1000, expires_ms, rows)
        return cose.seal(statement.encode(), purpose, key)

    def stop(self, serial, sellers=(SELLER,), cards=(CARD,), key=CLOUD, kid=None, expires_ms=NOW_MS + 1000):
        names = [feed.seller_name(seller) for seller in sellers], [feed.card_name(card) for card in cards]
        row = [b"".join(column) for column in names]
        statement = feed.Statement(kid or self.key.kid, feed.STOPS, serial, NOW_MS - 1000, expires_ms, [row])
        return cose.seal(statement.encode(), cose.FEED, key)

    def stands_stopped(self):
        """Return the codes with which both sellers and both cards are refused, None for each that is not."""
        sellers = [code_of(self.stops.require_seller, one) for one in (SELLER, OTHER_SELLER)]
        return sellers + [code_of(self.stops.require_card, one) for one in (CARD, OTHER_CARD)]

    def send(self, seq=0):
        """Let a record, the newest unless said otherwise, go out, as the publisher does."""
        seq = seq or self.journal.next_seq - 1
        self.publisher._challenge.sent(seq, self.publisher._now())
        return seq

    def tell(self, unix_ms, seq, digest=None, key=GATEWAY):
        digest = digest or self.publisher._digest_of(seq)
        statement = feed.Statement(self.key.kid, feed.CLOCK, unix_ms, unix_ms, unix_ms + 1, [[unix_ms, seq, digest]])
        self.hear(cose.seal(statement.encode(), cose.FEED, key))

    def is_free(self, lot=LOT):
        return code_of(self.lots.require_sellable, lot, 1) is None

    def audits(self, event="downlink_refused"):
        wanted = words.number(words.AUDIT_EVENTS, event)
        audits = [one.body for one in self.check_chain() if one.kind == record.AUDIT]
        return [body["detail"] for body in audits if body["event"] == wanted]


def verifier(key):
    return p256.VerifyingKey(key.point)


def code_of(call, *arguments):
    try:
        call(*arguments)
    except (Rejected, Misuse, Unavailable) as error:
        return error.code
    return None


def test_a_frozen_lot_stays_frozen_through_restarts_until_it_is_missing_from_the_list():
    scale = Scale().boot()
    assert scale.is_free()
    scale.say(5, (LOT, OTHER_LOT))
    assert not scale.is_free() and not scale.is_free(OTHER_LOT) and scale.freezes == 1
    scale.boot()
    assert not scale.is_free()
    scale.say(6, (OTHER_LOT,))
    assert scale.is_free() and not scale.is_free(OTHER_LOT)
    scale.say(7, ())
    scale.boot()
    assert scale.is_free(OTHER_LOT)
    assert scale.audits("lots_frozen") == ["feed 5: %s %s" % (LOT, OTHER_LOT), "feed 6: " + OTHER_LOT, "feed 7: none"]
    assert scale.audits() == []


def test_what_is_not_sealed_for_us_now_changes_nothing_and_is_told():
    scale = Scale().boot()
    other = p256.key_id(STRANGER.point)
    good = scale.freeze(5)
    flipped = good[:60] + bytes((good[60] ^ 1,)) + good[61:]
    hostile = (
        (b"", "cose.tag"),
        (b"not at all sealed", "cose.tag"),
        (good[:-1], "cose.truncated"),
        (good + b"\x00", "cose.trailing"),
        (good + bytes(5000), "cose.size"),
        (flipped, "cose.signature"),
        (scale.freeze(5, key=STRANGER), "downlink.keeper"),
        (scale.freeze(5, key=GATEWAY), "downlink.level"),
        (scale.freeze(5, purpose=cose.RECEIPT), "cose.signature"),
        (scale.freeze(5, kid=other), "downlink.kid"),
        (scale.freeze(5, expires_ms=NOW_MS - 999), "downlink.expired"),
        (cose.seal(b"\xa2\x01\x01\x02\x48" + bytes(8), cose.FEED, CLOUD), "feed.field"),
    )
    told = []
    for sealed, code in hostile:
        scale.hear(sealed)
        assert scale.is_free() and scale.downlink.shelf.serial(feed.FREEZE) == 0, code
        if code not in told:
            told.append(code)
        assert scale.audits() == told, (scale.audits(), code)
    assert scale.downlink.readings() == {"downlink_refused": len(hostile)}
    assert scale.boot().is_free()


def test_an_older_statement_is_a_replay_and_the_same_one_a_repeat():
    scale = Scale().boot()
    old = scale.freeze(5)
    scale.hear(old)
    scale.say(6, ())
    scale.boot()
    scale.hear(old)
    assert scale.is_free() and scale.audits() == ["downlink.replay"]
    scale.say(6, (LOT,))
    assert scale.is_free() and scale.downlink.readings()["downlink_refused"] == 1


def test_a_kind_that_nobody_acts_on_is_refused():
    scale = Scale().boot()
    statement = feed.Statement(scale.key.kid, feed.PRICES, 1, 1, NOW_MS + 1, [[1, "x", b"x", 1]])
    scale.hear(cose.seal(statement.encode(), cose.FEED, CLOUD))
    assert scale.audits() == ["downlink.kind"]


def test_a_hostile_sender_gets_one_record_an_hour_for_each_reason():
    scale = Scale().boot()
    for _ in range(200):
        scale.hear(b"noise")
        scale.clock.wait(1000)
    assert scale.audits() == ["cose.tag"] and scale.downlink.readings()["downlink_refused"] == 200
    scale.clock.wait(SILENT_MS)
    scale.hear(b"noise")
    assert scale.audits() == ["cose.tag", "cose.tag, 199 more before"]


def test_a_full_journal_is_not_filled_further_and_nothing_breaks():
    scale = Scale(capacity=32768).boot()
    try:
        while True:
            scale.history.audit("other", "x" * 100)
    except Unavailable:
        pass
    newest = scale.journal.next_seq
    scale.hear(b"noise")
    scale.say(5)
    assert scale.journal.next_seq == newest and scale.is_free()


def test_what_cannot_be_done_now_is_done_when_it_can():
    scale = Scale().boot()
    done, excuses = [], [Unavailable("weighing.loaded")]

    def adopt(statement):
        if excuses:
            raise excuses.pop()
        done.append(statement.serial)

    scale.downlink.on(feed.PRICES, adopt)
    for serial in (8, 9, 8):  # the first must wait
        statement = feed.Statement(scale.key.kid, feed.PRICES, serial, 1, NOW_MS + 1, [[1, "x", b"x", 1]])
        scale.hear(cose.seal(statement.encode(), cose.FEED, CLOUD))
    assert done == [9] and scale.audits() == ["downlink.replay"]
    assert scale.downlink.shelf.serial(feed.PRICES) == 9


def test_stock_refuses_an_overdraw_with_what_is_left():
    scale = Scale().boot()
    statement = feed.Statement(scale.key.kid, feed.STOCK, 3, 1, NOW_MS + 1, [[LOT, 1500]])
    scale.hear(cose.seal(statement.encode(), cose.FEED, CLOUD))
    scale.lots.require_sellable(LOT, 1500)
    scale.lots.sold(LOT, 700)
    assert code_of(scale.lots.require_sellable, LOT, 801) == "lot.overdrawn"
    scale.lots.require_sellable(LOT, 800)
    scale.lots.require_sellable(OTHER_LOT, 99999)
    assert scale.boot().lots.left_grams(LOT) == 1500


def test_power_cut_at_every_step_of_a_freeze_leaves_the_old_list_or_the_new():
    for step in range(1, 60):
        scale = Scale().boot()
        scale.say(5, (LOT,))
        scale.flash.cut_after(step)
        code_of(scale.say, 6, (OTHER_LOT,))
        was_cut = not scale.flash.is_powered
        scale.boot()
        assert scale.is_free() != scale.is_free(OTHER_LOT), step
        scale.say(6, (OTHER_LOT,))
        assert scale.is_free() and not scale.is_free(OTHER_LOT), step
        scale.check_chain()
        if not was_cut:
            return
    raise AssertionError("never ran to its end")


def test_a_seller_and_a_card_stay_stopped_through_restarts_until_they_are_missing_from_the_list():
    scale = Scale().boot()
    assert scale.stands_stopped() == [None] * 4
    scale.hear(scale.stop(5))
    assert scale.stands_stopped() == ["card.suspended", None, "card.lost", None] and scale.changes == 1
    scale.boot()
    assert scale.stands_stopped() == ["card.suspended", None, "card.lost", None]
    scale.hear(scale.stop(6))  # sealed anew: nobody else is stopped
    assert scale.changes == 0
    scale.hear(scale.stop(7, (OTHER_SELLER, SELLER), (OTHER_CARD,)))
    assert scale.stands_stopped() == ["card.suspended", "card.suspended", None, "card.lost"]
    scale.say(3)
    scale.hear(scale.stop(8, (), ()))
    scale.boot()
    assert scale.stands_stopped() == [None] * 4 and not scale.is_free()
    told = ["feed 5: 1 sellers, 1 cards", "feed 7: 2 sellers, 1 cards", "feed 8: 0 sellers, 0 cards"]
    assert scale.audits("stops_changed") == told and scale.audits() == []


def test_a_stop_list_that_is_not_sealed_for_us_now_stops_and_frees_nobody():
    scale = Scale().boot()
    old = scale.stop(4, (), ())
    scale.hear(scale.stop(5))
    hostile = (
        (scale.stop(6, (), (), key=STRANGER), "downlink.keeper"),
        (scale.stop(6, (), (), key=GATEWAY), "downlink.level"),
        (scale.stop(6, (), (), kid=p256.key_id(STRANGER.point)), "downlink.kid"),
        (scale.stop(6, (), (), expires_ms=NOW_MS - 999), "downlink.expired"),
        (scale.stop(6, (), ())[:-1] + b"\x00", "cose.signature"),
        (old, "downlink.replay"),
    )
    for sealed, code in hostile:
        scale.hear(sealed)
        assert scale.stands_stopped() == ["card.suspended", None, "card.lost", None], code
    assert scale.audits() == [code for _, code in hostile]
    assert scale.boot().downlink.shelf.serial(feed.STOPS) == 5


def test_power_cut_at_every_step_of_a_stop_list_leaves_the_old_list_or_the_new():
    old, new = ["card.suspended", None, "card.lost", None], [None, "card.suspended", None, "card.lost"]
    for step in range(1, 60):
        scale = Scale().boot()
        scale.hear(scale.stop(5))
        scale.flash.cut_after(step)
        code_of(scale.hear, scale.stop(6, (OTHER_SELLER,), (OTHER_CARD,)))
        was_cut = not scale.flash.is_powered
        scale.boot()
        assert scale.stands_stopped() in (old, new), step
        scale.hear(scale.stop(6, (OTHER_SELLER,), (OTHER_CARD,)))
        assert scale.stands_stopped() == new, step
        scale.check_chain()
        if not was_cut:
            return
    raise AssertionError("never ran to its end")


def test_a_damaged_shelf_stops_the_boot_instead_of_freeing_what_was_frozen():
    scale = Scale().boot()
    scale.say(5)
    for damage in (b"", b"\x01", cbor.encode([[1, 2]])):
        with open(ROOT + "/downlink.cbor", "wb") as stream:
            stream.write(damage)
        assert code_of(scale.boot) == "downlink.broken"


def test_a_board_of_the_year_2000_starts_at_the_floor_and_says_so():
    scale = Scale().boot()
    newest_ms = scale.history.time_ms
    scale.clock.now = YEAR_2000_MS
    scale.boot()
    assert scale.keeper.quality == "unknown"
    boot, clock = scale.check_chain()[-2:]
    assert (boot.kind, clock.kind) == (record.BOOT, record.CLOCK)
    assert newest_ms <= boot.time_ms <= clock.time_ms
    assert clock.body == {"before_ms": YEAR_2000_MS, "source": words.number(words.CLOCK_SOURCES, "floor")}
    assert newest_ms <= scale.clock.now_ms() <= newest_ms + 2000
    count = len(scale.check_chain())
    scale.history.write([(record.WEIGHING, WEIGHING)])
    assert len(scale.check_chain()) == count + 1  # time has not gone back


def test_a_clock_far_ahead_is_not_believed_either():
    scale = Scale().boot()
    scale.tell(NOW_MS + 1, scale.send())
    scale.clock.now += PATIENCE_MS + 5000
    scale.boot()
    assert scale.keeper.now_ms() < NOW_MS + 5000 and scale.keeper.quality == "unknown"


def test_a_signed_time_sets_the_clock_with_a_record_before():
    scale = Scale()
    scale.clock.now = YEAR_2000_MS
    scale.boot()
    seq = scale.send()
    scale.tell(NOW_MS + 500, seq)
    clock = scale.check_chain()[-1]
    assert clock.kind == record.CLOCK and clock.time_ms == NOW_MS and clock.body["before_ms"] < NOW_MS
    assert clock.body["source"] == words.number(words.CLOCK_SOURCES, "gateway")
    assert scale.clock.now_ms() == NOW_MS and scale.keeper.quality == "signed"
    scale.clock.now = YEAR_2000_MS
    scale.boot()
    assert scale.keeper.now_ms() >= NOW_MS  # the floor outlives the battery


def test_a_time_is_believed_only_as_the_answer_to_a_record_just_sent():
    scale = Scale().boot()
    seq = scale.journal.next_seq - 1
    scale.tell(NOW_MS + 90000, seq)
    scale.send(seq)
    scale.tell(NOW_MS + 90000, seq, bytes(32))
    scale.tell(NOW_MS + 90000, seq + 1, bytes(32))
    assert scale.audits() == ["clock.unasked"] and scale.downlink.readings()["downlink_refused"] == 3
    scale.clock.wait(31000)
    scale.tell(NOW_MS + 90000, seq)
    assert scale.audits() == ["clock.unasked", "clock.late"]
    scale.send(seq)  # the same record once more asks nothing
    scale.tell(NOW_MS + 90000, seq)
    assert scale.downlink.readings()["downlink_refused"] == 5
    assert not [one for one in scale.check_chain() if one.kind == record.CLOCK]


def test_a_time_before_the_floor_is_a_replay():
    scale = Scale().boot()
    scale.tell(NOW_MS + 1000, scale.send())
    assert scale.keeper.quality == "signed"
    scale.tell(NOW_MS - 60000, scale.journal.next_seq - 1)
    assert scale.audits() == ["clock.replay"] and scale.clock.now_ms() == NOW_MS


def test_a_mad_keeper_costs_one_clock_record_an_hour():
    scale = Scale().boot()
    for step in range(1, 20):
        scale.history.write([(record.WEIGHING, WEIGHING)])
        scale.clock.wait(31000)
        scale.tell(NOW_MS + step * 600000, scale.send())
    assert len([one for one in scale.check_chain() if one.kind == record.CLOCK]) == 1
    assert scale.keeper.quality == "drifted"
    assert scale.keeper.readings() == {"clock_quality": words.number(words.CLOCK_QUALITIES, "drifted")}


if __name__ == "__main__":
    globals()[sys.argv[1]]()
