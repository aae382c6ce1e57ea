"""The voucher 上市凭证 of a wholesale deal: ESC/POS bytes for a 58 mm printer, one copy for the goods, one to keep.

Its QR code carries the sealed record itself, as a slip's does: whoever has the registry can check the signature. What
the card cannot hold (origin, certificate numbers: Xiamen norm art. 13.1) is on the page behind the code.

What a buyer gets printed again by tapping the card alone is read from the journal, which keeps its newest segments
when the cloud has them too: a second copy of what was just written there would cost an eighth of a block erase a deal.
"""

from device import escpos, local_time
from scale.price import kilograms
from tracewire import cose, record

from terminal import voucher_labels as labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config
    from device.journal import Journal
    from tracewire.record import Record

COPIES = (labels.COPY_OF_GOODS, labels.COPY_TO_KEEP)
"""随货联 and 存根联."""

SPARE_SEGMENTS = 4
"""16 KiB of journal: some thirty deals."""

_LOOKED_AT = 96  # records, newest first, among which a voucher is looked for


def compose(settings: "Config", goods_gbk: bytes, moved: "Record", sealed: bytes, copy: bytes) -> bytes:
    """Return the printer bytes of one copy of a voucher whose record is in the journal."""
    body = moved.body
    source, grams = body["inputs"][0]
    how = labels.WEIGHED if "weighing_back" in body else labels.SHARED
    return b"".join(
        (
            escpos.title(labels.TITLE),
            escpos.CENTRE + copy + b"\n" + escpos.LEFT,
            labels.NUMBER + b"\n" + escpos.in_groups(body["voucher"]).encode() + b"\n",
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
            escpos.CENTRE + escpos.qr(escpos.address(settings.trace_prefix, body["voucher"], sealed)),
            labels.SCAN + b"\n" + escpos.FEED_TO_TEAR,
        )
    )


def last(journal: "Journal", most: int, party: "str | None" = None) -> "list[tuple[Record, bytes]]":
    """Return up to ``most`` movements and their sealed bytes, newest first: those of ``party``, or all."""
    found, newest = [], journal.next_seq - 1
    for seq in range(newest, max(journal.oldest_seq - 1, newest - _LOOKED_AT), -1):
        sealed = journal.read(seq)
        moved = sealed and record.decode(cose.parse(sealed).payload)
        if not moved or moved.kind != record.MOVEMENT:
            continue
        if party in (None, moved.body["to_party"], moved.body["from_party"]):
            found.append((moved, sealed))
            if len(found) == most:
                break
    return found
