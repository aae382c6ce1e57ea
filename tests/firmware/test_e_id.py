"""Who stands before the inspector: scanned with proof, scanned without, keyed in, or a forgery."""

import pytest
from handheld import e_id
from tracewire import mark, p256
from tracewire.errors import Rejected

CLOUD, STRANGER = p256.SigningKey(bytes(range(1, 33))), p256.SigningKey(bytes(range(2, 34)))
ISSUERS = [p256.VerifyingKey(CLOUD.point)]
STALL = mark.Mark("3502000010101", 7, "林记鲜肉", 1_790_000_000_000)
PREFIX = "https://trace.example/e/"


def test_a_sealed_mark_of_our_cloud_proves_the_party() -> None:
    subject = e_id.scanned(mark.issue(PREFIX, STALL, CLOUD).encode(), ISSUERS)
    assert subject.fields() == {"subject": STALL.party, "identified_by": e_id.SEALED_MARK, "mark": 7}
    assert subject.name == "林记鲜肉"


def test_a_plain_mark_and_one_of_an_unknown_cloud_only_name_the_party() -> None:
    for text in (PREFIX + STALL.party, mark.issue(PREFIX, STALL, STRANGER)):
        subject = e_id.scanned(text.encode(), ISSUERS)
        assert subject.fields() == {"subject": STALL.party, "identified_by": e_id.SCANNED}


def test_a_subject_keyed_in_is_marked_as_not_scanned() -> None:
    assert e_id.typed("3502000010101").fields() == {"subject": "3502000010101", "identified_by": e_id.TYPED}


def test_a_mark_with_a_false_seal_is_a_forgery() -> None:
    sealed = mark.issue(PREFIX, STALL, CLOUD)
    for text in (sealed.replace("3502000010101#", "3502000010102#"), sealed[:-4] + "AAAA", sealed[:-40]):
        with pytest.raises(Rejected) as refusal:
            e_id.scanned(text.encode(), ISSUERS)
        assert refusal.value.code == "mark.forged"
