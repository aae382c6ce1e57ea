"""NMEA 0183: what a receiver says is read to the metre and the second, and nothing it can say does any harm."""

from datetime import UTC, datetime

import pytest
from handheld import nmea
from handheld.nmea import LONGEST_LINE, Receiver
from hypothesis import given
from hypothesis import strategies as st

GGA = b"GNGGA,062115.00,2428.7902,N,11805.1830,E,1,12,0.9,14.2,M,8.1,M,,"
RMC = b"GNRMC,062115.00,A,2428.7902,N,11805.1830,E,0.02,,221126,,,A"
GSA = b"GNGSA,A,3,01,02,03,04,,,,,,,,,1.8,1.1,1.4"
GSA_NO_FIX = b"GNGSA,A,1,,,,,,,,,,,,,99.9,99.9,99.9"


def line(body: bytes) -> bytes:
    return b"$%s*%02X\r\n" % (body, nmea.checksum(body))


def heard(*bodies: bytes) -> Receiver:
    receiver = Receiver()
    receiver.feed(b"".join(map(line, bodies)), 1000)
    return receiver


def changed(body: bytes, **fields: bytes) -> bytes:
    """The sentence with fields replaced: ``f2=b"..."``."""
    parts = body.split(b",")
    for name, value in fields.items():
        parts[int(name[1:])] = value
    return b",".join(parts)


def test_a_fix_has_microdegrees_accuracy_quality_and_the_moment_it_came() -> None:
    fix = heard(GGA).fix
    assert vars(fix) == {
        "latitude_microdegrees": 24_479_837,
        "longitude_microdegrees": 118_086_383,
        "accuracy_mm": 4500,
        "quality": 1,
        "ticks_ms": 1000,
    }


@pytest.mark.parametrize("talker", [b"GN", b"GP", b"BD", b"GB"])
def test_combined_gps_and_beidou_talkers_are_heard(talker: bytes) -> None:
    assert heard(talker + GGA[2:]).fix is not None


def test_other_talkers_and_sentences_are_sound_and_not_for_us() -> None:
    receiver = heard(b"GL" + GGA[2:], b"GNVTG,,T,,M,0.02,N,0.04,K,A", b"PUBX,00")
    assert (receiver.fix, receiver.sentences, receiver.garbled) == (None, 3, 0)


def test_south_and_west_are_negative() -> None:
    fix = heard(changed(GGA, f3=b"S", f5=b"W")).fix
    assert (fix.latitude_microdegrees, fix.longitude_microdegrees) == (-24_479_837, -118_086_383)


@pytest.mark.parametrize("quality", [b"0", b"6", b"7", b"8"])
def test_what_satellites_did_not_measure_is_no_fix(quality: bytes) -> None:
    receiver = heard(changed(GGA, f6=quality))
    assert (receiver.fix, receiver.quality, receiver.garbled) == (None, int(quality), 0)


@pytest.mark.parametrize("denial", [RMC.replace(b",A,", b",V,", 1), GSA_NO_FIX])
def test_a_receiver_that_contradicts_itself_is_not_believed(denial: bytes) -> None:
    receiver = heard(denial, GGA)
    assert (receiver.fix, receiver.quality) == (None, 0)
    receiver.feed(line(RMC) + line(GSA) + line(GGA), 2000)
    assert receiver.fix is not None


def test_without_an_hdop_in_gga_that_of_gsa_counts() -> None:
    assert heard(GSA, changed(GGA, f8=b"")).fix.accuracy_mm == 5500
    receiver = heard(changed(GGA, f8=b""))
    assert (receiver.fix, receiver.garbled) == (None, 1)


def test_the_last_fix_stays_with_its_moment_when_the_sky_is_lost() -> None:
    receiver = heard(GGA)
    receiver.feed(line(changed(GGA, f2=b"", f3=b"", f4=b"", f5=b"", f6=b"0", f8=b"")), 9000)
    assert (receiver.fix.ticks_ms, receiver.quality) == (1000, 0)


@given(st.integers(946_684_800_000, 4_102_444_799_999))
def test_utc_is_read_as_the_calendar_has_it(utc_ms: int) -> None:
    moment = datetime.fromtimestamp(utc_ms // 1000, UTC)
    clock = f"{moment:%H%M%S}.{utc_ms % 1000:03d}".encode()
    assert heard(changed(RMC, f1=clock, f9=f"{moment:%d%m%y}".encode())).utc_ms == utc_ms


@given(st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))
def test_every_microdegree_on_earth_survives(latitude: int, longitude: int) -> None:
    fix = heard(changed(GGA, f2=minutes(latitude, 2), f3=b"S" if latitude < 0 else b"N",
                        f4=minutes(longitude, 3), f5=b"W" if longitude < 0 else b"E")).fix  # fmt: skip
    assert (fix.latitude_microdegrees, fix.longitude_microdegrees) == (latitude, longitude)


