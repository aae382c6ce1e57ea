"""Policies of witnesses as c2sp.org/tlog-policy writes them: what counts, and which files are refused."""

import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tracewire.errors import Rejected

from cloud.ledger import policy
from cloud.ledger.note import KeyType, VerifierKey


def _key(name: str, key_type: KeyType = KeyType.COSIGNATURE_V1) -> VerifierKey:
    return VerifierKey(name, key_type, Ed25519PrivateKey.generate().public_key().public_bytes_raw())


X1, X2, X3, Y1, Y2 = (_key(f"{name}.example") for name in ("x1", "x2", "x3", "y1", "y2"))
LOG = _key("market.example/log", KeyType.ED25519)
STANDARD = f"""\
# two organisations
log {LOG}
witness X1 {X1} https://x1.example/
witness X2 {X2}
\twitness X3  {X3}
group X-witnesses 2 X1 X2 X3

witness Y1 {Y1}
witness Y2 {Y2}
group Y-witnesses any Y1 Y2
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_a_quorum_of_groups_is_met_as_the_standard_says() -> None:
    read = policy.parse(STANDARD.encode())
    assert (read.logs, read.keys, read.witnesses[0].url) == ((LOG,), (X1, X2, X3, Y1, Y2), "https://x1.example/")
    assert read.is_met([X1, X3, Y2])
    assert not read.is_met([X1, X2, X3])
    assert not read.is_met([X1, Y1, Y2])
    assert not read.is_met([])


def test_witnessed_until_is_the_last_moment_at_which_enough_had_cosigned() -> None:
    read = policy.at_least(2, [X1, X2, X3])
    assert read.met_until({X1: 300, X2: 100, X3: 200}) == 200
    assert read.met_until({X1: 300}) is None


def test_no_quorum_needs_no_witness() -> None:
    assert policy.parse(b"quorum none\n").is_met([])


@pytest.mark.parametrize("threshold", [0, 3])
def test_a_threshold_that_cannot_be_met_is_refused(threshold: int) -> None:
    with pytest.raises(Rejected, match=r"policy\.threshold"):
        policy.at_least(threshold, [X1, X2])


REFUSED = {
    "no quorum": f"witness X1 {X1}\n",
    "two quorums": "quorum none\nquorum none\n",
    "a name used before it is defined": f"group g any X1\nwitness X1 {X1}\nquorum g\n",
    "a name twice": f"witness X1 {X1}\nwitness X1 {X2}\nquorum X1\n",
    "a key twice under two names": f"witness X1 {X1}\nwitness X2 {X1}\nquorum X1\n",
    "a member of two groups": f"witness X1 {X1}\ngroup a any X1\ngroup b any X1\nquorum a\n",
    "more than there are": f"witness X1 {X1}\ngroup a 2 X1\nquorum a\n",
    "none of any": f"witness X1 {X1}\ngroup a 0 X1\nquorum a\n",
    "an empty group": "group a any\nquorum a\n",
    "a log's key for a witness": f"witness X1 {LOG}\nquorum X1\n",
    "a witness's key for a log": f"log {X1}\nquorum none\n",
    "a word it does not know": "wittness\nquorum none\n",
    "the reserved name": f"witness none {X1}\nquorum none\n",
}


@pytest.mark.parametrize("defect", REFUSED)
def test_a_policy_with_a_defect_is_refused(defect: str) -> None:
    with pytest.raises(Rejected, match=r"policy\."):
        policy.parse(REFUSED[defect].encode())


@given(data=st.binary(max_size=200) | st.text(alphabet="loggroupwitness quorum123 \n\t#", max_size=80).map(str.encode))
def test_nothing_but_rejected_comes_out_of_foreign_bytes(data: bytes) -> None:
    with contextlib.suppress(Rejected):
        policy.parse(data)
