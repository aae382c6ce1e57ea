"""An NTAG 424 DNA: five AES keys, a file for phones with a message that changes at every tap, a file behind a key.

Status words and their causes as in NT4H2421Gx §8.5 and §10. Memory is ``files``, ``settings``, ``keys``, ``versions``
and ``taps``; what is lost when the field goes (selection, authentication) is in the rest. A torn write leaves half of
it, and the byte at the tear undefined; keys and settings are kept whole or not at all, which is assumed.
"""

from binascii import crc32, hexlify

from cards import aes, cmac

_APPLICATION = b"\xd2\x76\x00\x00\x85\x01\x01"
_OK, _MORE = b"\x91\x00", b"\x91\xaf"
_ILLEGAL, _INTEGRITY, _NO_KEY = b"\x91\x1c", b"\x91\x1e", b"\x91\x40"
_LENGTH, _DENIED, _AUTHENTICATION, _BOUNDARY = b"\x91\x7e", b"\x91\x9d", b"\x91\xae", b"\x91\xbe"
_PARAMETER = b"\x91\x9e"
_FREE = 14
_MIRRORING = 0x40  # bit of a file's options; below it the communication mode
_FACTORY_SETTINGS = {2: b"\x00\xe0\xee", 3: b"\x03\x30\x23"}  # options, [read-write, change], [read, write]


def settings_of(message):
    """Return the settings of both files as the issuing desk leaves them, for this ``message`` in file 2."""
    number_at, tag_at = message.index(b"e=") + 2, message.index(b"&c=") + 3
    places = b"".join([place.to_bytes(3, "little") for place in (number_at, tag_at, tag_at)])
    return {2: b"\x43\x20\xe2\xc1\xff\x43" + places, 3: b"\x03\x20\x12"}


