"""Notes, keys and checkpoints as C2SP writes them: known values, independent signatures, and every bent bit."""

import base64
import contextlib
import hashlib
import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st
from tracewire.errors import Misuse, Rejected

from cloud.ledger import checkpoint, log_keys, note
from cloud.ledger.checkpoint import Checkpoint
from cloud.ledger.log_keys import LogKeys
from cloud.ledger.merkle import EMPTY_ROOT
from cloud.ledger.note import KeyType, VerifierKey

# The example of golang.org/x/mod/sumdb/note, which C2SP made a standard of.
KNOWN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
KNOWN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
"""The text of the example in c2sp.org/tlog-checkpoint."""

TIME_S = 1_795_000_000


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> LogKeys:
    return log_keys.create(tmp_path_factory.mktemp("log"), "market.example/log")


@pytest.fixture(scope="module")
def sealed(keys: LogKeys) -> bytes:
    return checkpoint.seal(_some(keys), keys.signers, TIME_S)


def _some(keys: LogKeys) -> Checkpoint:
    return Checkpoint(keys.origin, 70_000, hashlib.sha256(b"root").digest())


def test_a_known_note_and_its_key_are_read_and_hold() -> None:
    key, parsed = note.parse_key(KNOWN_KEY), note.parse(KNOWN_NOTE.encode())
    assert str(key) == KNOWN_KEY
    (line,) = parsed.signatures
    assert (line.name, line.key_id) == (key.name, key.key_id)
    Ed25519PublicKey.from_public_bytes(key.public).verify(line.value, parsed.text.encode())
    assert note.encode(parsed.text, parsed.signatures) == KNOWN_NOTE.encode()


def test_the_example_of_the_standard_is_read_and_written_alike() -> None:
    parsed = checkpoint.parse(SOFA)
    assert (parsed.origin, parsed.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert parsed.text == SOFA


def test_extension_lines_of_other_logs_are_read() -> None:
    assert checkpoint.parse(SOFA + "more\n").extensions == ("more",)


def test_a_sealed_checkpoint_opens_to_what_was_sealed(keys: LogKeys, sealed: bytes) -> None:
    assert checkpoint.open_note(sealed, keys.public) == _some(keys)


def test_an_outsider_checks_both_signatures_from_the_standards_alone(keys: LogKeys, sealed: bytes) -> None:
    text, lines = sealed.decode().split("\n\n")
    origin, size, root = text.split("\n")
    for line, vkey in zip(lines.splitlines(), (str(key) for key in keys.public), strict=True):
        dash, name, encoded = line.split(" ")
        vkey_name, hex_id, encoded_key = vkey.split("+", 2)
        key, value = base64.b64decode(encoded_key), base64.b64decode(encoded)
        assert (dash, name, vkey_name) == ("—", origin, origin)
        assert value[:4].hex() == hex_id == hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8]
        if key[0] == 1:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(value[4:], text.encode() + b"\n")
        else:
            assert (key[0], len(value)) == (6, 4 + 8 + 2420)
            named = bytes([len(name)]) + name.encode()
            message = b"subtree/v1\n\0" + named + value[4:12] + named
            message += struct.pack(">QQ", 0, int(size)) + base64.b64decode(root)
            assert struct.unpack(">Q", value[4:12]) == (TIME_S,)
            MLDSA44PublicKey.from_public_bytes(key[1:]).verify(value[12:], message)


def test_a_note_without_one_of_the_signatures_asked_for_is_refused(keys: LogKeys) -> None:
    for signer in keys.signers:
        half = checkpoint.seal(_some(keys), [signer], TIME_S)
        assert checkpoint.open_note(half, [signer.key]) == _some(keys)
        with pytest.raises(Rejected, match=r"checkpoint\.signature"):
            checkpoint.open_note(half, keys.public)
    with pytest.raises(Rejected, match=r"checkpoint\.signature"):
        checkpoint.open_note(half, [])


def test_lines_of_unknown_keys_are_ignored(keys: LogKeys, sealed: bytes) -> None:
    assert checkpoint.open_note(sealed + "— witness.example AAAAAAAA\n".encode(), keys.public) == _some(keys)


def test_a_wrong_signature_beside_a_right_one_is_refused(keys: LogKeys, sealed: bytes) -> None:
    wrong = note.Signature(keys.origin, keys.public[0].key_id, bytes(64))
    parsed = note.parse(sealed)
    with pytest.raises(Rejected, match=r"checkpoint\.signature"):
        checkpoint.open_note(note.encode(parsed.text, [*parsed.signatures, wrong]), keys.public)


@given(data=st.data())
def test_every_flipped_bit_is_refused(keys: LogKeys, sealed: bytes, data: st.DataObject) -> None:
    bent = bytearray(sealed)
    place = data.draw(st.integers(0, len(sealed) - 1))
    bent[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Rejected):
        checkpoint.open_note(bytes(bent), keys.public)


