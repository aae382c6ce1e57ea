"""Verify a Chengxin ledger as an outsider: python verify_ledger.py root_cert.pem https://…/v1/ledger (or a file).

Imports nothing of ours; follows firmware/lib/tracewire/SPEC.md, clauses cited. Checks registry and voucher under the
root, each record's signature, each device's chain and totals, and the ledger's own order. Prints a line per device and
each problem; exit 0 when all holds. Cannot see records cut off the end: compare with the count of an earlier run, or
check receipts that somebody kept, with --receipt FILE (RFC 9942; from …/v1/log/receipt/record/DEVICE/NUMBER).
"""

import argparse
import io
import sys
from collections import Counter, defaultdict
from hashlib import sha256
from pathlib import Path
from urllib.request import urlopen

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
REVOKED, CLOUD = 3, 7  # spec 7.3
BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, InvalidSignature, cbor2.CBORDecodeError)
say = sys.stdout.write


def key_of(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def kid_of(key: ec.EllipticCurvePublicKey) -> bytes:
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).digest()[:8]  # spec 2.3


def opened(sealed: bytes, purpose: str, keys: dict[bytes, ec.EllipticCurvePublicKey]) -> tuple[bytes, dict]:
    """Return kid and payload of a message in its one spelling whose signature holds (spec 2)."""
    _, unprotected, payload, signature = cbor2.loads(sealed).value
    kid, r, s = unprotected[4], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    spelt = b"\xd2\x84\x43\xa1\x01\x26\xa1\x04\x48" + kid + cbor2.dumps(payload) + b"\x58\x40" + signature
    if sealed != spelt or len(kid) != 8 or len(signature) != 64 or s > ORDER // 2:
        raise ValueError("not the strict form of spec 2")
    signed = cbor2.dumps(["Signature1", b"\xa1\x01\x26", purpose.encode(), payload])
    keys[kid].verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    return kid, cbor2.loads(payload)


def credentials_of(bundle: bytes, root: ec.EllipticCurvePublicKey) -> dict[bytes, dict]:
    """Return kid -> credential of a registry that the root vouches for (spec 7)."""
    sealed_voucher, sealed_registry = cbor2.loads(bundle)[:2]
    _, voucher = opened(sealed_voucher, "chengxin/voucher/1", {kid_of(root): root})
    vouched = key_of(voucher[2])
    _, registry = opened(sealed_registry, "chengxin/registry/1", {kid_of(vouched): vouched})
    if not voucher[3] <= registry[3] <= voucher[4]:
        raise ValueError("the registry was issued outside its voucher's time")
    return {kid_of(key_of(each[3])): each for each in registry[4]}


def added(kind: int, body: dict) -> tuple[int, int, int]:
    """Return what a record adds to its device's totals (spec 3.4)."""
    if kind == 4:
        return 1, body[1], body[4]
    if kind in (5, 6):
        return 1, body.get(3 if kind == 5 else 8, 0), 0
    return (1, sum(grams for _, grams in body.get(3, [])), 0) if kind == 7 else (0, 0, 0)


def check_chain(chain: dict[int, tuple[bytes, dict]]) -> list[str]:
    """Return what is wrong between the records of one device (spec 5)."""
    problems = []
    for seq, (_, record) in sorted(chain.items()):
        if seq > 1 and seq - 1 not in chain:
            problems.append(f"the record before {seq} is missing")
            continue
        digest, before = (chain[seq - 1][0], chain[seq - 1][1][7]) if seq > 1 else (bytes(32), [0, 0, 0])
        if record[3] != digest:
            problems.append(f"record {seq} names another predecessor")
        if [a + b for a, b in zip(before, added(record[5], record[6]), strict=True)] != record[7]:
            problems.append(f"the totals of record {seq} do not follow")
    return problems