class VirtualNtag424:
    """One chip; ``keys`` by number 0 to 4, all of ``key_version``; ``draw(n)`` is its random generator.

    Made so, it is as the issuing desk hands it out; ``factory`` makes one as it is bought.
    """

    def __init__(self, uid, keys, key_version, draw, address="chengxin.example/c"):
        self.uid = uid
        self.keys = keys
        self.versions = [key_version] * 5
        self.taps = 0
        self.is_torn = False
        self._draw = draw
        link = b"\xd1\x01" + bytes((len(address) + 54,)) + b"U\x04" + address.encode() + b"?e=" + b"0" * 32
        link += b"&c=" + b"0" * 16
        self.files = {2: bytearray(256), 3: bytearray(128)}
        self.files[2][: len(link) + 2] = len(link).to_bytes(2, "big") + link
        self.settings = settings_of(bytes(self.files[2]))
        self.field_off()

    @classmethod
    def factory(cls, uid, draw):
        """Return a chip as it is bought: keys of zeros, a free file for phones, nothing written."""
        chip = cls(uid, {number: bytes(16) for number in range(5)}, 0, draw)
        chip.files = {2: bytearray(256), 3: bytearray(128)}
        chip.settings = dict(_FACTORY_SETTINGS)
        return chip

    def field_off(self):
        """Lose what lives from the reader's field."""
        self._is_selected = False
        self._pending = None
        self._leave()

    def announce(self):
        """Return SENS_RES, SEL_RES, number and ATS as a PN532 lists them."""
        return b"\x03\x44\x20" + bytes((len(self.uid),)) + self.uid + b"\x06\x77\x77\x71\x02\x80"

    def exchange(self, request):
        """Answer one command; (reader's status, answer with status word)."""
        if request[:4] == b"\x00\xa4\x04\x0c":
            return 0, self._select(request)
        well_formed = len(request) >= 5 and request[0] == 0x90 and request[2:4] == b"\x00\x00" and request[-1] == 0
        if not self._is_selected or not well_formed:
            return 0, b"\x6d\x00"
        fields = request[5:-1]
        if len(request) > 5 and request[4] != len(fields):
            return 0, _LENGTH
        return 0, self._native(request[1], fields)

    def _select(self, request):
        self.field_off()
        self._is_selected = request[5 : 5 + request[4]] == _APPLICATION
        return b"\x90\x00" if self._is_selected else b"\x6a\x82"

    def _native(self, code, fields):
        if code == 0xAF and self._pending:
            return self._finish_authentication(fields)
        self._pending = None
        if code in (0x71, 0x77):
            return self._begin_authentication(code, fields)
        if code == 0x64 and len(fields) == 1 and self._session is None:
            return bytes((self.versions[fields[0]],)) + _OK if fields[0] in self.keys else _NO_KEY
        if code == 0xAD:
            return self._read(fields)
        if code == 0x8D:
            return self._write(fields)
        if code == 0xC4:
            return self._change_key(fields)
        if code == 0x5F:
            return self._change_settings(fields)
        return _ILLEGAL

    def _begin_authentication(self, code, fields):
        is_first = code == 0x71
        if len(fields) < 1 or fields[0] not in self.keys or (is_first and len(fields) < 2):
            return _NO_KEY
        if not is_first and self._session is None:
            return _DENIED
        challenge = self._draw(16)
        self._pending = (is_first, fields[0], challenge)
        return aes.encrypt(self.keys[fields[0]], bytes(16), challenge) + _MORE

    def _finish_authentication(self, fields):
        is_first, number, ours = self._pending
        self._pending = None
        key = self.keys[number]
        if len(fields) != 32:
            return self._fail(_LENGTH)
        plain = aes.decrypt(key, bytes(16), fields)
        theirs = plain[:16]
        if plain[16:] != ours[1:] + ours[:1]:
            return self._fail(_AUTHENTICATION)
        turned = theirs[1:] + theirs[:1]
        middle = bytes([theirs[2 + place] ^ ours[place] for place in range(6)])
        vector = b"\x00\x01\x00\x80" + theirs[:2] + middle + ours[6:16] + theirs[8:16]
        if is_first:
            self._transaction, self._commands = self._draw(4), 0
        self._session = (cmac.tag(key, b"\xa5\x5a" + vector), cmac.tag(key, b"\x5a\xa5" + vector))
        self._key_number = number
        proof = self._transaction + turned + bytes(12) if is_first else turned
        return aes.encrypt(key, bytes(16), proof) + _OK

    def _read(self, fields):
        if len(fields) < 7 or fields[0] not in self.files:
            return _LENGTH
        file, offset, length = fields[0], _little(fields[1:4]), _little(fields[4:7])
        if offset + length > len(self.files[file]):
            return _BOUNDARY
        read_write, _, read, _ = self._access(file)
        readers = (read, read_write)
        if self._session is None:
            if _FREE not in readers:
                return _DENIED
            return self._mirrored(file, offset)[offset : offset + length] + _OK
        if self._key_number not in readers:
            return self._fail(_DENIED)
        if not self._is_authentic(0xAD, fields):
            return self._fail(_INTEGRITY)
        return self._sealed(bytes(self.files[file][offset : offset + length]))

    def _write(self, fields):
        if len(fields) < 7 or fields[0] not in self.files:
            return self._fail(_LENGTH)
        read_write, _, _, write = self._access(fields[0])
        file, offset, length = self.files[fields[0]], _little(fields[1:4]), _little(fields[4:7])
        if self._session is None:
            if _FREE not in (read_write, write):
                return _DENIED
            if len(fields) - 7 != length or offset + length > len(file):
                return _BOUNDARY
            kept = length // 2 if self.is_torn else length
            file[offset : offset + kept] = fields[7 : 7 + kept]
            return _OK
        if self._key_number not in (read_write, write):
            return self._fail(_DENIED)
        if len(fields) < 7 + 16 + 8:
            return self._fail(_LENGTH)
        if not self._is_authentic(0x8D, fields):
            return self._fail(_INTEGRITY)
        data = aes.decrypt(self._session[0], self._vector(b"\xa5\x5a"), fields[7:-8])
        if data[length:] != b"\x80" + bytes(len(data) - length - 1) or offset + length > len(file):
            return self._fail(_BOUNDARY)
        if self.is_torn:
            half = length // 2
            file[offset : offset + half] = data[:half]
            file[offset + half] ^= 0x5A
        else:
            file[offset : offset + length] = data[:length]
        return self._sealed(b"")

    def _change_key(self, fields):
        """ChangeKey, §10.6.1: another key is told as what turns the old one into it, and with a checksum."""
        if self._session is None or self._key_number != 0:
            return self._fail(_DENIED if self._session else _AUTHENTICATION)
        if len(fields) != 1 + 32 + 8 or fields[0] not in self.keys:
            return self._fail(_LENGTH)
        if not self._is_authentic(0xC4, fields):
            return self._fail(_INTEGRITY)
        number = fields[0]
        data = aes.decrypt(self._session[0], self._vector(b"\xa5\x5a"), fields[1:-8])
        key, padding_at = data[:16], 17
        if number:
            key = bytes([new ^ old for new, old in zip(key, self.keys[number])])
            padding_at = 21
            if data[17:21] != (crc32(key) ^ 0xFFFFFFFF).to_bytes(4, "little"):
                return self._fail(_INTEGRITY)
        if data[padding_at:] != b"\x80" + bytes(31 - padding_at):
            return self._fail(_LENGTH)
        if not self.is_torn:
            self.keys[number], self.versions[number] = key, data[16]
        if number:
            return self._sealed(b"")
        return self._fail(_OK)  # the key of this session is gone, and its secure messages with it

    def _change_settings(self, fields):
        """ChangeFileSettings, §10.7.1."""
        if len(fields) < 1 + 16 + 8 or fields[0] not in self.files:
            return self._fail(_LENGTH)
        if self._session is None or self._key_number != self._access(fields[0])[1]:
            return self._fail(_DENIED)
        if not self._is_authentic(0x5F, fields):
            return self._fail(_INTEGRITY)
        data = aes.unpad(aes.decrypt(self._session[0], self._vector(b"\xa5\x5a"), fields[1:-8]))
        if data is None or not self._is_setting(data):
            return self._fail(_PARAMETER)
        if not self.is_torn:
            self.settings[fields[0]] = data
        return self._sealed(b"")

    def _is_setting(self, data):
        """Tell whether these are settings that the chip takes: mirroring of number and count, encrypted, and a tag."""
        if not data[:1] or not data[0] & _MIRRORING:
            return len(data) == 3
        places = [_little(data[at : at + 3]) for at in range(6, len(data), 3)]
        mirrors_number_and_count = data[3:4] == b"\xc1" and len(data) == 15
        return mirrors_number_and_count and places[1] <= places[2] and places[0] + 32 <= places[2] <= 256 - 16

    def _access(self, file):
        """Return the keys that may read and write, change settings, read, and write (§8.2.3.3)."""
        both, one = self.settings[file][1:3]
        return both >> 4, both & 15, one >> 4, one & 15

    def _mirrored(self, file, offset):
        """Return the file as a phone reads it; a read from the beginning of a mirroring file is a tap."""
        memory = bytearray(self.files[file])
        settings = self.settings[file]
        if settings[0] & _MIRRORING and offset == 0:
            number_at, tag_at = _little(settings[6:9]), _little(settings[12:15])
            meta, mac = self.keys[settings[5] >> 4], self.keys[settings[5] & 15]
            self.taps += 1
            who = self.uid + self.taps.to_bytes(3, "little")
            number = aes.encrypt(meta, bytes(16), b"\xc7" + who + self._draw(5))
            session_key = cmac.tag(mac, b"\x3c\xc3\x00\x01\x00\x80" + who)
            memory[number_at : number_at + 32] = hexlify(number).upper()
            memory[tag_at : tag_at + 16] = hexlify(_every_second(cmac.tag(session_key, b""))).upper()
        return bytes(memory)

    def _is_authentic(self, code, fields):
        count = self._commands.to_bytes(2, "little")
        tag = cmac.tag(self._session[1], bytes((code,)) + count + self._transaction + fields[:-8])
        return _every_second(tag) == fields[-8:]

    def _sealed(self, data):
        self._commands += 1
        hidden = b""
        if data:
            padded = data + b"\x80" + bytes(15 - len(data) % 16)
            hidden = aes.encrypt(self._session[0], self._vector(b"\x5a\xa5"), padded)
        count = self._commands.to_bytes(2, "little")
        tag = cmac.tag(self._session[1], b"\x00" + count + self._transaction + hidden)
        return hidden + _every_second(tag) + _OK

    def _vector(self, label):
        start = label + self._transaction + self._commands.to_bytes(2, "little") + bytes(8)
        return aes.encrypt_block(self._session[0], start)

    def _fail(self, status):
        self._leave()
        return status

    def _leave(self):
        self._session = None
        self._key_number = None
        self._transaction, self._commands = b"", 0


def _little(octets):
    return int.from_bytes(octets, "little")


def _every_second(tag):
    return bytes([tag[place] for place in range(1, 16, 2)])
