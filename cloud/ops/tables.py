"""Tables of the projection ``fleet``, and nothing else: one row per device, per day of it, and per health record.

Why the newest state carries the sequence number it comes from, group by group: records arrive late and out of order,
and an old battery voltage must not overwrite a newer one. Why days of China Standard Time: a market opens at four in
the morning, and a day of UTC would end in the middle of its busiest hour.
"""

import re

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table

TABLES = MetaData()

_NUMBER = re.compile("[0-9]+")
_RANK_DIGITS = 10

DAY_MS = 86_400_000
MARKET_OFFSET_MS = 8 * 3_600_000
"""China Standard Time, the one civil time of the country (GB/T 7408)."""

HEALTH = (
    "uptime_s",
    "journal_pending",
    "journal_permille",
    "flash_hours",
    "battery_mv",
    "battery_percent",
    "signal_dbm",
    "temperature_millidegrees",
    "zero_drift_grams",
    "refused",
    "slips_owed",
    "heap_low_bytes",
)
"""Numbers of a health record that are kept as the newest state, under their names in the record."""

BOOT = ("software", "security_version", "model", "e_grams", "verification_code", "seal_number")
"""Fields of a boot record that are kept, under their names in the record."""

_WORDS = ("software", "model", "verification_code", "seal_number")

devices = Table(
    "fleet_devices",
    TABLES,
    Column("device", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("standing", String, nullable=False),  # of its key, when its newest record was accepted
    Column("records", BigInteger, nullable=False),
    Column("newest_seq", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),  # moment of the newest record
    Column("heard_ms", BigInteger, nullable=False),  # our own clock when one was last committed
    Column("changed_index", BigInteger, nullable=False, index=True),  # ledger index of the last record taken in
    Column("health_seq", BigInteger, nullable=False),
    Column("health_ms", BigInteger),
    *(Column(name, BigInteger) for name in HEALTH),
    Column("storage", String),
    Column("boot_seq", BigInteger, nullable=False),
    Column("boot_ms", BigInteger),
    Column("boot_cause", String),
    *(Column(name, String if name in _WORDS else BigInteger) for name in BOOT),
    Column("boots", BigInteger, nullable=False),
    Column("resets", BigInteger, nullable=False),  # boots that nobody wanted: watchdog, brownout
    Column("lock_seq", BigInteger, nullable=False),
    Column("lock_ms", BigInteger),
    Column("lock", String),  # case_opened, locked or unlocked
    Column("printer_seq", BigInteger, nullable=False),
    Column("printer_ms", BigInteger),
    Column("printer", String),  # ok, paper_out, jam
    Column("alarm_seq", BigInteger, nullable=False),
    Column("alarm_ms", BigInteger),
    Column("alarm", String),  # newest audit event that should not happen
    Column("alarm_detail", String),
    Column("session_seq", BigInteger, nullable=False),
    Column("session_ms", BigInteger),
    Column("session", String),  # in or out
    Column("stall", String),  # as the seller's card says
    Column("seller_code", String),  # whose card it is
)

days = Table(
    "fleet_days",
    TABLES,
    Column("device", String, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970-01-01, China Standard Time
    Column("records", BigInteger, nullable=False),
    Column("weighings", BigInteger, nullable=False),
    Column("sales", BigInteger, nullable=False),
    Column("grams", BigInteger, nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("boots", BigInteger, nullable=False),
    Column("resets", BigInteger, nullable=False),
    Column("hours", BigInteger, nullable=False),  # bit n: the device said something in hour n of the day
    Index("fleet_days_by_day", "day"),
    sqlite_with_rowid=False,
)

unmatched = Table(
    "fleet_unmatched",
    TABLES,
    Column("device", String, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("weighing_seq", BigInteger, nullable=False),  # its own, or the one that a sale refers to
    Column("kind", String, nullable=False),  # weighing, or sale
    Column("day", Integer, nullable=False),
    Column("moment_ms", BigInteger, nullable=False),
    Column("grams", BigInteger, nullable=False),
    Index("fleet_unmatched_by_weighing", "device", "weighing_seq"),
    Index("fleet_unmatched_by_day", "day"),
)

points = Table(
    "fleet_points",
    TABLES,
    Column("device", String, primary_key=True),
    Column("moment_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("zero_drift_grams", BigInteger),
    Column("journal_pending", BigInteger),
    Column("battery_mv", BigInteger),
    Column("battery_percent", BigInteger),
    Column("signal_dbm", BigInteger),
    Column("temperature_millidegrees", BigInteger),
)

software = Table(
    "fleet_software",
    TABLES,
    Column("model", String, primary_key=True),
    Column("software", String, primary_key=True),
    Column("rank", String, nullable=False),  # its name as text that sorts by version
)

visits = Table(
    "fleet_visits",
    TABLES,
    Column("device", String, primary_key=True),  # the handheld
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", String, nullable=False),  # seller code of whom it was about
    Column("moment_ms", BigInteger, nullable=False),
    Column("visit", String, nullable=False),
    Column("finding", String),
    Column("note", String),
    Index("fleet_visits_by_subject", "subject", "moment_ms"),
)


def rank_of(software: str) -> str:
    """Return the name of a release with its numbers as wide as each other, so that 1.10 sorts behind 1.9."""
    return _NUMBER.sub(lambda number: number[0].zfill(_RANK_DIGITS), software)


def day_of(moment_ms: int) -> int:
    """Return the day of the market on which a moment lies."""
    return (moment_ms + MARKET_OFFSET_MS) // DAY_MS


def start_of(day: int) -> int:
    """Return the Unix milliseconds at which a day of the market begins."""
    return day * DAY_MS - MARKET_OFFSET_MS


def hour_of(moment_ms: int) -> int:
    """Return the hour of the market's day, 0 to 23."""
    return (moment_ms + MARKET_OFFSET_MS) // 3_600_000 % 24
