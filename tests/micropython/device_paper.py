"""What a printer without paper owes, on littlefs: in order, at most so many, and through the power cut at every step.

Run one test: ``micropython device_paper.py test_name``; tests/firmware/test_paper.py runs them all.
"""

import os
import sys

from device import paper
from device.paper import Paper
from scale.screens import Screen
from tracewire.errors import Unavailable

import device_flash
from device_history import Board


class Printer:
    """A printer's wire: what came out of it, what it says of itself, and how many sheets of paper it has."""

    def __init__(self):
        self.state = "ok"
        self.printed = []
        self.sheets = 1000

    def status(self):
        return self.state if self.sheets else "paper_out"

    def print(self, escpos):
        self.printed.append(escpos)
        self.sheets -= 1


class Glass:
    """A display and its lamps."""

    def show(self, lines):
        self.lines = list(lines)


def powered(board, printer):
    """Switch the board on; returns its paper and what its screen shows."""
    glass = Glass()
    return Paper(printer, Screen(glass, glass), board.boot(), device_flash.ROOT), glass


def slip(number):
    return b"slip %d\n" % number * 60


def test_what_is_owed_is_printed_in_order_six_at_a_time_also_after_a_power_cut():
    board, printer = Board(), Printer()
    papers, glass = powered(board, printer)
    printer.state = "paper_out"
    papers.issue([slip(1), slip(2)])
    papers.issue([slip(99)], lambda: slip(3))
    for number in range(4, 9):
        papers.issue([slip(number)])
    assert "缺纸" in glass.lines[2] and printer.printed == []
    papers, glass = powered(board, printer)
    assert papers.readings() == {"printer": "paper_out", "slips_owed": 8}
    assert papers.print_owed() and printer.printed == [] and "缺纸" in glass.lines[2]
    printer.state = "ok"
    assert papers.print_owed() and "已补打 6 张，还有 2 张" in glass.lines[2]
    assert papers.print_owed() and not papers.print_owed()
    assert printer.printed == [slip(number) for number in range(1, 9)]
    assert not powered(board, printer)[0].owed


def test_what_is_issued_together_is_one_file_and_goes_on_where_the_printer_stopped():
    board, printer = Board(), Printer()
    papers, glass = powered(board, printer)
    printer.sheets = 1
    papers.issue([slip(number) for number in range(1, 9)])
    assert printer.printed == [slip(1)] and papers.readings()["slips_owed"] == 7
    assert len(os.listdir(device_flash.ROOT + "/paper")) == 1
    papers, glass = powered(board, printer)
    printer.sheets = 2
    assert papers.print_owed() and "缺纸" in glass.lines[2]
    assert papers.readings()["slips_owed"] == 5
    printer.sheets = 100
    papers.issue([slip(9)])
    assert papers.print_owed() and "已补打 5 张，还有 0 张" in glass.lines[2]
    assert printer.printed == [slip(number) for number in (1, 2, 3, 9, 4, 5, 6, 7, 8)]
    assert not papers.print_owed() and os.listdir(device_flash.ROOT + "/paper") == []


def test_six_sheets_of_a_long_file_come_with_one_key():
    board, printer = Board(), Printer()
    papers, glass = powered(board, printer)
    printer.sheets = 0
    papers.issue([slip(number) for number in range(8)])
    printer.sheets = 100
    assert papers.print_owed() and "已补打 6 张，还有 2 张" in glass.lines[2]
    assert papers.print_owed() and printer.printed == [slip(number) for number in range(8)]


def test_what_an_older_release_owes_is_printed_as_it_is():
    board, printer = Board(), Printer()
    powered(board, printer)
    os.mkdir(device_flash.ROOT + "/paper")
    for number in (4, 5):
        with open(device_flash.ROOT + "/paper/%08d" % number, "wb") as file:
            file.write(b"\x1b@ slip %d" % number)
    papers, _ = powered(board, printer)
    assert papers.readings()["slips_owed"] == 2 and papers.print_owed()
    assert printer.printed == [b"\x1b@ slip 4", b"\x1b@ slip 5"] and not papers.print_owed()


def test_all_that_is_asked_for_happens_on_a_flash_that_fails_and_what_came_before_a_refusal_is_kept():
    board, printer = Board(), Printer()
    papers, _ = powered(board, printer)
    printer.sheets = 0
    done = []

    def vouchers(fails_at):
        for number in range(4):
            if number == fails_at:
                raise Unavailable("journal.full")
            done.append(number)
            yield slip(number)

    try:
        papers.issue(vouchers(2))
        raise AssertionError
    except Unavailable as refusal:
        assert refusal.code == "journal.full"
    assert done == [0, 1] and papers.readings()["slips_owed"] == 2
    board.flash.is_read_only = True
    papers.issue(vouchers(9))
    assert done == [0, 1, 0, 1, 2, 3] and papers.readings()["slips_owed"] == 2
    board.flash.is_read_only = False
    papers, _ = powered(board, printer)
    printer.sheets = 100
    assert papers.print_owed() and printer.printed == [slip(0), slip(1)]


def test_a_fault_that_lasts_is_one_record_and_the_oldest_of_too_many_is_given_up():
    board, printer = Board(), Printer()
    papers, _ = powered(board, printer)
    printer.state = "jam"
    for number in range(paper.MOST + 3):
        papers.issue([slip(number)])
    papers, _ = powered(board, printer)
    assert len(papers.owed) == paper.MOST
    printer.state = "ok"
    while papers.print_owed():
        pass
    assert printer.printed == [slip(number) for number in range(3, paper.MOST + 3)]
    details = [one.body["detail"] for one in board.check_chain() if one.kind == 14]
    assert details == ["jam"]


def test_what_the_screen_said_is_owed_through_the_power_cut_at_every_step():
    step = 0
    while True:
        step += 1
        board, printer = Board(), Printer()
        papers, _ = powered(board, printer)
        printer.state = "paper_out"
        board.flash.cut_after(step)
        done = 0
        for number in range(3):
            papers.issue([slip(number)])
            if not board.flash.is_powered:
                break
            done += 1
        was_powered = board.flash.is_powered
        papers, _ = powered(board, printer)
        printer.state = "ok"
        while papers.print_owed():
            pass
        assert printer.printed[:done] == [slip(number) for number in range(done)], (step, done)
        assert len(printer.printed) <= 3
        if was_powered:
            break
    assert step > 6, step


def test_a_flash_that_fails_is_said():
    board, printer = Board(), Printer()
    papers, glass = powered(board, printer)
    printer.state = "paper_out"
    board.flash.cut_after(1)
    papers.issue([slip(1)])
    assert "小票未留存" in glass.lines[2]
    assert papers.owed == []


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
