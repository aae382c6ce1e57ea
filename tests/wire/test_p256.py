"""Keys and signatures: one contract, run on both interpreters, and compared with the library in bulk."""

import hashlib
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tracewire import p256

from simulators.firmware_image import native_architecture
from tests.interpreters import ROOT, run_micropython

CONTRACT = "tests/micropython/p256_contract.py"
BATCH = "tests/micropython/p256_batch.py"
PROMISES = re.findall(r"^def (test_\w+)", (ROOT / CONTRACT).read_text(), re.MULTILINE)
ENGINES = ["bigint", "viper"] if native_architecture() else ["bigint"]
BYTEWISE = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


@pytest.mark.parametrize("name", PROMISES)
def test_the_contract_holds_on_cpython(name: str) -> None:
    command = [sys.executable, CONTRACT, name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", PROMISES)
def test_the_contract_holds_on_micropython(name: str) -> None:
    done = run_micropython(CONTRACT, name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("engine", ENGINES)
def test_a_thousand_random_signatures_are_those_of_the_library(engine: str, tmp_path: Path) -> None:
    source = random.Random(f"p256 {engine}")
    requests, wanted = [], []
    for _ in range(1000):
        secret = source.randrange(1, p256.ORDER)
        message = source.randbytes(source.randrange(1, 200))
        requests.append(f"sign {secret:x} {message.hex()}")
        r, s = utils.decode_dss_signature(ec.derive_private_key(secret, ec.SECP256R1()).sign(message, BYTEWISE))
        wanted.append(f"{r:064x}{s:064x}")
    assert _answers(engine, requests, tmp_path) == wanted


@pytest.mark.parametrize("engine", ENGINES)
def test_the_device_accepts_exactly_the_signatures_that_the_library_accepts(engine: str, tmp_path: Path) -> None:
    source = random.Random(f"verify {engine}")
    requests, wanted = [], []
    for index in range(400):
        point, message, r, s = _signature_case(source, index)
        requests.append(f"holds {point.hex()} {message.hex()} {r:x} {s:x}")
        wanted.append(str(_library_accepts(point, message, r, s)))
    assert 100 < wanted.count("True") < 300
    assert _answers(engine, requests, tmp_path) == wanted


def _signature_case(source: random.Random, index: int) -> tuple[bytes, bytes, int, int]:
    """Return (point, message, r, s) with both halves in range: good, mirrored, changed or made up, in turn."""
    key = ec.derive_private_key(source.randrange(1, p256.ORDER), ec.SECP256R1())
    message = source.randbytes(40)
    r, s = utils.decode_dss_signature(key.sign(message, BYTEWISE))
    match index % 6:
        case 1:
            s = p256.ORDER - s
        case 2:
            r ^= 1 << source.randrange(255)
        case 3:
            s ^= 1 << source.randrange(255)
        case 4:
            r, s = source.choice([(1, 1), (p256.ORDER - 1, p256.ORDER - 1), (s, r), (r, 1)])
        case 5:
            message = message[:-1]
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return point, message, r % p256.ORDER or 1, s % p256.ORDER or 1


def _library_accepts(point: bytes, message: bytes, r: int, s: int) -> bool:
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    try:
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _answers(engine: str, requests: list[str], folder: Path) -> list[str]:
    """Return the lines with which one MicroPython process answers ``requests``."""
    file = folder / "requests.txt"
    file.write_text("\n".join(requests) + "\n")
    done = run_micropython(BATCH, engine, str(file))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout.split()


def test_public_key_info_is_the_der_that_the_library_writes() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert p256.spki(point) == info
    assert p256.key_id(point) == hashlib.sha256(info).digest()[:8]


def test_a_host_signs_with_the_library() -> None:
    assert p256.ENGINE == "cryptography"