@given(data=st.binary(max_size=400) | st.text(alphabet="— +=A1\n", max_size=60).map(str.encode))
def test_nothing_but_rejected_comes_out_of_foreign_bytes(keys: LogKeys, data: bytes) -> None:
    with contextlib.suppress(Rejected):
        note.parse(data)
    with pytest.raises(Rejected):
        checkpoint.open_note(data, keys.public)
    with contextlib.suppress(Rejected):
        checkpoint.parse(data.decode("latin-1"))
    with contextlib.suppress(Rejected):
        note.parse_key(data.decode("latin-1"))


@given(value=st.binary(min_size=1, max_size=80), which=st.integers(0, 1))
def test_a_signature_of_any_length_is_refused_not_crashed_on(keys: LogKeys, value: bytes, which: int) -> None:
    key = keys.public[which]
    with pytest.raises(Rejected, match=r"checkpoint\.signature"):
        forged = note.encode(_some(keys).text, [note.Signature(key.name, key.key_id, value)])
        checkpoint.open_note(forged, [key])


ROOT = base64.b64encode(bytes(32)).decode()
BROKEN = {
    "two lines": "log\n1\n",
    "no final newline": f"log\n1\n{ROOT}",
    "an empty line": f"log\n\n1\n{ROOT}\n",
    "an empty origin": f"\n1\n{ROOT}\n",
    "a leading zero": f"log\n01\n{ROOT}\n",
    "a sign": f"log\n+1\n{ROOT}\n",
    "another script's digits": f"log\n１\n{ROOT}\n",
    "a size beyond 63 bits": f"log\n{10**30}\n{ROOT}\n",
    "a short root": "log\n1\nAAAA\n",
    "base64 in another spelling": f"log\n1\n{ROOT[:-2]}B=\n",
    "an empty log with a root": f"log\n0\n{ROOT}\n",
}


@pytest.mark.parametrize("defect", BROKEN)
def test_a_text_that_is_no_checkpoint_is_refused(defect: str) -> None:
    with pytest.raises(Rejected):
        checkpoint.parse(BROKEN[defect])


def test_an_empty_log_has_a_checkpoint(keys: LogKeys) -> None:
    empty = Checkpoint(keys.origin, 0, EMPTY_ROOT)
    assert checkpoint.open_note(checkpoint.seal(empty, keys.signers, TIME_S), keys.public) == empty


def test_a_verifier_key_with_another_keys_id_is_refused(keys: LogKeys) -> None:
    with pytest.raises(Rejected, match=r"note\.key"):
        note.parse_key(KNOWN_KEY.replace("c74f20a3", "c74f20a4"))
    for key in keys.public:
        assert note.parse_key(str(key)) == key


def test_keys_are_private_and_made_once(tmp_path: Path) -> None:
    made = log_keys.create(tmp_path)
    assert made.origin.startswith("chengxin/log/")
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "log_ed25519.pem": 0o600,
        "log_mldsa44.pem": 0o600,
        "log.vkey": 0o644,
    }
    assert log_keys.load(tmp_path).public == made.public
    with pytest.raises(Misuse, match=r"log\.exists"):
        log_keys.create(tmp_path)


def test_a_crash_while_keys_are_made_is_mended_by_the_next_attempt(tmp_path: Path) -> None:
    first = log_keys.create(tmp_path, "market.example/log")
    (tmp_path / "log.vkey").unlink()
    (tmp_path / "log.vkey.new").write_bytes(b"half")
    (tmp_path / "log_mldsa44.pem").unlink()
    second = log_keys.create(tmp_path, "market.example/log")
    assert second.public[0] == first.public[0]
    assert second.public[1] != first.public[1]
    assert log_keys.load(tmp_path).public == second.public


@pytest.mark.parametrize("name", ["a b", "a+b", "a\nb", "\u3000", "x" * 256, "\ud800"])
def test_a_name_that_no_note_can_carry_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misuse, match=r"log\.origin"):
        log_keys.create(tmp_path, name)


def test_keys_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    log_keys.create(tmp_path, "market.example/log")
    other = VerifierKey(
        "market.example/log", KeyType.ED25519, Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    )
    (tmp_path / "log.vkey").write_text(f"{other}\n", encoding="utf-8")
    with pytest.raises(Misuse, match=r"log\.keys"):
        log_keys.load(tmp_path)
    (tmp_path / "log.vkey").write_text("nonsense", encoding="utf-8")
    with pytest.raises(Misuse, match=r"log\.keys"):
        log_keys.load(tmp_path)
    (tmp_path / "log_mldsa44.pem").write_bytes((tmp_path / "log_ed25519.pem").read_bytes())
    with pytest.raises(Misuse, match=r"log\.keys"):
        log_keys.load(tmp_path)