def minutes(microdegrees: int, degree_digits: int) -> bytes:
    degrees, rest = divmod(abs(microdegrees), 1_000_000)
    whole, fraction = divmod(rest * 60, 1_000_000)
    return b"%0*d%02d.%06d" % (degree_digits, degrees, whole, fraction)


@pytest.mark.parametrize(
    "body",
    [
        changed(GGA, f2=b"9000.0001"),
        changed(GGA, f2=b"2460.0000"),
        changed(GGA, f2=b"-428.7902"),
        changed(GGA, f2=b"2428.79e2"),
        changed(GGA, f2=b"24_8.7902"),
        changed(GGA, f3=b"E"),
        changed(GGA, f3=b"NS"),
        changed(GGA, f3=b""),
        changed(GGA, f4=b"18000.0001"),
        changed(GGA, f4=b""),
        changed(GGA, f6=b""),
        changed(GGA, f6=b"11"),
        changed(GGA, f8=b"0.0"),
        changed(GGA, f8=b"-1"),
        changed(GGA, f8=b"100.00"),
        changed(GGA, f8=b"9" * 40),
        GGA + b",",
        b"GNGGA",
        changed(RMC, f1=b"246000"),
        changed(RMC, f1=b"06211"),
        changed(RMC, f2=b"X"),
        changed(RMC, f9=b"290226"),
        changed(RMC, f9=b"001126"),
        changed(RMC, f9=b"221326"),
        changed(GSA, f2=b"4"),
    ],
)
def test_impossible_fields_under_a_sound_checksum_are_counted_and_change_nothing(body: bytes) -> None:
    receiver = heard(body)
    assert (receiver.fix, receiver.utc_ms, receiver.garbled, receiver.sentences) == (None, None, 1, 0)


@pytest.mark.parametrize(
    "stream",
    [
        line(GGA).replace(b"2428", b"2429"),
        line(GGA).replace(b"*", b""),
        line(GGA)[1:],
        line(GGA)[:-4] + b"\r\n",
        line(GGA + b"\x80"),
        b"\xb5\x62\x01\x07\x5c\x00" + line(GGA)[1:],
        b"$*00\r\n",
        b"$" * 2 + b"\r\n",
        b"x" * (LONGEST_LINE * 50) + b"\n",
    ],
)
def test_a_damaged_line_is_counted_and_changes_nothing(stream: bytes) -> None:
    receiver = Receiver()
    receiver.feed(stream, 0)
    assert receiver.fix is None
    assert receiver.garbled >= 1


def test_a_sentence_that_lost_its_end_costs_only_itself() -> None:
    receiver = Receiver()
    receiver.feed(line(RMC)[:30] + line(GGA), 0)
    assert receiver.fix is not None
    assert (receiver.sentences, receiver.garbled) == (1, 1)


@given(st.lists(st.one_of(st.binary(max_size=200), st.sampled_from([line(GGA), line(RMC), line(GSA), b"$", b"\r\n"]))))
def test_no_bytes_raise_and_no_bytes_grow_the_line(pieces: list[bytes]) -> None:
    receiver = Receiver()
    for piece in pieces:
        receiver.feed(piece, 0)
        assert len(receiver._line) <= LONGEST_LINE


@given(st.lists(st.sampled_from([GGA, RMC, GSA, GSA_NO_FIX, b"", b"\xff" * 90]), max_size=8), st.integers(1, 90))
def test_the_stream_may_be_cut_anywhere(bodies: list[bytes], step: int) -> None:
    stream = b"".join(map(line, bodies))
    whole, pieces = Receiver(), Receiver()
    whole.feed(stream, 7)
    for start in range(0, len(stream), step):
        pieces.feed(stream[start : start + step], 7)
    assert (whole.sentences, whole.garbled, whole.utc_ms) == (pieces.sentences, pieces.garbled, pieces.utc_ms)
    assert (whole.fix is None) == (pieces.fix is None)


@given(st.binary(min_size=1, max_size=4), st.integers(1, len(line(GGA)) - 3))
def test_one_changed_byte_never_moves_the_position(noise: bytes, at: int) -> None:
    sentence = line(GGA)
    receiver = Receiver()
    receiver.feed(sentence[:at] + noise[:1] + sentence[at + 1 :], 0)
    assert receiver.fix is None or vars(receiver.fix) == vars(heard(GGA).fix) | {"ticks_ms": 0}


@given(st.lists(st.text("0123456789.,-+NSEWAV", max_size=12), max_size=20), st.sampled_from(["GGA", "RMC", "GSA"]))
def test_hostile_fields_under_a_sound_checksum_do_no_harm(fields: list[str], kind: str) -> None:
    receiver = heard(",".join(["GP" + kind, *fields]).encode()[:110])
    if receiver.fix is not None:
        assert abs(receiver.fix.latitude_microdegrees) <= 90_000_000
        assert 0 < receiver.fix.accuracy_mm <= 500_000
