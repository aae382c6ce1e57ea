"""Numbers as a person reads them: kilograms, yuan, Beijing time, codes in groups."""

from datetime import UTC, datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))
"""One time for the whole country; a fixed offset needs no time-zone files."""


def weighed(grams: int) -> str:
    """Return a weight as the scale showed it: kilograms with three decimals."""
    return f"{grams / 1000:.3f} kg"


def kilograms(grams: int) -> str:
    """Return grams as kilograms, exactly, without zeros that say nothing."""
    whole, _, decimals = f"{grams / 1000:,.3f}".partition(".")
    return f"{whole}.{decimals[0]}{decimals[1:].rstrip('0')} kg"


def jin(grams: int) -> str:
    """Return grams in the 500 g unit that Chinese markets speak."""
    return f"{grams / 500:.2f}"


def yuan(fen: int) -> str:
    """Return fen as yuan."""
    return f"{fen // 100:,}.{fen % 100:02d}"


def moment(time_ms: int) -> str:
    """Return Unix milliseconds as date and time in China."""
    return _at(time_ms).strftime("%Y-%m-%d %H:%M")


def day(time_ms: int) -> str:
    """Return Unix milliseconds as a date in China."""
    return _at(time_ms).strftime("%Y-%m-%d")


def machine_time(time_ms: int) -> str:
    """Return Unix milliseconds for a ``datetime`` attribute."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds")


def groups(code: str) -> list[str]:
    """Return a code in groups of four for the eye; the page joins them without a character between."""
    return [code[start : start + 4] for start in range(0, len(code), 4)]


def _at(time_ms: int) -> datetime:
    # A device may believe in a time beyond the calendar; the page must not stop at it.
    latest_ms = 253_402_214_400_000  # 9999-12-31
    return datetime.fromtimestamp(min(time_ms, latest_ms) / 1000, _BEIJING)
