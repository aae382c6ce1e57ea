"""What a satellite receiver says, for virtual handhelds: a position at a time, a lost sky, and sentences gone wrong."""

import random
from datetime import UTC, datetime


def sentence(body: str) -> bytes:
    """Return ``body`` between "$" and its checksum."""
    checksum = 0
    for octet in body.encode("ascii"):
        checksum ^= octet
    return f"${body}*{checksum:02X}\r\n".encode("ascii")


def position(latitude: float, longitude: float, *, hdop: float = 0.9, at: datetime | None = None) -> bytes:
    """Return one second of a receiver that sees the sky: RMC, GGA, GSA."""
    moment = at or datetime.now(UTC)
    where = (
        f"{_angle(latitude, 2)},{'N' if latitude >= 0 else 'S'},{_angle(longitude, 3)},{'E' if longitude >= 0 else 'W'}"
    )
    return b"".join(
        map(
            sentence,
            (
                f"GNRMC,{moment:%H%M%S}.00,A,{where},0.02,,{moment:%d%m%y},,,A",
                f"GNGGA,{moment:%H%M%S}.00,{where},1,12,{hdop:.1f},14.2,M,8.1,M,,",
                f"GNGSA,A,3,01,02,03,04,,,,,,,,,1.8,{hdop:.1f},1.4",
            ),
        )
    )


def lost() -> bytes:
    """Return one second of a receiver under a roof."""
    return sentence("GNRMC,,V,,,,,,,,,,N") + sentence("GNGGA,,,,,,0,00,99.9,,,,,,") + sentence("GNGSA,A,1" + "," * 15)


def hostile(chance: random.Random, lines: int) -> bytes:
    """Return what a broken cable or an attacker may send: lines cut, flipped, foreign, impossible; never a position."""
    return b"".join(_broken(chance) for _ in range(lines))


def _broken(chance: random.Random) -> bytes:
    good = position(chance.uniform(-90, 90), chance.uniform(-180, 180)).splitlines(keepends=True)[1]
    at = chance.randrange(1, len(good) - 5)
    match chance.randrange(4):
        case 0:
            return good[:at] + b"\r\n"
        case 1:
            return good[:at] + bytes((good[at] ^ 1 << chance.randrange(8),)) + good[at + 1 :]
        case 2:
            return chance.randbytes(chance.randrange(400)) + b"\n"
        case _:
            return sentence(f"GNGGA,250000,{chance.randrange(10**12)}.,N,-1,E,1,99,x,,,,,,")


def _angle(degrees: float, digits: int) -> str:
    whole, minutes = divmod(round(abs(degrees) * 60_000_000), 60_000_000)
    return f"{whole:0{digits}d}{minutes // 1_000_000:02d}.{minutes % 1_000_000:06d}"
