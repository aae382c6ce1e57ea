"""A 58 mm slip printer: reads ESC/POS bytes and puts dots on paper, 384 across, as a PNG a person can look at.

It knows the commands our slips use and refuses any other, so a slip that needs more than a simple printer fails here
and not at a stall. Font A: 12 x 24 dots for ASCII, 24 x 24 for Chinese, from the Noto font of ``manimgx-fonts-cjk``.
"""

import importlib.util
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont
from tracewire.errors import Misuse, Rejected

DOTS = 384
HALF_WIDTH, HEIGHT = 12, 24
LEFT, CENTRE, RIGHT = 0, 1, 2

_ESC, _FS, _GS, _LF = 0x1B, 0x1C, 0x1D, 0x0A
_QR_MODEL, _QR_MODULE, _QR_LEVEL, _QR_STORE, _QR_PRINT = 65, 67, 69, 80, 81
_STORED = bytes((49, _QR_STORE, 48))
"""Begins the contents of a QR code, after their length in two bytes."""
_SIMPLIFIED_CHINESE_FACE = 2  # of the collection: JP, KR, SC, TC, HK
_QR_LEVELS = {48: "L", 49: "M", 50: "Q", 51: "H"}


@dataclass
class Paper:
    """What was printed: the picture, the text line by line, and each QR code with its version."""

    image: Image.Image
    lines: list[str] = field(default_factory=list)
    codes: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class _Mode:
    align: int = LEFT
    wide: int = 1
    high: int = 1


class Printer:
    """Interprets one slip; make a new one for the next."""

    def __init__(self) -> None:
        self._mode = _Mode()
        self._line: list[tuple[str, _Mode]] = []
        self._strips: list[Image.Image] = []
        self._paper = Paper(Image.new("1", (DOTS, 1), 1))
        self._qr_module = 3
        self._qr_level = "L"
        self._qr_content = b""

    def render(self, escpos: bytes) -> Paper:
        """Return the paper; Rejected "printer.command" for a command outside the subset, "printer.text" for not GBK."""
        position = 0
        while position < len(escpos):
            octet = escpos[position]
            if octet == _ESC:
                position += self._escape(escpos[position : position + 3])
            elif octet == _FS and escpos[position + 1 : position + 2] == b"&":
                position += 2  # Chinese mode, in which this printer always is
            elif octet == _GS:
                position += self._group(escpos, position)
            elif octet == _LF:
                self._end_line()
                position += 1
            else:
                position += self._character(escpos[position : position + 2])
        self._paper.image = _stack(self._strips)
        return self._paper

    def _escape(self, command: bytes) -> int:
        if command[1:2] == b"@":
            self._mode = _Mode()
            return 2
        if command[1:2] == b"a" and command[2] in (LEFT, CENTRE, RIGHT):
            self._mode = _Mode(command[2], self._mode.wide, self._mode.high)
            return 3
        if command[1:2] == b"d":
            self._strips.append(Image.new("1", (DOTS, HEIGHT * command[2]), 1))
            return 3
        raise Rejected("printer.command", command.hex())

    def _group(self, escpos: bytes, position: int) -> int:
        command = escpos[position + 1 : position + 2]
        if command == b"!":
            size = escpos[position + 2]
            self._mode = _Mode(self._mode.align, (size >> 4) + 1, (size & 0x0F) + 1)
            return 3
        if command == b"(" and escpos[position + 2 : position + 3] == b"k":
            size = int.from_bytes(escpos[position + 3 : position + 5], "little")
            self._qr_function(escpos[position + 5 : position + 5 + size])
            return 5 + size
        raise Rejected("printer.command", escpos[position : position + 3].hex())

    def _qr_function(self, parameters: bytes) -> None:
        function = parameters[1]
        if parameters[0] != 49:
            raise Rejected("printer.command", parameters.hex())
        if function == _QR_MODULE:
            self._qr_module = parameters[2]
        elif function == _QR_LEVEL:
            self._qr_level = _QR_LEVELS[parameters[2]]
        elif function == _QR_STORE:
            self._qr_content = parameters[3:]
        elif function == _QR_PRINT:
            self._print_code()
        elif function != _QR_MODEL:
            raise Rejected("printer.command", parameters.hex())

    def _print_code(self) -> None:
        code = segno.make_qr(self._qr_content, error=self._qr_level, boost_error=False, mode="byte")
        matrix = [list(row) for row in code.matrix_iter(scale=self._qr_module, border=4)]
        size = len(matrix)
        if size > DOTS:
            raise Rejected("printer.too_wide", f"a QR of {size} dots")
        picture = Image.new("1", (size, size))
        picture.putdata([0 if dark else 1 for row in matrix for dark in row])
        strip = Image.new("1", (DOTS, size), 1)
        strip.paste(picture, (_offset(self._mode.align, size), 0))
        self._strips.append(strip)
        self._paper.codes.append((self._qr_content.decode(), int(code.version)))

    def _character(self, octets: bytes) -> int:
        size = 1 if octets[0] < 0x80 else 2
        try:
            self._line.append((octets[:size].decode("gbk"), self._mode))
        except UnicodeDecodeError:
            raise Rejected("printer.text", octets.hex()) from None
        return size

    def _end_line(self) -> None:
        if not self._line:
            return
        width = sum(_width(character, mode) for character, mode in self._line)
        if width > DOTS:
            raise Rejected("printer.too_wide", "".join(character for character, _ in self._line))
        high = max(mode.high for _, mode in self._line)
        strip = Image.new("1", (DOTS, HEIGHT * high + 6), 1)
        left = _offset(self._line[0][1].align, width)
        for character, mode in self._line:
            strip.paste(_glyph(character, mode.wide, mode.high), (left, HEIGHT * (high - mode.high)))
            left += _width(character, mode)
        self._strips.append(strip)
        self._paper.lines.append("".join(character for character, _ in self._line))
        self._line = []