def root_above(record: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Return the root of the tree that the record is in, if the path is right (RFC 9162 2.1.3.2)."""
    node, last = sha256(b"\0" + record).digest(), size - 1
    for sibling in path:
        if index % 2 or index == last:
            node = sha256(b"\1" + sibling + node).digest()
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            node = sha256(b"\1" + node + sibling).digest()
        index, last = index // 2, last // 2
    if last:
        raise ValueError("the path is too short")
    return node


def check_receipt(receipt: bytes, records: list[bytes], credentials: dict[bytes, dict]) -> str:
    """Check that the ledger still has the record of a COSE receipt in its place, and say so (RFC 9942 5.2)."""
    protected, unprotected, _, signature = cbor2.loads(receipt).value
    header = cbor2.loads(protected)
    size, index, path = cbor2.loads(unprotected[396][-1][0])
    if (header[1], header[395], credentials[header[4]][2]) != (-7, 1, CLOUD) or index >= size:
        raise ValueError("not a receipt by a cloud that the registry knows")
    signed = cbor2.dumps(["Signature1", protected, b"", root_above(records[index], index, size, path)])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key_of(credentials[header[4]][3]).verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    return f"receipt: record {index + 1} is what it was when the log had {size} records\n"


def check(data: bytes, root: ec.EllipticCurvePublicKey, receipts: list[bytes]) -> list[str]:
    """Print a line for each device of an export (spec 9.3) and for each receipt, and return the problems."""
    stream, index, problems, chains, forks = io.BytesIO(data), 0, [], defaultdict(dict), Counter()
    credentials = credentials_of(cbor2.load(stream)[1], root)
    keys, records = {kid: key_of(credential[3]) for kid, credential in credentials.items()}, []
    while stream.tell() < len(data):
        place, _, _, sealed = cbor2.load(stream)
        if place not in (None, index + 1):  # null: a forked record, kept beside the ledger
            problems.append(f"ledger: {place} stands where {index + 1} should")
        index = place or index
        records += [] if place is None else [sealed]
        try:
            kid, record = opened(sealed, "chengxin/record/1", keys)
        except BROKEN as error:
            problems.append(f"ledger: record {index} does not hold: {type(error).__name__} {error}")
            continue
        name, seq, last = credentials[kid][1], record[2], credentials[kid].get(6)
        if not credentials[kid][5] <= seq <= (last or seq) or (last is None and credentials[kid][4] == REVOKED):
            problems.append(f"{name}: its key does not speak for record {seq} (spec 7.4)")
        forks[name] += chains[name].setdefault(seq, (digest := sha256(sealed).digest(), record))[0] != digest
    for name, chain in sorted(chains.items()):
        problems += [f"{name}: {problem}" for problem in check_chain(chain)]
        problems += [f"{name}: {forks[name]} records have a second version"] if forks[name] else []
        totals = " / ".join(map(str, chain[max(chain)][1][7])) + " (count, grams, fen)"
        say(f"{name}: records {len(chain)}, missing {max(chain) - len(chain)}, forks {forks[name]}, totals {totals}\n")
    for receipt in receipts:
        try:
            say(check_receipt(receipt, records, credentials))
        except BROKEN as error:
            problems.append(f"a receipt does not hold: {type(error).__name__} {error}")
    return [*problems, f"{index} records, {len(problems)} problems"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="root certificate, PEM or DER")
    parser.add_argument("ledger", help="address of the export, or a file with it")
    parser.add_argument("--receipt", type=Path, action="append", default=[], help="COSE receipt of one record")
    asked = parser.parse_args()
    try:
        certificate, receipts = asked.root.read_bytes(), [path.read_bytes() for path in asked.receipt]
        is_address = asked.ledger.startswith(("http://", "https://"))
        export = urlopen(asked.ledger).read() if is_address else Path(asked.ledger).read_bytes()  # noqa: S310  # checked
    except OSError as error:
        sys.exit(f"cannot read: {error}")
    load = x509.load_pem_x509_certificate if b"-----" in certificate else x509.load_der_x509_certificate
    try:
        *found, summary = check(export, load(certificate).public_key(), receipts)
    except BROKEN as error:
        sys.exit(f"FAILED: no ledger under this root: {type(error).__name__} {error}")
    say("".join(f"PROBLEM {problem}\n" for problem in found) + ("FAILED: " if found else "VERIFIED: ") + summary + "\n")
    sys.exit(1 if found else 0)
