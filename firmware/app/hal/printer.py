"""58 mm ESC/POS printer on a UART, with its paper sensor."""

import pins
from machine import UART

_STATUS = b"\x10\x04\x04"  # DLE EOT 4: paper sensor
_FAULT = b"\x10\x04\x03"  # DLE EOT 3: mechanical and cutter faults
_PAPER_OUT_BITS = 0x60
_FAULT_BITS = 0x2C
_ANSWER_MS = 50


class Printer:
    """Takes a whole slip into its own buffer; the UART sends it while the firmware goes on."""

    def __init__(self) -> None:
        number, tx, rx = pins.PRINTER_UART
        self._line = UART(number, 115200, tx=tx, rx=rx, txbuf=2048, timeout=_ANSWER_MS)

    def print(self, escpos: bytes) -> None:
        """Put one slip on paper."""
        self._line.write(escpos)

    def status(self) -> str:
        """Return "ok", "paper_out" or "jam"; a printer that does not answer is "jam"."""
        paper, fault = self._ask(_STATUS), self._ask(_FAULT)
        if paper is None or fault is None or fault & _FAULT_BITS:
            return "jam"
        return "paper_out" if paper & _PAPER_OUT_BITS else "ok"

    def _ask(self, question: bytes) -> "int | None":
        self._line.read()  # forget late answers
        self._line.write(question)
        answer = self._line.read(1)
        return answer[0] if answer else None
