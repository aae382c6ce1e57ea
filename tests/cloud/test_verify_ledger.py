"""The outsider's script against real exports: it agrees with a good ledger and reports every change to one."""

import datetime
import subprocess
import sys
from pathlib import Path

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tracewire import chain

from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_ledger.py"


def root_certificate(market: Market, encoding: serialization.Encoding) -> bytes:
    """Return a certificate over the market's root point, as an authority publishes it."""
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), market.trust.root_point)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, point, x509.random_serial_number(), now, now)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(encoding)


def _run(directory: Path, market: Market, ledger: str, *options: object) -> tuple[int, str]:
    certificate = directory / "root_cert.pem"
    certificate.write_bytes(root_certificate(market, serialization.Encoding.PEM))
    # -I: no path but the standard one and the installed libraries of the interpreter.
    command = [sys.executable, SCRIPT, certificate, ledger, *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def items(cloud: CloudUnderTest, market: Market) -> list[list[object]]:
    """Return a real export of a morning, item by item."""
    lot = market.pork_for()
    market.card_in(lot)
    for _ in range(3):
        market.sell(lot)
    cloud.deliver(market.envelope())
    data = cloud.public.get("/v1/ledger").content
    found = []
    while data:
        item = cbor2.loads(data)
        found.append(item)
        data = data[len(cbor2.dumps(item)) :]
    return found


def _check(directory: Path, market: Market, items: list[list[object]]) -> tuple[int, str]:
    export = directory / "ledger.cborseq"
    export.write_bytes(b"".join(cbor2.dumps(item) for item in items))
    return _run(directory, market, str(export))


def test_the_script_imports_nothing_of_ours() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert not any(name in text for name in ("import tracewire", "from tracewire", "from cloud", "import cloud"))
    assert len(text.splitlines()) <= 170


def test_a_good_ledger_is_verified_over_http(cloud: CloudUnderTest, market: Market, tmp_path: Path) -> None:
    lot = market.pork_for()
    market.sell(lot, grams=500, price=2000)
    cloud.deliver(market.envelope())
    code, text = _run(tmp_path, market, cloud.url + "/v1/ledger")
    assert code == 0, text
    assert "scale-0001: records 2, missing 0, forks 0, totals 1 / 500 / 1000" in text
    assert "VERIFIED: 8 records, 0 problems" in text


def test_receipts_are_held_against_the_ledger(cloud: CloudUnderTest, market: Market, tmp_path: Path) -> None:
    cloud.deliver(market.envelope(*[market.health() for _ in range(6)]))
    for seq in (1, 3, 6):
        kept = cloud.public.get(f"/v1/log/receipt/record/scale-0001/{seq}").content
        (tmp_path / f"receipt-{seq}").write_bytes(kept)
    options = [word for seq in (1, 3, 6) for word in ("--receipt", tmp_path / f"receipt-{seq}")]
    code, text = _run(tmp_path, market, cloud.url + "/v1/ledger", *options)
    assert code == 0, text
    assert "receipt: record 6 is what it was when the log had 6 records" in text
    bent = bytearray(kept)
    bent[-80] ^= 1
    (tmp_path / "receipt-6").write_bytes(bent)
    code, text = _run(tmp_path, market, cloud.url + "/v1/ledger", *options)
    assert (code, text.count("is what it was"), "PROBLEM a receipt does not hold" in text) == (1, 2, True), text


def test_a_good_export_is_verified(items: list[list[object]], market: Market, tmp_path: Path) -> None:
    code, text = _check(tmp_path, market, items)
    assert code == 0, text


def test_a_flipped_byte_is_reported(items: list[list[object]], market: Market, tmp_path: Path) -> None:
    sealed = bytearray(items[9][3])  # type: ignore[arg-type]  # the sealed bytes
    sealed[60] ^= 1
    items[9][3] = bytes(sealed)
    code, text = _check(tmp_path, market, items)
    assert (code, "InvalidSignature" in text or "ValueError" in text) == (1, True), text


def test_a_dropped_record_is_reported(items: list[list[object]], market: Market, tmp_path: Path) -> None:
    del items[9]
    code, text = _check(tmp_path, market, items)
    assert code == 1
    assert "ledger: 10 stands where 9 should" in text
    assert "is missing" in text


def test_a_dropped_record_is_reported_even_when_the_ledger_is_numbered_anew(
    items: list[list[object]], market: Market, tmp_path: Path
) -> None:
    del items[9]
    for index, item in enumerate(items[1:], 1):
        item[0] = index
    code, text = _check(tmp_path, market, items)
    assert code == 1
    assert "scale-0001: the record before" in text


def test_reordered_records_are_reported(items: list[list[object]], market: Market, tmp_path: Path) -> None:
    items[9], items[10] = items[10], items[9]
    code, text = _check(tmp_path, market, items)
    assert code == 1
    assert "ledger: 10 stands where 9 should" in text


def test_a_fork_is_reported(cloud: CloudUnderTest, market: Market, tmp_path: Path) -> None:
    first = market.health()
    market.scale.head = chain.GENESIS
    cloud.deliver(market.envelope(first))
    cloud.deliver(market.envelope(market.health(time_ms=1_800_000_000_000)))
    code, text = _run(tmp_path, market, cloud.url + "/v1/ledger")
    assert code == 1
    assert "scale-0001: records 1, missing 0, forks 1" in text


def test_a_registry_of_another_root_is_reported(items: list[list[object]], tmp_path: Path) -> None:
    code, text = _check(tmp_path, Market(), items)
    assert (code, "Traceback" in text) == (1, False)
    assert "FAILED: no ledger under this root" in text


def test_something_that_is_no_ledger_is_reported(market: Market, tmp_path: Path) -> None:
    code, text = _check(tmp_path, market, [[1, 2, 3]])
    assert (code, "Traceback" in text) == (1, False)
