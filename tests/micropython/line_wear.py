"""What a carcass costs the flash of a line: its records, the register, and vouchers that wait for paper.

``micropython -X heapsize=8M line_wear.py`` prints a line with paper and one without. Each lot is handed over when 70
of its carcasses hang; without paper its vouchers are printed when the next lot begins.
"""

import gc

from device.paper import Paper
from rail.register import GONE, HANGING, Register
from scale.screens import Screen
from tracewire import record

import device_flash
from device_history import WEIGHING, Board
from device_paper import Glass, Printer

LOTS, CARCASSES = 12, 70
ON_A_VOUCHER = 32
HEAD_BYTES, ROW_BYTES = 490, 33  # of a voucher: what is the same on all, and the line of a carcass
LOT, BUYER, CODE_BASE = "35020000200010000003", "3502000010007", "3502000020001"


class Line:
    """A line that is switched on once."""

    def __init__(self):
        self.board, self.printer, glass = Board(), Printer(), Glass()
        self.history = self.board.boot()
        self.register = Register(device_flash.ROOT)
        self.papers = Paper(self.printer, Screen(glass, glass), self.history, device_flash.ROOT)

    def weigh(self):
        """Record a carcass; the cloud has it soon after."""
        number = self.history.totals[0] + 1
        code, tag = record.code_of(CODE_BASE, number), "1350821%08d" % number
        body = {"carcass": code, "lot": LOT, "hot_grams": 91000, "side": 0, "weighing_back": 1, "ear_tag": tag}
        self.history.write([(record.WEIGHING, WEIGHING), (record.CARCASS, body)])
        self.register.add(tag, number, 91000, 1)
        head = self.history.head
        self.board.journal.release(1, head.seq, head.digest)

    def vouchers(self):
        """Hand over what hangs, and yield two copies of each voucher."""
        hanging = self.register.find(HANGING, ON_A_VOUCHER)
        while hanging:
            number = record.code_of(CODE_BASE, self.history.totals[0] + 1)
            body = {
                "movement": 1,
                "inputs": [(record.code_of(CODE_BASE, one.number), one.grams) for one in hanging],
                "outputs": [(number, sum([one.grams for one in hanging]))],
                "to_party": BUYER,
                "voucher": number,
            }
            self.history.write([(record.MOVEMENT, body)])
            self.register.change(hanging, GONE)
            for _ in range(2):
                yield bytes(HEAD_BYTES + ROW_BYTES * len(hanging))
            hanging = self.register.find(HANGING, ON_A_VOUCHER)


def measure(has_paper):
    """Return erases for each record."""
    line = Line()
    line.board.flash.erases, before = 0, line.history.head.seq
    for _ in range(LOTS):
        for _ in range(CARCASSES):
            line.weigh()
        line.printer.state = "ok" if has_paper else "paper_out"
        line.papers.issue(line.vouchers())
        line.printer.state = "ok"
        while line.papers.print_owed():
            pass
    return line.board.flash.erases / (line.history.head.seq - before)


def main():
    for has_paper in (True, False):
        device_flash.unmount()
        gc.collect()
        print("%s paper: %.3f erases per record" % ("with" if has_paper else "without", measure(has_paper)))


if __name__ == "__main__":
    main()
    device_flash.unmount()
