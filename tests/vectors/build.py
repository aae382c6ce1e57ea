"""Write the golden vectors and the field tables of SPEC.md; with ``--check`` only tell whether they are up to date.

    python tests/vectors/build.py            write
    python tests/vectors/build.py --check    exit 1 when a file would change

Every vector is made from the format's own code, then frozen: a change in the code that moves one byte shows up here, on
CPython and on MicroPython alike. Every refused vector is named for its defect.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from tracewire import cbor, chain, cose, feed, p256, receipt, record
from tracewire.fields import Digits, Number, Octets, Rows, Text, Word

HERE = Path(__file__).parent
SPEC = HERE.parents[1] / "firmware/lib/tracewire/SPEC.md"
KEY = p256.SigningKey(hashlib.sha256(b"chengxin golden vectors").digest())
TIME_MS = 1_790_000_000_000
LOT = "35020000100070000012"

BODIES: dict[int, dict[str, Any]] = {
    record.BOOT: {"software": "0.1.0", "security_version": 1, "cause": 1, "model": "CX-15", "e_grams": 5},
    record.CLOCK: {"before_ms": TIME_MS - 5000, "source": 2},
    record.WEIGHING: {"gross_grams": 824, "tare_grams": 12, "tare_mode": 1, "net_grams": 812, "e_grams": 2},
    record.SALE: {
        "net_grams": 812, "tare_grams": 12, "price_fen_per_kg": 3280, "amount_fen": 2663,
        "plu": 3, "lot": LOT, "weighing_back": 1,
    },
    record.CARCASS: {"carcass": LOT, "lot": LOT, "hot_grams": 91_200, "side": 0, "ear_tag": "135020012345678"},
    record.LOT: {"lot": LOT, "source": 2, "goods": "生猪", "place": "长汀县河田镇绿源养殖场", "division": "350821"},
    record.MOVEMENT: {"movement": 1, "inputs": ((LOT, 91_200),), "outputs": ((LOT, 91_000),), "waste_grams": 200},
    record.SESSION: {"action": 1, "seller": "3502000011234", "stall": "12号", "lots": ((3, LOT),)},
    record.VISIT: {"visit": 1, "subject": "3502000011234", "latitude_microdegrees": 24_479_836, "fix_quality": 1},
    record.TEST: {"lot": LOT, "sample": "S-2026-0001", "item": "克伦特罗", "method": 1, "result": 1},
    record.DOCUMENT: {"lot": LOT, "document": 2, "number": "3508210012345678"},
    record.DECISION: {"decision": 3, "lot": LOT, "reason": "抽检不合格", "account": bytes(range(32))},
    record.HEALTH: {"uptime_s": 900, "journal_pending": 2, "journal_permille": 12, "zero_drift_grams": -1},
    record.AUDIT: {"event": 1, "event_counter": 7, "detail": "机壳打开"},
    record.REWEIGH: {
        "instrument": "scale-0001", "reference_grams": 1000, "indicated_grams": 1005, "e_grams": 5,
        "added_milligrams": 1500, "tolerance_milligrams": 5000, "result": 2, "visit_back": 1,
    },
    record.ASSET: {
        "device": "scale-0001", "entered_ms": TIME_MS, "holder": "林阿水", "place": "A12", "since_ms": TIME_MS - 5000,
        "verified_until_ms": TIME_MS + 31_536_000_000, "account": bytes(range(32)),
    },
    record.TICKET: {
        "ticket": "00112233445566778899aabbccddeeff", "step": 1, "state": 0, "device": "scale-0001",
        "entered_ms": TIME_MS, "note": "打印机不出纸", "account": bytes(range(32)),
        "rule": "paper-out", "severity": 1, "site": "第八市场", "division": "350203",
    },
    record.LABELLING: {
        "division": "350821", "year": "26", "first": 481, "count": 20, "entered_ms": TIME_MS, "lot": LOT,
        "device": "farm-0001", "site": "第八市场", "account": bytes(range(32)),
    },
}  # fmt: skip
FEEDS: dict[int, Any] = {
    feed.PRICES: ((1, "五花肉", "五花肉".encode("gbk"), 3680),),
    feed.STOCK: ((LOT, 12_500),),
    feed.FREEZE: ((LOT,),),
    feed.CLOCK: ((TIME_MS, 5, bytes(range(32))),),
    feed.FIRMWARE: ((bytes(range(32)), 3, "/firmware/cx-s15/0.2.0"),),
    feed.STOPS: ((feed.seller_name("3502000011234"), feed.card_name(bytes.fromhex("04a1b2c3d4e5f6"))),),
}

LOG = (1_234_567, bytes(range(32)))
"""Size and root of a log, as a cloud's receipt names them."""