def address(escpos: bytes) -> str:
    """Return what the first QR code of a slip says, without drawing it: for somebody with thousands of slips."""
    at = escpos.index(_STORED)
    size = int.from_bytes(escpos[at - 2 : at], "little")
    return escpos[at + len(_STORED) : at + size].decode()


def save_png(escpos: bytes, path: Path) -> Paper:
    """Print a slip and save its picture."""
    paper = Printer().render(escpos)
    paper.image.save(path)
    return paper


def _width(character: str, mode: _Mode) -> int:
    return (HALF_WIDTH if character.isascii() else HEIGHT) * mode.wide


def _offset(align: int, width: int) -> int:
    return {LEFT: 0, CENTRE: (DOTS - width) // 2, RIGHT: DOTS - width}[align]


def _stack(strips: list[Image.Image]) -> Image.Image:
    paper = Image.new("1", (DOTS, max(1, sum(strip.height for strip in strips))), 1)
    top = 0
    for strip in strips:
        paper.paste(strip, (0, top))
        top += strip.height
    return paper


@cache
def _glyph(character: str, wide: int, high: int) -> Image.Image:
    """Draw one character in its cell, then enlarge the dots as a thermal head does."""
    width = HALF_WIDTH if character.isascii() else HEIGHT
    cell = Image.new("1", (width, HEIGHT), 1)
    ImageDraw.Draw(cell).text((width / 2, 20), character, font=_font(), fill=0, anchor="ms")
    return cell.resize((width * wide, HEIGHT * high), Image.Resampling.NEAREST)


@cache
def _font() -> ImageFont.FreeTypeFont:
    package = importlib.util.find_spec("manimgx_fonts_cjk")
    if package is None or package.origin is None:
        raise Misuse("printer.font", "manimgx-fonts-cjk is not installed")
    collection = next(Path(package.origin).parent.glob("*CJK*.ttc"))
    font = ImageFont.truetype(collection, 22, index=_SIMPLIFIED_CHINESE_FACE)
    font.set_variation_by_name("Medium")
    return font
