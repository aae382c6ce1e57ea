"""Downloads on MicroPython's own littlefs: power cuts at every step, forgeries, wrong bytes, a full flash.

Run one test: ``micropython device_download.py test_name``; tests/firmware/test_update.py runs them all.
"""

import os
import sys
from hashlib import sha256

from tracewire import cbor, cose, manifest
from tracewire.errors import Misuse, Rejected, Unavailable
from update import confirm, loader, slots
from update.download import Download

import device_flash
from device_board import (
    ALICE,
    BOARD,
    BOB,
    DAY_MS,
    LARGE,
    LARGE_BUNDLE,
    MALLORY,
    NEW,
    NEW_BUNDLE,
    NOW_MS,
    OLD,
    OLDER,
    ROLLBACK,
    ROOT,
    UPDATE,
    Trail,
    fresh_board,
    holds,
    install,
    not_busy,
    place,
    refusal,
    release,
    restarted,
    signed,
    silent,
    start,
)


def test_a_release_is_downloaded_tried_and_confirmed():
    flash = fresh_board()
    trail = Trail()
    assert install(trail=trail) == sorted(NEW)
    assert not confirm.is_on_trial(ROOT) and not confirm.confirm(
        ROOT, trail.tell
    )  # the old program still runs: it cannot speak for the new one
    assert restarted(flash) == "b" and holds("b", NEW)
    assert refusal(install) == "update.unconfirmed"
    assert confirm.report(ROOT, trail.tell) == 2 and confirm.report(ROOT, trail.tell) == 0
    assert confirm.is_on_trial(ROOT)
    assert confirm.confirm(ROOT, trail.tell) and not confirm.confirm(ROOT, trail.tell)
    for words in (("1.0.0", "anew"), ("begins", "1.1.0"), ("1.1.0", "on trial from"), ("on trial in b",), ("is good",)):
        assert trail.has(UPDATE, *words), words
    for _ in range(5):
        assert restarted(flash) == "b"
    assert refusal(install) == "update.installed"


def test_a_power_cut_at_any_step_starts_a_whole_signed_release():
    flash = fresh_board()
    place("b", OLDER, signed(release(OLDER, "0.9.0")))  # what the spare slot still holds must not run again either
    image = bytes(flash.memory)
    started = {"old": 0, "new": 0}
    step = 0
    while True:
        step += 1
        flash.memory[:] = image
        flash.power_on()
        device_flash.mounted(flash)
        flash.cut_after(step)
        update_until_the_cut()
        if flash.is_powered:
            break
        started[check_after_cut(flash, step)] += 1
    assert started["old"] > 100 and started["new"] >= 3, started


def update_until_the_cut():
    """Download, restart, report, confirm: everything that an update writes."""
    try:
        install(LARGE, LARGE_BUNDLE)
        start()
        confirm.report(ROOT, silent)
        confirm.confirm(ROOT, silent)
    except (Unavailable, Rejected, Misuse, OSError):
        pass


def check_after_cut(flash, step):
    """Whatever was cut: a whole release starts, and the update then comes to its end."""
    slot = restarted(flash)
    assert holds(slot, OLD if slot == "a" else LARGE), (step, slot)
    if slot == "a":
        install(LARGE, LARGE_BUNDLE)
        assert restarted(flash) == "b", step
    confirm.report(ROOT, silent)
    confirm.confirm(ROOT, silent)
    state = slots.load(ROOT)
    assert (state.active, state.candidate, state.floor, state.notes) == ("b", "", 2, []), step
    assert restarted(flash) == "b" and holds("b", LARGE), step
    return "old" if slot == "a" else "new"


