"""The two DER structures a device writes: a certificate request and a private-key file.

Why by hand: MicroPython's TLS reads keys and certificates as DER but can make neither. PKCS#10 (RFC 2986) and SEC1
(RFC 5915) for one fixed algorithm need six element types, so sixty lines are enough and nothing is parsed here.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_INTEGER, _BIT_STRING, _OCTET_STRING, _OBJECT, _UTF8 = 0x02, 0x03, 0x04, 0x06, 0x0C
_SEQUENCE, _SET, _CONTEXT_0, _CONTEXT_1 = 0x30, 0x31, 0xA0, 0xA1

_COMMON_NAME = b"\x55\x04\x03"  # 2.5.4.3
_PRIME256V1 = b"\x2a\x86\x48\xce\x3d\x03\x01\x07"  # 1.2.840.10045.3.1.7
_ECDSA_WITH_SHA256 = b"\x2a\x86\x48\xce\x3d\x04\x03\x02"  # 1.2.840.10045.4.3.2


def element(tag: int, *contents: bytes) -> bytes:
    """Return one DER element around the joined ``contents`` (X.690 §8.1, definite lengths up to 65,535)."""
    body = b"".join(contents)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    if size < 0x100:
        return bytes((tag, 0x81, size)) + body
    return bytes((tag, 0x82, size >> 8, size & 0xFF)) + body


def unsigned(number: bytes) -> bytes:
    """Return a big-endian unsigned number as INTEGER: shortest form, a zero byte before a set top bit."""
    start = 0
    while start < len(number) - 1 and number[start] == 0:
        start += 1
    number = number[start:]
    return element(_INTEGER, b"\x00" if number[0] & 0x80 else b"", number)


def signature(raw: bytes) -> bytes:
    """Return an r‖s signature (64 bytes) as X.509 wants it, ECDSA-Sig-Value of RFC 3279 §2.2.3."""
    return element(_SEQUENCE, unsigned(raw[:32]), unsigned(raw[32:]))


def certificate_request(name: str, spki: bytes, sign: "Callable[[bytes], bytes]") -> bytes:
    """Return a PKCS#10 request with the common name ``name`` and no attributes at all.

    ``sign(message)`` returns r‖s by the private key of ``spki``. No extensions are asked for: the authority decides
    what a certificate may do and would refuse a request that tells it.
    """
    common_name = element(_SEQUENCE, element(_OBJECT, _COMMON_NAME), element(_UTF8, name.encode()))
    subject = element(_SEQUENCE, element(_SET, common_name))
    info = element(_SEQUENCE, unsigned(b"\x00"), subject, spki, element(_CONTEXT_0))
    algorithm = element(_SEQUENCE, element(_OBJECT, _ECDSA_WITH_SHA256))
    return element(_SEQUENCE, info, algorithm, element(_BIT_STRING, b"\x00", signature(sign(info))))


def private_key(secret: bytes, point: bytes) -> bytes:
    """Return ECPrivateKey (RFC 5915 §3) of a P-256 key: what ``SSLContext.load_cert_chain`` reads."""
    return element(
        _SEQUENCE,
        unsigned(b"\x01"),
        element(_OCTET_STRING, secret),
        element(_CONTEXT_0, element(_OBJECT, _PRIME256V1)),
        element(_CONTEXT_1, element(_BIT_STRING, b"\x00", point)),
    )
