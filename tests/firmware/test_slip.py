"""The slip: what is on it, that its Chinese is what the comments say, and that the QR can be read from paper."""

import base64
import re
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from device import escpos, local_time
from hypothesis import given
from hypothesis import strategies as st
from scale import slip, slip_labels
from scale.plu import Plu
from tracewire import cose, p256, record

from simulators.printer import Paper, Printer, save_png
from tests.interpreters import ROOT

KEY = p256.SigningKey(b"\x07" * 32)
HEAD = slip.Letterhead("三号摊".encode("gbk"), "scale-0001", "http://127.0.0.1:8000/t/", "3502000010007")
GOODS = Plu(1, "后腿肉", "后腿肉".encode("gbk"), 3280)
CODE = "35020000100070000012"
LONGEST_RECORD = 200
LARGEST_QR_VERSION = 15


def sale(tare_grams: int = 0) -> record.Record:
    body = {
        "net_grams": 520,
        "tare_grams": tare_grams,
        "price_fen_per_kg": 3280,
        "amount_fen": 1706,
        "plu": 1,
        "lot": "35020000200010000003",
        "weighing_back": 1,
    }
    time_ms = int(datetime(2026, 9, 20, 0, 31, 5, tzinfo=UTC).timestamp() * 1000)
    return record.Record(record.SALE, body, 123, b"\x05" * 32, time_ms, (12, 9000, 30000), 3)


def sealed(of: record.Record) -> bytes:
    return cose.seal(of.encode(), cose.RECORD, KEY)


def print_slip(of: record.Record) -> Paper:
    return Printer().render(slip.compose(HEAD, GOODS, of, sealed(of)))


def test_the_slip_says_what_was_sold_by_whom_and_when() -> None:
    lines = print_slip(sale()).lines
    assert lines[0] == "零售追溯凭证"
    for text in ("三号摊", "后腿肉", "2026-09-20 08:31:05", "scale-0001", "记录号：123"):
        assert any(text in line for line in lines), text
    amounts = {line.split()[0]: line.split()[1] for line in lines if len(line.split()) == 2}
    assert amounts["净重(kg)"] == "0.520"
    assert amounts["单价(元/kg)"] == "32.80"
    assert amounts["金额(元)"] == "17.06"


def test_the_code_is_the_base_and_the_sale_count_in_groups_of_four() -> None:
    assert "3502 0000 1000 7000 0012" in print_slip(sale()).lines


def test_a_container_is_on_the_slip_and_no_container_is_not() -> None:
    assert any("皮重(kg)" in line and "0.050" in line for line in print_slip(sale(50)).lines)
    assert not any("皮重" in line for line in print_slip(sale()).lines)


def test_the_qr_carries_the_trace_address_and_the_sealed_record() -> None:
    content, _ = print_slip(sale()).codes[0]
    address, _, fragment = content.partition("#")
    assert address == HEAD.trace_prefix + CODE
    assert base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)) == sealed(sale())


@given(st.binary(max_size=LONGEST_RECORD))
def test_the_fragment_is_base64url_without_padding(record_bytes: bytes) -> None:
    fragment = escpos.address("", "", record_bytes)[1:]
    assert fragment == base64.urlsafe_b64encode(record_bytes).rstrip(b"=")


def test_the_longest_record_fits_a_qr_of_version_15_at_level_m_on_the_paper() -> None:
    prefix = "https://trace.example-district.gov.cn/t/"
    paper = Printer().render(escpos.qr(escpos.address(prefix, CODE, b"\xff" * LONGEST_RECORD)))
    assert paper.codes[0][1] <= LARGEST_QR_VERSION


def test_a_phone_reads_the_printed_qr(tmp_path: Path) -> None:
    """zbarimg (Debian: zbar-tools) stands for the phone: it sees the picture and nothing else."""
    content, _ = save_png(slip.compose(HEAD, GOODS, sale(), sealed(sale())), tmp_path / "slip.png").codes[0]
    seen = subprocess.run(
        ["zbarimg", "--quiet", "--raw", tmp_path / "slip.png"], capture_output=True, text=True, check=True
    )
    assert seen.stdout.strip() == content


def test_the_longest_record_can_still_be_read_from_paper(tmp_path: Path) -> None:
    address = escpos.address("https://trace.example-district.gov.cn/t/", CODE, bytes(range(LONGEST_RECORD)))
    save_png(b"\x1ba\x01" + escpos.qr(address), tmp_path / "qr.png")
    seen = subprocess.run(["zbarimg", "--quiet", "--raw", tmp_path / "qr.png"], capture_output=True, check=True)
    assert seen.stdout.strip() == address


def labels_in_source() -> list[tuple[str, str]]:
    source = (ROOT / "firmware/app/scale/slip_labels.py").read_text(encoding="utf-8")
    return re.findall(r"^([A-Z]+) = b\".*\"  # (.+)$", source, re.MULTILINE)


@pytest.mark.parametrize(("name", "text"), labels_in_source())
def test_each_gbk_label_is_the_chinese_in_its_comment(name: str, text: str) -> None:
    assert getattr(slip_labels, name) == text.encode("gbk")


def test_every_label_was_compared() -> None:
    constants = {name for name in vars(slip_labels) if name.isupper()}
    assert constants == {name for name, _ in labels_in_source()}


@given(st.integers(0, 4_102_444_800_000))
def test_local_time_is_the_calendar_of_beijing(time_ms: int) -> None:
    beijing = timezone(timedelta(hours=8))
    expected = datetime.fromtimestamp(time_ms // 1000, beijing).strftime("%Y-%m-%d %H:%M:%S")
    assert local_time.write(time_ms) == expected
