"""Unix milliseconds as a person reads them in China; by integers, because a board's own calendar may start in 2000."""

OFFSET_MS = 8 * 3600 * 1000  # China Standard Time; no daylight saving


def write(time_ms: int) -> str:
    """Write Unix milliseconds as local date and time, "2026-09-20 08:31:05"."""
    seconds = (time_ms + OFFSET_MS) // 1000
    year, month, day = _civil(seconds // 86400)
    second = seconds % 86400
    return "%04d-%02d-%02d %02d:%02d:%02d" % (year, month, day, second // 3600, second // 60 % 60, second % 60)


def _civil(days: int) -> "tuple[int, int, int]":
    """Gregorian date of a day counted from 1970-01-01, in 400-year eras whose years begin in March."""
    era, day_of_era = divmod(days + 719468, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    return year_of_era + era * 400 + (month <= 2), month, day
