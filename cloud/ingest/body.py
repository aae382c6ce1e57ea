"""The body of a post without its content encoding, within its limit.

Why unfolding stops at the limit: a small gzip may unfold into gigabytes.
"""

import zlib

from tracewire.errors import Rejected

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def unfold(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the body without its content encoding; ``Rejected("envelope.…")`` when it is damaged or too long."""
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise Rejected("envelope.encoding", "gzip or nothing")
    unfolder = zlib.decompressobj(_GZIP_WINDOW)
    try:
        unfolded = unfolder.decompress(body, limit + 1)
    except zlib.error as error:
        raise Rejected("envelope.gzip", "damaged") from error
    if len(unfolded) > limit:
        raise Rejected("envelope.too_large", f"unfolds into more than {limit} bytes")
    if not unfolder.eof or unfolder.unused_data:
        raise Rejected("envelope.gzip", "truncated, or bytes after the end")
    return unfolded
