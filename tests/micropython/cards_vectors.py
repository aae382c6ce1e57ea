"""Published numbers for the card cryptography: RFC 4493, NIST SP 800-38B, NXP AN10922 and AN12196.

Runs on both interpreters; tests/firmware/test_cards_vectors.py starts it. Prints how many held.
"""

import sys
from binascii import unhexlify as octets

from cards import cmac, ev2, sun
from tracewire.errors import Rejected

ZERO_KEY = bytes(16)

RFC_KEY = octets("2b7e151628aed2a6abf7158809cf4f3c")
RFC_MESSAGE = octets(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
RFC_TAGS = (
    (0, "bb1d6929e95937287fa37d129b756746"),
    (16, "070a16b46b4d4144f79bdd9dd04a287c"),
    (20, "7d85449ea6ea19c823a7bf78837dfade"),  # SP 800-38B D.1, example 3
    (40, "dfa66747de9ae63030ca32611497c827"),
    (64, "51f0bebf7e3b9d92fc49741779363cfe"),
)

# AN12196 §5.6, §5.10, §5.14: (key, their challenge encrypted, ours, our answer, session keys)
HANDSHAKES = (
    (
        "A04C124213C186F22399D33AC2A30215",
        "13C5DB8A5930439FC3DEF9A4C675360F",
        "35C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D",
        "3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F08120663",
        "9D00C4DF",
        "1309C877509E5A215007FF0ED19CA564",
        "4C6626F5E72EA694202139295C7A7FC7",
    ),
    (
        "B875CEB0E66A6C5CD00898DC371F92D1",
        "B98F4C50CF1C2E084FD150E33992B048",
        "FF0306E47DFBC50087C4D8A78E88E62DE1E8BE457AA477C707E2F0874916A8B1",
        "0CC9A8094A8EEA683ECAAC5C7BF20584206D0608D477110FC6B3D5D3F65C3A6A",
        "7614281A",
        "7A93D6571E4B180FCA6AC90C9A7488D4",
        "FC4AF159B62E549B5812394CAB1918CC",
    ),
)

MESSAGE_FILE = octets(
    "0051D1014D550463686F6F73652E75726C2E636F6D2F6E7461673432343F653D"
    "3030303030303030303030303030303030303030303030303030303030303030"
    "26633D3030303030303030303030303030303000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000"
)


class FactoryKeys:
    """The keys of the application note's chip: all zero, the same for every number."""

    meta = ZERO_KEY

    def mac(self, uid):
        return ZERO_KEY


def is_foreign(call, *arguments):
    try:
        call(*arguments)
    except Rejected as refusal:
        return refusal.code == "card.foreign"
    return False


def test_cmac_of_rfc_4493_and_sp_800_38b():
    for length, tag in RFC_TAGS:
        assert cmac.tag(RFC_KEY, RFC_MESSAGE[:length]) == octets(tag)


def test_key_of_a_card_of_an10922():
    master = octets("00112233445566778899AABBCCDDEEFF")
    what = octets("04782E21801D80") + octets("3042F5") + octets("4E585020416275")
    assert cmac.diversify(master, what) == octets("A8DD63A3B89D54B37CA802473FDA9175")


def test_first_handshakes_of_an12196():
    for theirs, ours, answer, proof, transaction, encryption_key, mac_key in HANDSHAKES:
        handshake = ev2.Handshake(ZERO_KEY, octets(ours))
        assert handshake.answer(octets(theirs)) == octets(answer)
        session = handshake.finish(octets(proof))
        assert session.transaction == octets(transaction)
        assert session.encryption_key == octets(encryption_key)
        assert session.mac_key == octets(mac_key)


def test_a_card_that_turns_another_challenge_is_refused():
    theirs, ours, _, proof = HANDSHAKES[0][:4]
    handshake = ev2.Handshake(ZERO_KEY, octets(ours[:-1] + "0"))
    handshake.answer(octets(theirs))
    assert is_foreign(handshake.finish, octets(proof))


def test_the_second_handshake_of_an12196_answers_as_printed():
    handshake = ev2.Handshake(ZERO_KEY, octets("60BE759EDA560250AC57CDDC11743CF6"))
    answer = handshake.answer(octets("A6A2B3C572D06C097BB8DB70463E22DC"))
    assert answer == octets("BE7D45753F2CAB85F34BC60CE58B940763FE969658A532DF6D95EA2773F6E991")
    before = ev2.Session(bytes(16), bytes(16), octets("7614281A"), 1)
    session = handshake.finish(octets("B888349C24B315EAB5B589E279C8263E"), before)
    assert (session.transaction, session.commands) == (octets("7614281A"), 1)
    assert session.encryption_key == octets("4CF3CB41A22583A61E89B158D252FC53")
    assert session.mac_key == octets("5529860B2FC5FB6154B7F28361D30BF9")


def test_writes_of_an12196_are_wrapped_as_printed():
    session = ev2.Session(octets(HANDSHAKES[0][5]), octets(HANDSHAKES[0][6]), octets("9D00C4DF"))
    assert session.wrap(0x8D, octets("02000000800000"), MESSAGE_FILE) == octets(
        "908D00009F02000000800000421C73A27D827658AF481FDFF20A5025B559D0E3AA21E58D347F343CFFC768BFE596C706BC00F217"
        "6781D4B0242642A0FF5A42C461AAF894D9A1284B8C76BCFA658ACD40555D362E08DB15CF421B51283F9064BCBE20E96CAE545B40"
        "7C9D651A3315B27373772E5DA2367D2064AE054AF996C6F1F669170FA88CE8C4E3A4A7BBBEF0FD971FF532C3A802AF745660F2B4"
        "D1D9A8499661EBF300"
    )
    assert session.unwrap(octets("FC222E5F7A542452")) == b""
    assert session.wrap(0x5F, octets("02"), octets("4000E0C1F121200000430000430000")) == octets(
        "905F0000190261B6D97903566E84C3AE5274467E89EAD799B7C1A0EF7A0400"
    )
    assert session.unwrap(octets("57BFF87B1241E93D")) == b""

    session = ev2.Session(octets(HANDSHAKES[1][5]), octets(HANDSHAKES[1][6]), octets("7614281A"))
    assert session.wrap(0x8D, octets("030000000A0000"), octets("0102030405060708090A")) == octets(
        "908D00001F030000000A00006B5E6804909962FC4E3FF5522CF0F8436C0C53315B9C73AA00"
    )
    assert session.unwrap(octets("C26D236E4A7C046D")) == b""
    assert is_foreign(session.unwrap, octets("C26D236E4A7C046C"))


def test_the_message_of_a_tap_of_an12196():
    message = MESSAGE_FILE.replace(b"0" * 32, b"EF963FF7828658A599F3041510671E88", 1)
    message = message.replace(b"0" * 16, b"94EED9EE65337086", 1)
    tap = sun.verify(message, FactoryKeys())
    assert (tap.uid, tap.count) == (octets("04DE5F1EACC040"), 61)
    assert is_foreign(sun.verify, message.replace(b"337086", b"337087"), FactoryKeys())


def main():
    names = sorted([name for name in globals() if name.startswith("test_")])
    for name in names:
        globals()[name]()
    print(sys.implementation.name, len(names), "held")


if __name__ == "__main__":
    main()
