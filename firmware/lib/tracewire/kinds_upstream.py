"""Rows of the kinds that are sealed before goods reach a stall: carcasses, lots, movements, documents (spec 4)."""

from tracewire.fields import COUNT, LOT_CODE, MASS, NAME, PARTY, SEQ, TIME, Digits, Number, Octets, Rows, Text, Word
from tracewire.record import CARCASS, DOCUMENT, LOT, MOVEMENT
from tracewire.vocabulary import CARCASS_SIDES, DOCUMENTS, LOT_SOURCES, MOVEMENTS

FIELDS = {
    CARCASS: lambda: (
        (1, "carcass", LOT_CODE, True),
        (2, "lot", LOT_CODE, True),
        (3, "hot_grams", Number(0x7FFFFFFF, 1), True),
        (4, "side", Word(CARCASS_SIDES), True),
        (5, "ear_tag", Digits(15, 15), False),
        (6, "hook", COUNT, False),
        (7, "weighing_back", SEQ, False),
    ),
    LOT: lambda: (
        (1, "lot", LOT_CODE, True),
        (2, "source", Word(LOT_SOURCES), True),
        (3, "goods", NAME, True),
        (4, "goods_code", Digits(14, 4), False),
        (5, "place", NAME, True),
        (6, "division", Digits(6, 6), True),
        (7, "head_count", COUNT, False),
        (8, "net_grams", MASS, False),
    ),
    MOVEMENT: lambda: (
        (1, "movement", Word(MOVEMENTS), True),
        (2, "inputs", Rows((LOT_CODE, MASS), 32), True),
        (3, "outputs", Rows((LOT_CODE, MASS), 32), False),
        (4, "from_party", PARTY, False),
        (5, "to_party", PARTY, False),
        (6, "voucher", Text(32), False),
        (7, "waste_grams", MASS, False),
        (8, "goods", NAME, False),
        (9, "weighing_back", SEQ, False),
    ),
    DOCUMENT: lambda: (
        (1, "lot", LOT_CODE, True),
        (2, "document", Word(DOCUMENTS), True),
        (3, "number", Text(40), True),
        (4, "issuer", NAME, False),
        (5, "issued_ms", TIME, False),
        (6, "valid_until_ms", TIME, False),
        (7, "document_digest", Octets(32), False),
    ),
}
