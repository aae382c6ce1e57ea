"""The messages of an enrolment: what is refused, and what a console line looks like."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor, enrolment
from tracewire.errors import Rejected


@given(st.binary(max_size=4000))
def test_a_message_comes_back_from_its_line(message: bytes) -> None:
    line = enrolment.to_line(message)
    assert line.count("\n") == 1
    assert enrolment.from_line(line) == message


@pytest.mark.parametrize("line", ["", "\n", "rst:0x1 (POWERON_RESET)\n", "cx2 AAAA\n"])
def test_other_lines_are_not_ours(line: str) -> None:
    assert enrolment.from_line(line) is None


@pytest.mark.parametrize(
    "message",
    [
        [1, 2],
        {2: "name"},
        {1: 9},
        {1: [1]},
        {1: enrolment.ASK, 2: "scale-0001", 3: bytes(32)},
        {1: enrolment.ASK, 2: "scale-0001", 3: "nonce", 4: 0},
        {1: enrolment.INSTALLED, 2: b"", 3: b""},
        {1: enrolment.INSTALL, 2: [["config.cbor"]]},
        {1: enrolment.INSTALL, 2: [[1, b""]]},
    ],
    ids=[
        "array",
        "no kind",
        "unknown kind",
        "list as kind",
        "missing field",
        "wrong type",
        "unknown field",
        "file without contents",
        "file without name",
    ],
)
def test_a_misshapen_message_is_refused(message: object) -> None:
    with pytest.raises(Rejected):
        enrolment.decode_message(cbor.encode(message))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_statement_or_refused(payload: bytes) -> None:
    with contextlib.suppress(Rejected):
        enrolment.decode_statement(payload)


def test_a_statement_comes_back_whole() -> None:
    said = enrolment.Statement(
        enrolment.STORED, name="scale-0001", point=bytes(65), nonce=bytes(32), proof=b"digest", first_seq=7
    )
    again = enrolment.decode_statement(said.encode())
    assert vars(again) == vars(said)


def test_the_digest_depends_on_names_contents_and_order() -> None:
    files: list[list[list[object]]] = [
        [["a", b"1"], ["b", b"2"]],
        [["b", b"2"], ["a", b"1"]],
        [["a", b"1"], ["b", b"3"]],
        [["a", b"1"], ["c", b"2"]],
    ]
    assert len({enrolment.digest_of(each) for each in files}) == len(files)
