"""Enrolment, the device's side: make both keys here, prove them, keep what the bench sends (run once, at the factory).

``micropython -m device.enrol`` answers the messages of ``tracewire.enrolment`` on its console. The record key R and the
TLS key T are made on the device from ``hal.entropy``; what leaves it is a certificate request for T and statements
sealed by R, never a private byte.

Nothing is written before INSTALL, and ``config.cbor`` is written last: its presence is what "enrolled" means. A power
cut at any point leaves a device that is either as it was or not enrolled, and can be enrolled again.
"""

import os
import sys

from device import der, journal
from device.keystore import KeyStore
from device.mark import Mark
from hal import entropy, flash, nvram
from tracewire import cbor, cose, enrolment, p256, topics
from tracewire.errors import Misuse, Rejected, TracewireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

FILES = ("tls_cert.der", "server_ca.der", "plu.cbor", "config.cbor")
"""What the bench must send."""

OPTIONAL_FILES = ("unlock.key", "identity.cbor", "card_keys.cbor", "board.cbor")
"""What it sends to some: the secret of ``tracewire.unlock`` and the texts of the type plate to a device with a sealed
case, keys to one that reads cards itself, and to one that takes updates what it is and whose releases it trusts
(``update.board``)."""

_CONFIG = "config.cbor"
_CONFIG_NAME = 1  # key of the device name in config.cbor
_JOURNAL = "journal"
_ANY_CAPACITY = 1 << 30  # bytes; opened only to learn the next number, nothing is appended