def test_each_defect_has_a_name_is_told_and_changes_nothing():
    flash = fresh_board(files=OLD, bundle=signed(release(OLD, "1.0.0", 5)))
    before = sha256(flash.memory).digest()
    good = release(NEW, "1.1.0", 5)
    other = release(NEW, "1.1.1", 5)
    twisted = cbor.encode(
        [cose.seal(good.encode(), cose.FIRMWARE, ALICE), cose.seal(other.encode(), cose.FIRMWARE, BOB)]
    )
    wrong_purpose = cbor.encode([cose.seal(good.encode(), cose.RECORD, key) for key in (ALICE, BOB)])
    defects = (
        ("manifest.security_version", signed(release(NEW, "0.9.0", 4))),
        ("manifest.model", signed(release(NEW, "1.1.0", 5, model="terminal"))),
        ("manifest.hardware", signed(release(NEW, "1.1.0", 5, hardware=(3, 9)))),
        ("manifest.hardware", signed(release(NEW, "1.1.0", 5, hardware=(0, 1)))),
        ("manifest.loader", signed(release(NEW, "1.1.0", 5, loader=loader.VERSION + 1))),
        ("manifest.expired", signed(release(NEW, "1.1.0", 5, expires_ms=NOW_MS - 1))),
        ("manifest.not_yet", signed(release(NEW, "1.1.0", 5, issued_ms=NOW_MS + 2 * DAY_MS))),
        ("manifest.signatures", signed(good, ALICE)),
        ("manifest.signatures", cbor.encode([])),
        ("manifest.same_key", signed(good, ALICE, ALICE)),
        ("manifest.foreign_key", signed(good, ALICE, MALLORY)),
        ("manifest.foreign_key", signed(good, ALICE, BOB, MALLORY)),
        ("manifest.differs", twisted),
        ("cose.signature", wrong_purpose),
        ("cbor.truncated", signed(good)[:-1]),
        ("cbor.trailing", signed(good) + b"\x00"),
        ("manifest.bundle", cbor.encode({1: 2})),
        ("manifest.size", bytes(manifest.MAX_BUNDLE_BYTES + 1)),
    )
    for code, bundle in defects:
        trail = Trail()
        assert refusal(install, bundle=bundle, trail=trail) == code, code
        event = ROLLBACK if code == "manifest.security_version" else UPDATE
        assert len(trail.told) == 1 and trail.has(event, "refused", code), (code, trail.told)
    assert sha256(flash.memory).digest() == before
    assert restarted(flash) == "a"


def test_paths_that_lead_astray_are_refused_even_when_two_people_signed_them():
    fresh_board()
    tricks = (
        ("manifest.path", ["../a/scale/main.mpy"]),
        ("manifest.path", ["/a/scale/main.mpy"]),
        ("manifest.path", ["scale//main.mpy"]),
        ("manifest.path", ["scale/./main.mpy"]),
        ("manifest.path", ["scale\\main.mpy"]),
        ("manifest.path", ["scale/main.mpy/"]),
        ("manifest.path", ["a/b/c/d/e"]),
        ("manifest.path", ["scale", "scale/main.mpy"]),
        ("manifest.field", ["x" * 65]),
        ("manifest.field", [""]),
        ("manifest.field", ["scale/\x00"]),
        ("manifest.duplicate", ["x", "x"]),
        ("manifest.order", ["y", "x"]),
    )
    for code, paths in tricks:
        wire = cbor.decode(release(NEW).encode())
        wire[8] = [[path, 10, bytes(32)] for path in paths]
        wire[9] = 10 * len(paths)
        assert refusal(install, bundle=signed(cbor.encode(wire))) == code, (code, paths)


def test_while_a_sale_is_open_nothing_moves_and_nothing_is_lost():
    flash = fresh_board()
    trail, sale = Trail(), [True]
    download = Download(ROOT, BOARD, lambda: sale[0], trail.tell)
    assert refusal(download.begin, NEW_BUNDLE, NOW_MS) == "update.busy"
    assert trail.has(UPDATE, "refused", "update.busy")
    sale[0] = False
    download.begin(NEW_BUNDLE, NOW_MS)
    while download.wanted:
        content = NEW[download.wanted]
        download.write(content[:100])
        before = sha256(flash.memory).digest()
        sale[0] = True
        assert refusal(download.write, content[100:]) == "update.busy"
        assert sha256(flash.memory).digest() == before
        sale[0] = False
        download.write(content[100:])
    sale[0] = True
    assert refusal(download.finish) == "update.busy" and restarted(flash) == "a"
    sale[0] = False
    download.finish()
    assert restarted(flash) == "b"


def test_wrong_bytes_are_refused_and_right_ones_still_welcome():
    flash = fresh_board()
    trail = Trail()
    download = Download(ROOT, BOARD, not_busy, trail.tell)
    download.begin(NEW_BUNDLE, NOW_MS)
    path = download.wanted
    assert refusal(download.write, bytes(len(NEW[path]))) == "update.digest" and trail.has(
        UPDATE, "update.digest", path
    )
    assert refusal(download.write, bytes(len(NEW[path]) + 1)) == "update.overrun"
    assert download.wanted == path and refusal(download.finish) == "update.incomplete"
    assert trail.has(UPDATE, "update.incomplete")
    assert restarted(flash) == "a"
    install()
    assert restarted(flash) == "b" and holds("b", NEW)