def sealed_vectors() -> list[dict[str, Any]]:
    """One device's history with a record of every kind, in order, a receipt for it, a statement of every kind to it."""
    vectors = []
    head, totals = chain.GENESIS, (0, 0, 0)
    for kind, body in BODIES.items():
        totals = record.advance(totals, kind, body)
        payload = record.Record(kind, body, head.seq + 1, head.digest, TIME_MS + head.seq, totals, 1).encode()
        sealed = cose.seal(payload, cose.RECORD, KEY)
        head = chain.Head(head.seq + 1, chain.digest(sealed))
        vectors.append({"name": record.KINDS[kind], "purpose": "record", "payload": payload, "sealed": sealed})
    payload = receipt.Receipt(receipt.CLOUD, KEY.kid, 1, head.seq, head.digest, TIME_MS).encode()
    sealed = cose.seal(payload, cose.RECEIPT, KEY)
    vectors.append({"name": "receipt", "purpose": "receipt", "payload": payload, "sealed": sealed})
    in_log = receipt.Receipt(receipt.CLOUD, KEY.kid, 1, head.seq, head.digest, TIME_MS, log=LOG).encode()
    sealed = cose.seal(in_log, cose.RECEIPT, KEY)
    vectors.append({"name": "receipt_in_log", "purpose": "receipt", "payload": in_log, "sealed": sealed})
    for kind, rows in FEEDS.items():
        payload = feed.Statement(KEY.kid, kind, 7, TIME_MS, TIME_MS + 1, rows).encode()
        sealed = cose.seal(payload, cose.FEED, KEY)
        vectors.append({"name": feed.KINDS[kind], "purpose": "feed", "payload": payload, "sealed": sealed})
    return vectors


REFUSED_CBOR = [
    ("trailing_byte", b"\x01\x00", "cbor.trailing"),
    ("truncated_string", b"\x44\x01", "cbor.truncated"),
    ("longer_form_of_23", b"\x18\x17", "cbor.shortest"),
    ("keys_out_of_order", b"\xa2\x02\x00\x01\x00", "cbor.order"),
    ("repeated_key", b"\xa2\x01\x00\x01\x00", "cbor.order"),
    ("indefinite_array", b"\x9f\xff", "cbor.indefinite"),
    ("tag", b"\xc0\x00", "cbor.tag"),
    ("float", b"\xf9\x3c\x00", "cbor.type"),
    ("text_not_utf8", b"\x61\xff", "cbor.text"),
    ("text_overlong", b"\x62\xc1\x81", "cbor.text"),
    ("text_overlong_zero", b"\x62\xc0\x80", "cbor.text"),
    ("text_beyond_unicode", b"\x64\xf7\xbf\xbf\xbf", "cbor.text"),
    ("text_cut_in_a_character", b"\x61\xe6", "cbor.text"),
    ("text_surrogate", b"\x63\xed\xa0\x80", "cbor.text"),
    ("too_deep", b"\x81" * 12 + b"\x00", "cbor.depth"),
]
"""Defects of the encoding itself: name, bytes, code."""


def refused_vectors(sale: bytes) -> list[dict[str, Any]]:
    """Byte strings named for their defect, with the layer that must refuse them and the code."""
    s = int.from_bytes(sale[-32:], "big")
    payload = cose.parse(sale).payload
    in_log = receipt.Receipt(receipt.CLOUD, KEY.kid, 1, 1, chain.digest(sale), TIME_MS, log=LOG).encode()
    texts = {
        "cbor": REFUSED_CBOR,
        "cose": [
            ("no_tag", sale[1:], "cose.tag"),
            ("algorithm_esp256", sale.replace(b"\x43\xa1\x01\x26", b"\x43\xa1\x01\x28", 1), "cose.protected"),
            ("empty_protected_header", b"\xd2\x84\x41\xa0" + sale[6:], "cose.protected"),
            ("kid_flipped", sale[:9] + bytes((sale[9] ^ 1,)) + sale[10:], "cose.kid"),
            ("payload_flipped", sale[:40] + bytes((sale[40] ^ 1,)) + sale[41:], "cose.signature"),
            ("high_s", sale[:-32] + (p256.ORDER - s).to_bytes(32, "big"), "cose.high_s"),
            ("zero_signature", sale[:-64] + bytes(64), "cose.signature"),
            ("trailing_byte", sale + b"\x00", "cose.trailing"),
            ("truncated", sale[:-1], "cose.truncated"),
            ("sealed_for_another_purpose", cose.seal(payload, cose.ENVELOPE, KEY), "cose.signature"),
        ],
        "record": [
            ("not_a_map", b"\x80", "record.header"),
            ("version_2", _changed(payload, {1: 2}), "record.version"),
            ("seq_0", _changed(payload, {2: 0}), "record.header"),
            ("zero_prev_after_seq_1", _changed(payload, {3: bytes(32)}), "record.prev"),
            ("unknown_kind", _changed(payload, {5: 23}), "record.kind"),
            ("kind_array", _changed(payload, {5: []}), "record.kind"),
            ("body_without_net", _changed(payload, {6: {1: 0}}), "record.field"),
            ("totals_of_two", _changed(payload, {7: [1, 2]}), "record.totals"),
            ("extra_key", _changed(payload, {9: 1}), "record.header"),
        ],
        "feed": _refused_statements(payload),
        "receipt": [
            ("record_payload", payload, "receipt.field"),
            ("number", b"\x01", "receipt.field"),
            ("short_root", _changed(in_log, {10: bytes(31)}), "receipt.field"),
            ("gateway_with_a_log", _changed(in_log, {2: receipt.GATEWAY}), "receipt.field"),
            ("extra_key", _changed(in_log, {11: 0}), "receipt.field"),
        ],
    }
    return [
        {"name": name, "layer": layer, "bytes": data, "code": code}
        for layer, rows in texts.items()
        for name, data, code in rows
    ]


