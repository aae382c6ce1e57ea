"""History, keys, configuration and watchdog on the real interpreter and its littlefs, with the real signer.

Run one test: ``micropython device_history.py test_name``; tests/firmware/test_history.py runs them all.
"""

import sys

from device import config, journal
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.mark import Mark
from device.watchdog import Watchdog
from hal import entropy
from tracewire import cbor, chain, cose, p256, record
from tracewire.errors import Misuse, Unavailable

import device_flash

PATH = device_flash.ROOT + "/journal"
BOOT = {"software": "test", "security_version": 1, "cause": 1, "model": "test"}
WEIGHING = {"gross_grams": 510, "tare_grams": 10, "tare_mode": 1, "net_grams": 500, "e_grams": 5}
SECRET = bytes(range(1, 33))


def sale(weighing_back=1):
    return {
        "net_grams": 500,
        "tare_grams": 10,
        "price_fen_per_kg": 3000,
        "amount_fen": 1500,
        "plu": 1,
        "lot": "35020000100010000001",
        "weighing_back": weighing_back,
    }


class Clock:
    def __init__(self, now):
        self.now = now

    def now_ms(self):
        return self.now


class Board:
    """A flash with a key and a journal; ``boot`` is what happens at power-on."""

    def __init__(self, capacity=64 * 1024, secret=SECRET):
        self.flash = device_flash.CuttingFlash(64)
        self.nvram = device_flash.Nvram()
        self.capacity = capacity
        self.clock = Clock(1_700_000_000_000)
        device_flash.mounted(self.flash, create=True)
        journal.create(PATH)
        with open(device_flash.ROOT + "/record.key", "wb") as stream:
            stream.write(secret)

    def boot(self):
        self.flash.power_on()
        return self.started()

    def started(self):
        device_flash.mounted(self.flash)
        self.key = KeyStore(device_flash.ROOT, entropy.read)
        self.journal = Journal(PATH, self.capacity)
        history = History(self.journal, self.key, self.clock, BOOT, Mark(self.nvram, self.key.kid))
        history.start()
        return history

    def check_chain(self):
        """Open every record with the public key and follow the chain; returns the records."""
        key = p256.VerifyingKey(self.key.point)
        head, records = chain.GENESIS, []
        for seq in range(1, self.journal.next_seq):
            sealed = self.journal.read(seq)
            statement = record.decode(cose.open(sealed, cose.RECORD, key).payload)
            head = chain.check(head, statement, sealed)
            records.append(statement)
        return records


def code_of(call, *arguments):
    try:
        call(*arguments)
    except (Misuse, Unavailable) as error:
        return error.code
    return None


def test_records_chain_and_totals_advance_over_reboots():
    board = Board()
    for _ in range(3):
        history = board.boot()
        seq = history.next_seq
        written = history.write([(record.WEIGHING, WEIGHING), (record.SALE, sale())])
        assert [statement.seq for statement, _ in written] == [seq, seq + 1]
        assert board.journal.read(seq + 1) == written[1][1]
        board.clock.now += 1000
    records = board.check_chain()
    assert [statement.boot for statement in records] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert records[-1].totals == (3, 1500, 4500)


def test_a_clock_that_goes_back_is_recorded_first():
    board = Board()
    history = board.boot()
    board.clock.now -= 5000
    seq = history.next_seq
    written = history.write([(record.WEIGHING, WEIGHING), (record.SALE, sale())])
    assert written[0][0].seq == seq == 3
    kinds = [statement.kind for statement in board.check_chain()]
    assert kinds == [record.BOOT, record.CLOCK, record.WEIGHING, record.SALE]
    board.clock.now -= 5000
    history.write([(record.WEIGHING, WEIGHING)])
    assert [statement.kind for statement in board.check_chain()][4:] == [record.CLOCK, record.WEIGHING]


def test_a_promised_number_is_kept_when_the_clock_goes_back_meanwhile():
    board = Board()
    history = board.boot()
    seq = history.next_seq
    board.clock.now -= 5000
    written = history.write([(record.WEIGHING, WEIGHING), (record.SALE, sale())])
    assert written[0][0].seq == seq
    history.write([(record.WEIGHING, WEIGHING)])
    kinds = [statement.kind for statement in board.check_chain()]
    assert kinds == [record.BOOT, record.WEIGHING, record.SALE, record.CLOCK, record.WEIGHING]


def test_a_failed_write_changes_nothing():
    board = Board()
    history = board.boot()
    before = (history.head, history.totals)
    board.flash.cut_after(1)
    assert code_of(history.write, [(record.SALE, sale())]) == "journal.flash"
    assert (history.head, history.totals) == before
    board.flash.power_on()
    history = board.boot()
    history.write([(record.SALE, sale())])
    assert board.check_chain()[-1].totals[0] == 1


def test_a_body_that_the_table_refuses_is_our_own_mistake():
    board = Board()
    history = board.boot()
    assert code_of(history.write, [(record.WEIGHING, {"net_grams": -1})]) == "record.missing"
    assert code_of(history.write, [(record.SALE, dict(sale(), net_grams=0))]) == "record.field"
    assert board.journal.next_seq == 2