class Enrolment:
    """One run: ASK is answered by a claim, INSTALL by a receipt. Keys wait in RAM in between."""

    def __init__(self, root: str, read_entropy: "Callable[[int], bytes]") -> None:
        self._root = root
        self._entropy = read_entropy
        self._name = ""
        self._nonce = b""
        self._secret = b""
        self._record_key = None
        self._tls_key_der = b""
        self._first_seq = 1
        self.is_done = False

    def answer(self, message: bytes) -> bytes:
        """Return the encoded answer to one encoded message; a refusal is an answer too."""
        try:
            request = enrolment.decode_message(message)
            if request[enrolment.KIND] == enrolment.ASK:
                return self._claim(request)
            if request[enrolment.KIND] == enrolment.INSTALL:
                return self._install(request[enrolment.FILES])
            raise Rejected("enrol.message", "a device answers ASK and INSTALL")
        except TracewireError as refusal:
            return cbor.encode(
                {
                    enrolment.KIND: enrolment.REFUSED,
                    enrolment.CODE: refusal.code,
                    enrolment.DETAIL: refusal.detail,
                }
            )

    def _claim(self, request: "dict[int, object]") -> bytes:
        name, nonce = request[enrolment.NAME], request[enrolment.NONCE]
        if not topics.is_name(name) or len(nonce) != enrolment.NONCE_SIZE:
            raise Rejected("enrol.ask", "the bench asked with a bad name or nonce")
        first_seq = self._next_seq()
        self._refuse_overwriting(name, request[enrolment.REPLACE], first_seq)
        self._name, self._nonce, self._first_seq = name, nonce, first_seq
        self._secret, self._record_key = self._make_key()
        tls_secret, tls_key = self._make_key()
        self._tls_key_der = der.private_key(tls_secret, tls_key.point)
        spki = p256.spki(tls_key.point)
        return cbor.encode(
            {
                enrolment.KIND: enrolment.CLAIM,
                enrolment.REQUEST: der.certificate_request(name, spki, tls_key.sign),
                enrolment.SEALED: self._seal(enrolment.POSSESSION, spki),
            }
        )

    def _refuse_overwriting(self, name: str, replace: int, first_seq: int) -> None:
        if not self._has(_CONFIG):
            return
        present = self._enrolled_name()
        if replace == enrolment.REPLACE_NOTHING or (replace == enrolment.REPLACE_UNFINISHED and present != name):
            raise Misuse("enrol.enrolled", "this board is already enrolled as " + present)
        if first_seq > 1 and present != name:
            raise Misuse("enrol.records", "the journal of this board holds records of " + present)
        if first_seq > 1 and self._is_set_back(first_seq):
            raise Misuse("enrol.set_back", "its flash was set back: erase it and enrol it under a new name")

    def _enrolled_name(self) -> str:
        try:
            with open(self._root + "/" + _CONFIG, "rb") as file:
                return cbor.decode(file.read())[_CONFIG_NAME]
        except (Rejected, KeyError, TypeError):
            return "(unreadable)"

    def _is_set_back(self, first_seq: int) -> bool:
        mark = Mark(nvram, KeyStore(self._root, self._entropy).kid)
        return mark.is_set_back or mark.seq >= first_seq

    def _has(self, name: str) -> bool:
        return name in os.listdir(self._root)

    def _next_seq(self) -> int:
        """Records that an earlier key sealed stay in the journal: the new key goes on with the number after them."""
        if not self._has(_JOURNAL):
            return 1
        return journal.Journal(self._root + "/" + _JOURNAL, _ANY_CAPACITY).next_seq

    def _make_key(self) -> "tuple[bytes, p256.SigningKey]":
        secret = p256.new_secret(self._entropy)
        return secret, p256.SigningKey(secret, self._entropy)

    def _seal(self, what: int, proof: bytes) -> bytes:
        statement = enrolment.Statement(
            what,
            name=self._name,
            point=self._record_key.point,
            nonce=self._nonce,
            proof=proof,
            first_seq=self._first_seq,
        )
        return cose.seal(statement.encode(), cose.PROOF, self._record_key)

    def _install(self, files: "list[list[object]]") -> bytes:
        if self._record_key is None:
            raise Rejected("enrol.order", "INSTALL came before ASK")
        names = [name for name, _ in files]
        if sorted([name for name in names if name not in OPTIONAL_FILES]) != sorted(FILES) or len(set(names)) < len(
            names
        ):
            raise Rejected("enrol.files", "the bench sent other files than a device keeps")
        self._keep(dict(files))
        self.is_done = True
        return cbor.encode(
            {
                enrolment.KIND: enrolment.INSTALLED,
                enrolment.SEALED: self._seal(enrolment.STORED, enrolment.digest_of(files)),
            }
        )

    def _keep(self, contents: "dict[str, bytes]") -> None:
        """Write everything; on flash when this returns."""
        if self._has(_CONFIG):
            os.remove(self._root + "/" + _CONFIG)
        # A crash from here on: not enrolled, keys of no use to anyone; the next run overwrites them.
        if not self._has(_JOURNAL):
            journal.create(self._root + "/" + _JOURNAL)
        self._write("record.key", self._secret)
        self._write("tls_key.der", self._tls_key_der)
        for name in contents:
            if name != _CONFIG:
                self._write(name, contents[name])
        self._write("config.new", contents[_CONFIG])
        os.rename(self._root + "/config.new", self._root + "/" + _CONFIG)
        # Commit point. A crash from here on: enrolled, but the bench has not heard it; it may replace this run.

    def _write(self, name: str, contents: bytes) -> None:
        with open(self._root + "/" + name, "wb") as file:  # littlefs commits at close
            file.write(contents)


def serve(run: Enrolment, lines_in: "TextIO", lines_out: "TextIO") -> None:
    """Answer console lines until the device is enrolled or the console is closed."""
    while not run.is_done:
        line = lines_in.readline()
        if not line:
            return
        message = enrolment.from_line(line)
        if message is not None:
            lines_out.write(enrolment.to_line(run.answer(message)))


if __name__ == "__main__":
    p256.self_test()  # an unsound engine must not make keys
    serve(Enrolment(flash.mount(create=True), entropy.read), sys.stdin, sys.stdout)
