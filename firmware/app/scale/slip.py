"""The slip 零售追溯凭证: ESC/POS bytes for a 58 mm printer, with a code that carries the sealed record itself.

Chinese is GBK: fixed words from ``slip_labels``, names as GBK from enrolment. The QR holds the trace address and, after
``#``, the sealed record: a phone can check the signature, and because browsers send no fragment, no server sees which
record was looked at.
"""

from device import escpos, local_time
from tracewire import record as records

from scale import slip_labels as labels
from scale.price import kilograms, yuan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scale.plu import Plu


class Letterhead:
    """What every slip of this scale says: stall name in GBK, device name, address of the trace page, code base."""

    def __init__(self, stall_gbk: bytes, device: str, trace_prefix: str, code_base: str) -> None:
        self.stall_gbk = stall_gbk
        self.device = device
        self.trace_prefix = trace_prefix
        self.code_base = code_base


def compose(
    head: Letterhead,
    goods: "Plu",
    sale: "records.Record",
    sealed: bytes,
    is_preset: bool = False,
    is_again: bool = False,
) -> bytes:
    """Return the printer bytes of the slip for ``sale``, whose sealed bytes are already in the journal.

    ``is_preset``: its tare was keyed in, which a slip marks PT (R 76-1, 4.7.3). ``is_again``: it comes after the sale,
    when there was paper again; same record, same code.
    """
    code = records.code_of(head.code_base, sale.totals[0])
    return b"".join(
        (
            escpos.title(labels.TITLE),
            escpos.CENTRE + labels.AGAIN + b"\n" + escpos.LEFT if is_again else b"",
            labels.STALL + head.stall_gbk + b"\n",
            labels.GOODS + goods.name_gbk + b"\n",
            escpos.RULE,
            _amounts(sale.body, is_preset),
            escpos.RULE,
            labels.TIME + local_time.write(sale.time_ms).encode() + b"\n",
            labels.CODE + b"\n" + escpos.in_groups(code).encode() + b"\n",
            labels.DEVICE + head.device.encode() + b"\n",
            labels.SEQ + str(sale.seq).encode() + b"\n",
            escpos.CENTRE + escpos.qr(escpos.address(head.trace_prefix, code, sealed)),
            labels.SCAN + b"\n" + escpos.FEED_TO_TEAR,
        )
    )


def _amounts(sale: "dict[str, int]", is_preset: bool) -> bytes:
    lines = [escpos.line(labels.NET, kilograms(sale["net_grams"]))]
    if sale["tare_grams"]:
        label = labels.PRESET if is_preset else labels.TARE
        lines.append(escpos.line(label, kilograms(sale["tare_grams"])))
    lines.append(escpos.line(labels.PRICE, yuan(sale["price_fen_per_kg"])))
    amount = escpos.line(labels.AMOUNT, yuan(sale["amount_fen"]), escpos.COLUMNS // 2)
    lines.append(escpos.LARGE + amount + escpos.PLAIN)
    return b"".join(lines)
