"""The loader on MicroPython's own littlefs: trials that fail, damaged slots, a lost state, old releases.

Run one test: ``micropython device_loader.py test_name``; tests/firmware/test_update.py runs them all.
"""

import os
import sys

from tracewire import cbor
from tracewire.errors import Misuse, Unavailable
from update import confirm, loader, slots
from update.download import Download

import device_flash
from device_board import (
    BOARD,
    NEW,
    NEW_BUNDLE,
    NOW_MS,
    OLD,
    OLD_BUNDLE,
    ROLLBACK,
    ROOT,
    UPDATE,
    Trail,
    fresh_board,
    holds,
    install,
    not_busy,
    refusal,
    release,
    restarted,
    signed,
    silent,
    start,
)


def test_a_power_cut_at_any_step_of_a_failing_trial_starts_a_whole_signed_release():
    flash = fresh_board()
    install()
    image = bytes(flash.memory)
    for step in range(1, 200):
        flash.memory[:] = image
        flash.power_on()
        device_flash.mounted(flash)
        flash.cut_after(step)
        try:
            for _ in range(4):
                last = start()
        except (Unavailable, Misuse, OSError):
            pass
        if flash.is_powered:
            assert last == "a" and step > 4
            return
        slot = restarted(flash)
        assert holds(slot, OLD if slot == "a" else NEW), step
        for _ in range(4):
            slot = restarted(flash)
        assert slot == "a", step
    raise AssertionError("a trial has fewer than 200 steps")


def test_three_starts_without_a_confirmation_bring_the_old_release_back():
    flash = fresh_board()
    install()
    assert [restarted(flash) for _ in range(5)] == ["b", "b", "b", "a", "a"]
    trail = Trail()
    confirm.report(ROOT, trail.tell)
    assert trail.has(UPDATE, "1.1.0 in b failed")
    assert refusal(install, trail=trail) == "update.failed_before"
    assert trail.has(UPDATE, "refused", "update.failed_before")
    again = signed(release(NEW, "1.1.0", 2, issued_ms=NOW_MS + 1))  # people looked into it and signed once more
    assert install(bundle=again) == []
    assert restarted(flash) == "b"


