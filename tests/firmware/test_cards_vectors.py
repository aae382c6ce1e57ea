"""Card cryptography against published numbers on both interpreters, and against ``cryptography`` on random ones."""

import os
import subprocess
import sys

from cards import cmac, ev2, sun
from cards.keyring import CardKeys
from chips.issued import secure_card
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from tests.interpreters import ROOT, run_micropython

SCRIPT = "tests/micropython/cards_vectors.py"
KEY = st.binary(min_size=16, max_size=16)
UID = st.binary(min_size=7, max_size=7)


def test_published_numbers_hold_on_micropython() -> None:
    done = run_micropython(SCRIPT, search_path="firmware/lib:firmware/app:.frozen")
    assert (done.returncode, done.stdout) == (0, "micropython 7 held\n"), done.stdout + done.stderr


def test_published_numbers_hold_on_cpython() -> None:
    search_path = os.pathsep.join(["firmware/lib", "firmware/app"])
    done = subprocess.run(
        [sys.executable, SCRIPT],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": search_path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "cpython 7 held\n"), done.stdout + done.stderr


def reference_tag(key: bytes, message: bytes) -> bytes:
    context = CMAC(AES(key))
    context.update(message)
    return context.finalize()


@given(KEY, st.binary(max_size=100))
def test_cmac_is_that_of_another_implementation(key: bytes, message: bytes) -> None:
    assert cmac.tag(key, message) == reference_tag(key, message)


@given(KEY, st.binary(min_size=16, max_size=31))
def test_a_card_key_is_a_cmac_over_two_blocks(key: bytes, what: bytes) -> None:
    assert cmac.diversify(key, what) == reference_tag(key, b"\x01" + what)


@given(KEY, KEY, UID, st.integers(1, 0xFFFFFF))
def test_a_tap_made_by_another_implementation_is_understood(meta: bytes, mac: bytes, uid: bytes, count: int) -> None:
    """NT4H2421Gx §9.3 once more, from ``cryptography`` alone."""
    keys = CardKeys(1, bytes(16), meta, mac, bytes(16), None)
    who = uid + count.to_bytes(3, "little")
    encryptor = Cipher(AES(meta), CBC(bytes(16))).encryptor()
    number = encryptor.update(b"\xc7" + who + b"noise") + encryptor.finalize()
    mac_key = reference_tag(mac, b"\x01" + uid + b"chengxin/mac")
    session_key = reference_tag(mac_key, bytes.fromhex("3cc300010080") + who)
    address = "http://a.b/c?e=%s&c=%s" % (number.hex().upper(), reference_tag(session_key, b"")[1::2].hex().upper())  # noqa: UP031 (as the chip lays it out)
    tap = sun.verify(address.encode(), keys)
    assert (tap.uid, tap.count) == (uid, count)


@given(st.binary(max_size=60))
def test_what_one_side_wraps_the_other_unwraps(data: bytes) -> None:
    """An answer in CommMode.Full, made here from ``cryptography`` alone."""
    encryption_key, mac_key, transaction = bytes(range(16)), bytes(range(16, 32)), b"\x01\x02\x03\x04"
    session = ev2.Session(encryption_key, mac_key, transaction, 6)
    session.wrap(0xAD, bytes(7))
    count = (7).to_bytes(2, "little")
    block = Cipher(AES(encryption_key), CBC(bytes(16))).encryptor()
    start = block.update(b"\x5a\xa5" + transaction + count + bytes(8))
    hidden = b""
    if data:
        padded = data + b"\x80" + bytes(15 - len(data) % 16)
        encryptor = Cipher(AES(encryption_key), CBC(start)).encryptor()
        hidden = encryptor.update(padded) + encryptor.finalize()
    tag = reference_tag(mac_key, b"\x00" + count + transaction + hidden)[1::2]
    assert session.unwrap(hidden + tag) == data


def test_the_keys_of_a_card_are_all_different() -> None:
    masters = [bytes((place,)) * 16 for place in range(5)]
    keys = CardKeys(1, *masters)
    one = secure_card(b"\x04" * 7, keys, os.urandom).keys
    other = secure_card(b"\x05" * 7, keys, os.urandom).keys
    assert len(set(one.values())) == 5
    assert set(one.values()) & set(other.values()) == {keys.meta}
