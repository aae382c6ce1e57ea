"""A MIFARE Classic 1K: sixteen sectors of four blocks, two keys a sector, and what each of them may do.

The last block of a sector holds both keys and the access bits; writing it changes them. Two of the sixteen possible
settings are known: the factory's, where key A does everything, and ours, where key A reads and key B writes. A refused
key silences the card until it is selected anew. A torn write leaves half a block; a torn block of keys is not kept.
"""

BLOCK_BYTES = 16
REFUSED, NO_ANSWER = 0x14, 0x01  # status of the PN532, UM0701-02 §7.1


FACTORY_ACCESS, OUR_ACCESS = b"\xff\x07\x80", b"\x78\x77\x88"
FACTORY_KEY = b"\xff" * 6


class VirtualClassic:
    """One chip; ``keys`` has for each of its sixteen sectors key A and key B, six bytes each.

    Made so, it is as the issuing desk hands it out; ``factory`` makes one as it is bought.
    """

    def __init__(self, uid, keys):
        self.uid = uid
        self.keys = keys
        self.blocks = [bytes(BLOCK_BYTES) for _ in range(64)]
        self.access = [OUR_ACCESS] * 16
        self.is_torn = False
        self.field_off()

    @classmethod
    def factory(cls, uid):
        """Return a chip as it is bought."""
        chip = cls(uid, [(FACTORY_KEY, FACTORY_KEY)] * 16)
        chip.access = [FACTORY_ACCESS] * 16
        return chip

    def field_off(self):
        """Lose what lives from the reader's field."""
        self._sector = None
        self._may_write = False
        self._is_silent = False

    def announce(self):
        """Return SENS_RES, SEL_RES and number as a PN532 lists them."""
        answer_to_request = b"\x00\x04" if len(self.uid) == 4 else b"\x00\x44"
        return answer_to_request + b"\x08" + bytes((len(self.uid),)) + self.uid

    def exchange(self, request):
        """Answer one command; (reader's status, answer)."""
        if self._is_silent or len(request) < 2 or request[1] >= len(self.blocks):
            return NO_ANSWER, b""
        code, block = request[0], request[1]
        if code in (0x60, 0x61):
            return self._unlock(code == 0x61, block // 4, request[2:])
        if self._sector != block // 4:
            return self._silence(NO_ANSWER)
        if code == 0x30:
            return 0, self.blocks[block]
        if code == 0xA0 and len(request) == 2 + BLOCK_BYTES and self._may_write and block % 4 == 3:
            return self._change_keys(block // 4, request[2:])
        if code == 0xA0 and len(request) == 2 + BLOCK_BYTES and self._may_write:
            kept = BLOCK_BYTES // 2 if self.is_torn else BLOCK_BYTES
            self.blocks[block] = request[2 : 2 + kept] + self.blocks[block][kept:]
            return 0, b""
        return self._silence(NO_ANSWER)

    def _unlock(self, writing, sector, fields):
        if fields != self.keys[sector][writing] + self.uid[-4:]:
            return self._silence(REFUSED)
        is_factory = self.access[sector] == FACTORY_ACCESS
        if is_factory and writing:  # where key B can be read it opens nothing
            return self._silence(REFUSED)
        self._sector, self._may_write = sector, writing or is_factory
        return 0, b""

    def _change_keys(self, sector, trailer):
        if trailer[6:9] not in (FACTORY_ACCESS, OUR_ACCESS):
            return self._silence(NO_ANSWER)
        if not self.is_torn:
            self.keys[sector], self.access[sector] = (trailer[:6], trailer[10:]), trailer[6:9]
        return 0, b""

    def _silence(self, status):
        self.field_off()
        self._is_silent = True
        return status, b""
