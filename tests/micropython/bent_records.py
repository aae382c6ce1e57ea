"""Bend bits of a sealed record, one at a time: ``bent_records.py file first step`` prints how many tried and opened.

The file holds the record and the key's point, a line each in hexadecimal.

The device itself opens receipts, registries and manifests with the same code.
"""

import sys

from tracewire import cose, p256
from tracewire.errors import Rejected


def opens(sealed, key):
    """Return whether the bytes open as a record."""
    try:
        cose.open(sealed, cose.RECORD, key)
    except Rejected:
        return False
    return True


def main():
    with open(sys.argv[1]) as file:
        record, point = [bytes.fromhex(line.strip()) for line in file]
    sealed, key = bytearray(record), p256.VerifyingKey(point)
    first, step = int(sys.argv[2]), int(sys.argv[3])
    opened = tried = 0
    for bit in range(first, 8 * len(sealed), step):
        sealed[bit // 8] ^= 1 << bit % 8
        opened += opens(bytes(sealed), key)
        tried += 1
        sealed[bit // 8] ^= 1 << bit % 8
    print(tried, opened, opens(bytes(sealed), key))


if __name__ == "__main__":
    main()
