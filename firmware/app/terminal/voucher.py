"""The voucher 上市凭证 of a wholesale deal: ESC/POS bytes for a 58 mm printer, one copy for the goods, one to keep.

Its QR code carries the sealed record itself, as a slip's does: whoever has the registry can check the signature. What
the card cannot hold (origin, certificate numbers: Xiamen norm art. 13.1) is on the page behind the code.
"""

from device import escpos, local_time
from scale.price import kilograms

from terminal import voucher_labels as labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config

    from terminal.voucher_book import Voucher

COPIES = (labels.COPY_OF_GOODS, labels.COPY_TO_KEEP)
"""随货联 and 存根联."""


def compose(settings: "Config", goods_gbk: bytes, voucher: "Voucher", copy: bytes) -> bytes:
    """Return the printer bytes of one copy of a voucher whose record is in the journal."""
    moved = voucher.moved
    body = moved.body
    source, grams = body["inputs"][0]
    how = labels.WEIGHED if "weighing_back" in body else labels.SHARED
    return b"".join(
        (
            escpos.title(labels.TITLE),
            escpos.CENTRE + copy + b"\n" + escpos.LEFT,
            labels.NUMBER + b"\n" + escpos.in_groups(voucher.number).encode() + b"\n",
            labels.MARKET + settings.stall_gbk + b"\n",
            labels.SELLER + body["from_party"].encode() + b"\n",
            labels.BUYER + body["to_party"].encode() + b"\n",
            labels.PRODUCT + goods_gbk + b"\n",
            labels.SOURCE + b"\n" + escpos.in_groups(source).encode() + b"\n",
            labels.TIME + local_time.write(moved.time_ms).encode() + b"\n",
            escpos.RULE,
            escpos.line(how, kilograms(grams)),
            escpos.RULE,
            labels.DEVICE + settings.name.encode() + b"\n",
            labels.SEQ + str(moved.seq).encode() + b"\n",
            escpos.CENTRE + escpos.qr(escpos.address(settings.trace_prefix, voucher.number, voucher.sealed)),
            labels.SCAN + b"\n" + escpos.FEED_TO_TEAR,
        )
    )
