"""How big a sealed sale and its QR code are, for the largest numbers that the promise covers."""

import base64

import segno
from tracewire import record

from simulators.bench.figures import Figure, at_most
from simulators.node import Node

LARGEST_32_BITS = 0xFFFFFFFF
URL = "https://trace.example-county.gov.cn/t/"
"""A long host name of a real deployment."""


def largest_sale() -> bytes:
    """Return a sealed sale whose numbers are as large as spec 2.6 covers, on a 15 kg scale."""
    node = Node("scale-0001", code_base="3502000010007")
    node.head.seq = LARGEST_32_BITS - 2
    node.head.digest = bytes(range(32))
    node.totals = (LARGEST_32_BITS - 2, LARGEST_32_BITS - 20_000, LARGEST_32_BITS - 20_000_000)
    node.boot = 0xFFFF
    body: dict[str, object] = {
        "net_grams": 15_000, "tare_grams": 15_000, "price_fen_per_kg": 65_535, "amount_fen": 983_025,
        "plu": 255, "lot": "35020000100070000012", "weighing_back": 20,
    }  # fmt: skip
    return node.seal(record.SALE, body)


def qr_version(sealed: bytes) -> int:
    """Return the version of the slip's QR code at level M for this sealed sale."""
    url = URL + "3" * 20 + "#" + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    return int(segno.make(url, error="m", boost_error=False, micro=False).version)


def figures() -> list[Figure]:
    """Measure the largest sale."""
    sealed = largest_sale()
    return [
        at_most("sealed sale, largest numbers", len(sealed), 200, "bytes"),
        at_most("QR of the slip at level M", qr_version(sealed), 15, "version"),
    ]