def _refused_statements(payload: bytes) -> list[tuple[str, bytes, str]]:
    statement = feed.Statement(KEY.kid, feed.FREEZE, 7, TIME_MS, TIME_MS + 1, FEEDS[feed.FREEZE]).encode()
    return [
        ("record_payload", payload, "feed.field"),
        ("version_2", _changed(statement, {1: 2}), "feed.version"),
        ("kind_7", _changed(statement, {3: 7}), "feed.field"),
        ("serial_0", _changed(statement, {4: 0}), "feed.field"),
        ("expired_when_issued", _changed(statement, {6: TIME_MS}), "feed.field"),
        ("lot_with_a_letter", _changed(statement, {7: [[b"\xab\xcd\xef\x12"]]}), "feed.body"),
        ("too_many_lots", _changed(statement, {7: [[b"\x12\x34\x56\x78"]] * 65}), "feed.body"),
        ("no_prices", _changed(statement, {3: feed.PRICES, 7: []}), "feed.body"),
        ("no_stops", _changed(statement, {3: feed.STOPS, 7: []}), "feed.body"),
        ("half_a_seller", _changed(statement, {3: feed.STOPS, 7: [[b"\x35\x02", b""]]}), "feed.body"),
        ("too_many_cards", _changed(statement, {3: feed.STOPS, 7: [[b"", bytes(8 * 201)]]}), "feed.body"),
    ]


def _changed(payload: bytes, change: dict[int, Any]) -> bytes:
    entries = cbor.decode(payload)
    assert isinstance(entries, dict)
    return cbor.encode({**entries, **change})


def describe(field_type: Any) -> str:
    """A field type in the words of SPEC.md."""
    if isinstance(field_type, Word):
        return "word: " + ", ".join(field_type.words)
    if isinstance(field_type, Number):
        return f"integer {field_type.least} to {field_type.most}"
    if isinstance(field_type, Octets):
        return f"{field_type.length} bytes"
    if isinstance(field_type, Digits):
        return f"{field_type.least} to {field_type.most} digits"
    if isinstance(field_type, Text):
        return f"text, at most {field_type.most} bytes"
    assert isinstance(field_type, Rows)
    return f"1 to {field_type.most} rows of [" + "; ".join(map(describe, field_type.columns)) + "]"


def field_tables() -> str:
    """The tables of clause 4 as Markdown."""
    lines = []
    for kind, rows in record.FIELDS.items():
        lines += [f"**{kind} {record.KINDS[kind]}**", "", "| key | field | value | |", "|---|---|---|---|"]
        for key, name, field_type, required in rows:
            lines.append(f"| {key} | `{name}` | {describe(field_type)} | {'required' if required else ''} |")
        lines.append("")
    return "\n".join(lines)


def spec_with_tables(spec: str) -> str:
    """SPEC.md with the tables between its two markers replaced."""
    before, _, rest = spec.partition("<!-- fields: written by tests/vectors/build.py -->\n")
    _, _, after = rest.partition("<!-- /fields -->")
    return f"{before}<!-- fields: written by tests/vectors/build.py -->\n\n{field_tables()}\n<!-- /fields -->{after}"


def as_json(content: dict[str, Any]) -> str:
    """Stable JSON with bytes as hexadecimal."""
    return json.dumps(content, indent=1, ensure_ascii=False, default=lambda value: value.hex()) + "\n"


def outputs() -> dict[Path, str]:
    """Every generated file and its content."""
    sealed = sealed_vectors()
    sale = next(vector["sealed"] for vector in sealed if vector["name"] == "sale")
    return {
        HERE / "sealed.json": as_json({"point": KEY.point, "sealed": sealed}),
        HERE / "refused.json": as_json({"point": KEY.point, "refused": refused_vectors(sale)}),
        SPEC: spec_with_tables(SPEC.read_text(encoding="utf-8")),
    }


def main(check: bool) -> int:
    """Write or check; return the exit status."""
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"out of date: {path.name} (run python tests/vectors/build.py)")
        else:
            path.write_text(outputs()[path], encoding="utf-8")
            print(f"written: {path.name}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
