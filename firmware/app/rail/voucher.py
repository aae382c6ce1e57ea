"""The voucher 上市凭证: ESC/POS bytes for a 58 mm printer, one copy for the goods and one for the ledger.

Its fields are those of the Xiamen norm, art. 13.1: product, quantity, origin, date, numbers of the quarantine and of
the quality certificate, seller and buyer. Names and addresses of people are not on it: the buyer's code is, and the
page behind the QR code shows the rest to whom it may concern.
"""

from device import escpos, local_time
from scale.price import kilograms

from rail import voucher_labels as labels
from rail.lots import PRODUCT_QUARANTINE, QUALITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config
    from tracewire.record import Record

    from rail.lots import Lot

COPIES = (labels.COPY_OF_GOODS, labels.COPY_OF_LEDGER)
"""随货联 and 存根联."""


def compose(settings: "Config", lot: "Lot", moved: "Record", copy: bytes) -> bytes:
    """Return the printer bytes of one copy of the voucher for the movement ``moved``, which is in the journal."""
    number, grams = moved.body["outputs"][0]
    carcasses = moved.body["inputs"]
    return b"".join(
        (
            escpos.title(labels.TITLE),
            escpos.CENTRE + copy + b"\n" + escpos.LEFT,
            labels.NUMBER + b"\n" + escpos.in_groups(number).encode() + b"\n",
            labels.SELLER + settings.stall_gbk + b"\n",
            labels.BUYER + moved.body["to_party"].encode() + b"\n",
            labels.PRODUCT + lot.product_gbk + b"\n",
            labels.ORIGIN + lot.origin_gbk + b"\n",
            labels.TIME + local_time.write(moved.time_ms).encode() + b"\n",
            _certificates(labels.QUARANTINE, lot.numbers(PRODUCT_QUARANTINE)),
            _certificates(labels.QUALITY, lot.numbers(QUALITY)),
            escpos.RULE,
            b"".join([escpos.line(code[-7:].encode(), kilograms(mass)) for code, mass in carcasses]),
            escpos.RULE,
            escpos.line(labels.COUNT, str(len(carcasses))),
            escpos.line(labels.MASS, kilograms(grams)),
            escpos.CENTRE + escpos.qr(settings.trace_prefix.encode() + number.encode()),
            labels.SCAN + b"\n" + escpos.FEED_TO_TEAR,
        )
    )


def _certificates(label: bytes, numbers: "list[bytes]") -> bytes:
    return label + b"\n" + b"".join([number + b"\n" for number in numbers])
