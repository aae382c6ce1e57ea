"""The printer puts dots where a real one would, and refuses what a simple one does not know."""

import pytest
from tracewire.errors import Rejected

from simulators.printer import DOTS, Printer, address


def test_text_becomes_lines_of_black_dots_on_paper_384_wide() -> None:
    paper = Printer().render(b"\x1b@" + "称重 1.5kg\n".encode("gbk"))
    assert paper.lines == ["称重 1.5kg"]
    assert paper.image.width == DOTS
    assert paper.image.histogram()[0] > 100


def test_large_text_takes_twice_the_dots_each_way() -> None:
    plain = Printer().render("秤\n".encode("gbk")).image
    large = Printer().render(b"\x1d!\x11" + "秤\n".encode("gbk")).image
    assert large.height > plain.height
    assert large.histogram()[0] == 4 * plain.histogram()[0]


def test_centred_text_is_in_the_middle() -> None:
    box = (
        Printer().render(b"\x1ba\x01" + "秤\n".encode("gbk")).image.convert("L").point(lambda dot: 255 - dot).getbbox()
    )
    assert box is not None
    assert DOTS // 2 - 12 <= box[0] < box[2] <= DOTS // 2 + 12


def test_the_address_of_a_slip_is_read_without_drawing_it() -> None:
    stored = b"1P0http://trace.example/t/1#AAAA"
    slip = b"\x1b@A\n\x1d(k" + len(stored).to_bytes(2, "little") + stored + b"\x1d(k\x03\x001Q0"
    assert address(slip) == Printer().render(slip).codes[0][0] == "http://trace.example/t/1#AAAA"


@pytest.mark.parametrize(
    ("escpos", "code"),
    [
        (b"\x1bp\x00\x19\x19", "printer.command"),  # open the cash drawer
        (b"\x1dV\x00", "printer.command"),  # cut
        (b"\x81\x20", "printer.text"),
        (b"0123456789" * 4 + b"\n", "printer.too_wide"),
    ],
)
def test_what_a_simple_printer_does_not_know_is_refused(escpos: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        Printer().render(escpos)
    assert refused.value.code == code