def test_an_interrupted_download_fetches_only_what_it_lacks():
    flash = fresh_board()
    download = Download(ROOT, BOARD, not_busy, silent)
    download.begin(NEW_BUNDLE, NOW_MS)
    download.write(NEW["device/journal.mpy"])
    download.write(NEW["scale/extra/more.mpy"][:100])
    assert restarted(flash) == "a"
    assert install() == ["scale/extra/more.mpy", "scale/main.mpy", "table.bin"]
    assert restarted(flash) == "b" and confirm.confirm(ROOT, silent)
    third = dict(OLD)
    third["table.bin"] = b"another table"
    assert install(third, signed(release(third, "1.2.0", 2))) == ["table.bin"]  # slot a still had the rest
    assert restarted(flash) == "a" and holds("a", third)


def test_a_long_file_goes_on_after_what_a_power_cut_left_of_it():
    flash = fresh_board()
    long = dict(NEW)
    long["table.bin"] = bytes(range(250)) * 400
    bundle = signed(release(long, "1.3.0"))
    download = Download(ROOT, BOARD, not_busy, silent)
    download.begin(bundle, NOW_MS)
    while download.wanted != "table.bin":
        download.write(long[download.wanted])
    download.write(long["table.bin"][:40000])
    download.write(long["table.bin"][40000:50000])
    assert restarted(flash) == "a"
    again = Download(ROOT, BOARD, not_busy, silent)
    again.begin(bundle, NOW_MS)
    assert (again.wanted, again.offset, again.missing_bytes) == ("table.bin", 40000, 60000)
    assert install(long, bundle) == ["table.bin"]
    assert restarted(flash) == "b" and holds("b", long)


def test_what_is_left_of_another_release_is_not_taken_for_a_beginning():
    flash = fresh_board()
    short = dict(NEW)
    short["table.bin"] = b"short"
    place("b", short, signed(release(short, "0.9.0")))
    assert "table.bin" in install()
    assert restarted(flash) == "b" and holds("b", NEW)


def test_a_release_that_does_not_fit_is_refused_before_the_spare_slot_is_touched():
    flash = fresh_board(blocks=40)
    trail = Trail()
    big = {"big.bin": bytes(40 * 4096)}
    before = sha256(flash.memory).digest()
    assert refusal(install, big, signed(release(big, "2.0.0")), trail) == "update.too_big"
    assert trail.has(UPDATE, "refused", "update.too_big")
    assert refusal(install, reserve_bytes=20 * 4096) == "update.too_big"  # that room is the journal's
    assert sha256(flash.memory).digest() == before
    install()
    assert restarted(flash) == "b"


def test_a_release_that_just_fits_by_our_sum_fits_on_the_flash():
    for blocks in range(26, 60, 3):
        flash = fresh_board(blocks)
        for size in range(60000, 200000, 4088):
            big = {"big.bin": bytes(size), "x/small.bin": b"x"}
            if refusal(install, big, signed(release(big, "2.0.%d" % size))):
                break
            assert restarted(flash) == "b" and holds("b", big), (blocks, size)
            slots.write(ROOT + "/" + slots.STATE_FILE, b"")  # begin anew with the old release
            os.remove(slots.bundle_path(ROOT, "b"))
            assert restarted(flash) == "a"
        code = refusal(install, big, signed(release(big, "3")))
        assert code == "update.too_big", (blocks, size, code)


def test_nothing_changes_that_cannot_be_recorded():
    flash = fresh_board()
    trail = Trail()
    trail.is_full = True
    before = sha256(flash.memory).digest()
    assert refusal(install, trail=trail) == "journal.full" and sha256(flash.memory).digest() == before
    install()
    assert restarted(flash) == "b"
    assert refusal(confirm.confirm, ROOT, trail.tell) == "journal.full" and slots.load(ROOT).candidate == "b"
    assert refusal(confirm.report, ROOT, trail.tell) == "journal.full"
    assert confirm.report(ROOT, Trail().tell) == 2


if __name__ == "__main__":
    globals()[sys.argv[1]]()
