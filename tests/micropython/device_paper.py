"""What a printer without paper owes, on littlefs: in order, at most so many, and through the power cut at every step.

Run one test: ``micropython device_paper.py test_name``; tests/firmware/test_paper.py runs them all.
"""

import sys

from device import paper
from device.paper import Paper
from scale.screens import Screen

import device_flash
from device_history import Board


class Printer:
    """A printer's wire: what came out of it, and what it says of itself."""

    def __init__(self):
        self.state = "ok"
        self.printed = []

    def status(self):
        return self.state

    def print(self, escpos):
        self.printed.append(escpos)


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