def test_a_flipped_bit_anywhere_in_a_slot_is_noticed_at_the_next_start():
    flash = fresh_board()
    install()
    image = bytes(flash.memory)
    places = [slots.bundle_path(ROOT, "b")] + [slots.folder(ROOT, "b") + "/" + path for path in NEW]
    for path in places:
        content = slots.read(path)
        for bit in range(0, 8 * len(content), 8 * len(content) // 9 + 1):
            flash.memory[:] = image
            device_flash.mounted(flash)
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            slots.write(path, changed)
            assert restarted(flash) == "a", (path, bit)
            trail = Trail()
            confirm.report(ROOT, trail.tell)
            assert trail.has(UPDATE, "slot b refused"), trail.told


def test_a_file_that_nobody_signed_stops_a_slot():
    for stranger in ("os.py", "scale/os.py", "new/folder.py"):
        flash = fresh_board()
        install()
        path = slots.folder(ROOT, "b") + "/" + stranger
        if stranger.startswith("new"):
            os.mkdir(slots.folder(ROOT, "b") + "/new")
        slots.write(path, b"print(1)")
        assert restarted(flash) == "a", stranger
        assert install() == []  # the stranger goes, what is right stays
        assert restarted(flash) == "b" and holds("b", NEW)


def test_a_missing_or_truncated_file_stops_a_slot():
    for change in (
        os.remove,
        lambda path: slots.write(path, slots.read(path)[:-1]),
        lambda path: slots.write(path, b""),
    ):
        flash = fresh_board()
        install()
        change(slots.folder(ROOT, "b") + "/device/journal.mpy")
        assert restarted(flash) == "a"
        assert install() == ["device/journal.mpy"]
        assert restarted(flash) == "b"


def test_a_security_version_once_confirmed_is_the_floor():
    flash = fresh_board()
    install()
    restarted(flash)
    assert confirm.confirm(ROOT, silent)
    assert holds("a", OLD)  # whole, signed, and too old now
    slots.write(slots.folder(ROOT, "b") + "/table.bin", b"damaged")
    assert refusal(restarted, flash) == "loader.no_slot"
    trail = Trail()
    assert refusal(install, OLD, OLD_BUNDLE, trail) == "manifest.security_version"
    assert trail.has(ROLLBACK, "1 is below 2")


def test_a_damaged_active_slot_gives_way_to_a_whole_one_that_is_not_too_old():
    flash = fresh_board()
    equal = signed(release(NEW, "1.1.0", 1))
    install(bundle=equal)
    restarted(flash)
    confirm.confirm(ROOT, silent)
    slots.write(slots.folder(ROOT, "b") + "/table.bin", b"damaged")
    assert restarted(flash) == "a" and slots.load(ROOT).active == "a"
    trail = Trail()
    confirm.report(ROOT, trail.tell)
    assert trail.has(UPDATE, "slot b refused", "slot.file") and trail.has(UPDATE, "takes over")
    assert install(bundle=equal) == ["table.bin"]
    assert restarted(flash) == "b"


def test_a_lost_state_begins_anew_with_the_newest_release_and_says_so():
    for content in (None, b"", b"\xff" * 20, cbor.encode({1: 1}), cbor.encode({n: 1 for n in range(1, 9)})):
        flash = fresh_board()
        install()
        restarted(flash)
        confirm.confirm(ROOT, silent)
        path = ROOT + "/" + slots.STATE_FILE
        if content is None:
            os.remove(path)
        else:
            slots.write(path, content)
        assert restarted(flash) == "b", content
        state = slots.load(ROOT)
        assert (state.active, state.floor) == ("b", 2)
        trail = Trail()
        confirm.report(ROOT, trail.tell)
        assert trail.has(UPDATE, "began anew")


def test_a_name_that_nobody_can_print_is_told_in_plain_words():
    flash = fresh_board()
    install()
    slots.write(slots.folder(ROOT, "b") + "/\x07秤" + "x" * 150, b"?")
    assert restarted(flash) == "a"
    trail = Trail()
    confirm.report(ROOT, trail.tell)
    assert trail.has(UPDATE, "slot.stranger: ??xxx")


class WornFlash(device_flash.CuttingFlash):
    """Flash that has taken its last write."""

    is_worn = False

    def writeblocks(self, block, buffer, offset=0):
        return -5 if self.is_worn else device_flash.CuttingFlash.writeblocks(self, block, buffer, offset)

    def erase(self, block):
        return -5 if self.is_worn else device_flash.CuttingFlash.erase(self, block)


def test_on_worn_out_flash_the_good_release_starts_and_no_trial_begins():
    flash = fresh_board(flash=WornFlash(96))
    install()
    flash.is_worn = True
    said = []
    device_flash.mounted(flash)
    assert loader.choose(ROOT, BOARD, said.append) == "a"
    assert any(["not kept" in line for line in said]), said
    flash.is_worn = False
    assert restarted(flash) == "b"


def test_a_board_with_nothing_whole_starts_nothing_and_says_why():
    said = []
    flash = device_flash.CuttingFlash(32)
    device_flash.mounted(flash, create=True)
    assert refusal(loader.choose, ROOT, BOARD, said.append) == "loader.no_slot"
    assert len(said) == 2 and "slot.empty" in said[0]
    assert refusal(Download(ROOT, BOARD, not_busy, silent).begin, NEW_BUNDLE, NOW_MS) == "update.no_loader"
    assert confirm.report(ROOT, silent) == 0 and not confirm.confirm(ROOT, silent)


def test_an_expired_release_that_is_installed_goes_on_starting():
    old = release(OLD, "1.0.0", issued_ms=1, expires_ms=2)
    assert restarted(fresh_board(bundle=signed(old))) == "a"


if __name__ == "__main__":
    globals()[sys.argv[1]]()