def test_nothing_is_written_before_the_boot_record():
    board = Board()
    board.boot()
    history = History(board.journal, board.key, board.clock, BOOT, Mark(board.nvram, board.key.kid))
    assert code_of(history.write, [(record.WEIGHING, WEIGHING)]) == "history.not_started"


def test_a_changed_key_carries_the_chain_on():
    board = Board()
    board.boot()
    board.check_chain()
    with open(device_flash.ROOT + "/record.key", "wb") as stream:
        stream.write(bytes(reversed(SECRET)))
    first = board.journal.read(1)
    history = board.boot()
    newest = record.decode(cose.open(board.journal.last(), cose.RECORD, p256.VerifyingKey(board.key.point)).payload)
    assert (newest.seq, newest.prev, newest.boot) == (2, chain.digest(first), 2)
    assert history.head.seq == 2


def test_a_journal_whose_newest_record_is_no_record_is_not_carried_on():
    board = Board()
    board.boot()
    board.journal.append([bytes(100)])
    assert code_of(board.boot) == "history.foreign"


def test_damage_found_at_boot_is_put_on_record():
    board = Board()
    history = board.boot()
    for _ in range(30):
        history.write([(record.WEIGHING, WEIGHING)])
    with open(PATH + "/00000001", "rb") as stream:
        content = bytearray(stream.read())
    content[200] ^= 1
    with open(PATH + "/00000001", "wb") as stream:
        stream.write(content)
    board.boot()
    newest = record.decode(cose.parse(board.journal.last()).payload)
    assert newest.kind == record.AUDIT and newest.body["detail"].startswith("1 "), newest.body


def test_a_full_journal_refuses_sales_and_still_takes_audits():
    board = Board(capacity=16 * 1024)
    history = board.boot()
    while code_of(history.write, [(record.WEIGHING, WEIGHING)]) is None:
        pass
    assert code_of(history.write, [(record.WEIGHING, WEIGHING)]) == "journal.full"
    history.audit("journal_nearly_full", "test")
    assert board.check_chain()[-1].kind == record.AUDIT


def test_the_key_is_never_shown_and_never_guessed():
    board = Board()
    board.boot()
    assert SECRET not in [getattr(board.key, name) for name in dir(board.key) if not name.startswith("__")]
    with open(device_flash.ROOT + "/record.key", "wb") as stream:
        stream.write(SECRET[:31])
    assert code_of(KeyStore, device_flash.ROOT, entropy.read) == "keystore.broken"
    assert code_of(KeyStore, device_flash.ROOT + "/nowhere", entropy.read) == "keystore.absent"


def sound_config():
    point = p256.SigningKey(SECRET).point
    return {
        1: "scale-0001",
        2: "127.0.0.1",
        3: 8883,
        4: "gateway-0001",
        5: "3502000010007",
        6: "stall",
        7: b"stall",
        8: "http://127.0.0.1:8000/t/",
        9: [[1, point], [2, point]],
        10: 15000,
        11: 40,
        12: 5,
        13: [84000, 420000],
        14: 600 * 1024,
    }


def load_of(content):
    with open(device_flash.ROOT + "/config.cbor", "wb") as stream:
        stream.write(content)
    return config.load(device_flash.ROOT)


def test_a_configuration_is_read_whole_or_not_at_all():
    Board()
    assert code_of(config.load, device_flash.ROOT) == "config.absent"
    settings = load_of(cbor.encode(sound_config()))
    assert settings.name == "scale-0001" and settings.gateway_port == 8883 and settings.keepers[1][0] == 2
    assert code_of(load_of, cbor.encode(sound_config())[:-1]) == "config.broken"
    assert code_of(load_of, cbor.encode([1])) == "config.broken"
    broken = (
        (1, "No Name", "config.name"),
        (3, 0, "config.gateway_port"),
        (3, True, "config.gateway_port"),
        (5, "350200001000", "config.code_base"),
        (9, [], "config.keepers"),
        (9, [[3, bytes(65)]], "config.keepers"),
        (11, 20000, "config.min_grams"),
        (13, [1, 0], "config.calibration"),
        (14, 1, "config.journal_bytes"),
        (15, [[6000]], "config.steps"),
        (16, "guess", "config.weight_source"),
    )
    for key, value, code in broken:
        values = sound_config()
        values[key] = value
        assert code_of(load_of, cbor.encode(values)) == code, code
    for key in sound_config():
        values = sound_config()
        del values[key]
        assert code_of(load_of, cbor.encode(values)) is not None
    values = sound_config()
    values[23] = 1
    assert code_of(load_of, cbor.encode(values)) == "config.unknown"


def test_the_watchdog_starves_when_one_loop_is_silent():
    ticks = [0]
    guard = Watchdog(lambda: None, lambda: ticks[0], {"weighing": 5000, "publishing": 60000})
    ticks[0] = 4000
    assert guard.stalled() == []
    guard.progress("weighing")
    ticks[0] = 9500
    assert guard.stalled() == ["weighing"]
    guard.progress("weighing")
    assert guard.stalled() == []
    ticks[0] = 70000
    assert sorted(guard.stalled()) == ["publishing", "weighing"]
    assert code_of(guard.progress, "singing") == "watchdog.name"


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
