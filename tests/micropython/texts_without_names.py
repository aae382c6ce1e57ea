"""Names of a thousand different characters are decoded and checked; prints how many names the interpreter has then.

A character that a loop takes out of a text becomes a name of the interpreter, which stays in the heap until the power
goes. The characters are made as octets here, because ``chr`` makes names too.
"""

import sys

import micropython
from tracewire import cbor, topics
from tracewire.fields import NAME

_HEADER = b"\x78\x30"  # a text of 48 octets


def main(characters: int) -> None:
    """Decode and check so many."""
    for code in range(0x4E00, 0x4E00 + characters):
        octets = bytes((0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F))
        assert NAME.check(cbor.decode(_HEADER + octets * 16))
    assert topics.is_name("abcdefghijklmnopqrstuvwxyz-01234")
    micropython.qstr_info()


main(int(sys.argv[1]))
