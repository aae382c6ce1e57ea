"""Numbered words of the records that a counter scale seals; all others stand in ``vocabulary``, which has these too.

Why apart: words are objects in a device's heap, and a scale speaks few of them. Rules as in ``vocabulary``.
"""

TARE_MODES = ("none", "measured", "preset", "proportional")
"""OPC 40200 TareMode."""

BOOT_CAUSES = ("other", "power_on", "watchdog", "command", "update", "brownout")
CLOCK_SOURCES = (
    "other",
    "person",
    "gateway",
    "gnss",
    "rtc",
    "floor",  # the board's clock had lost the time: it went on from the newest moment the device can prove
    "cloud",
)
SESSION_ACTIONS = ("out", "in")
CLOCK_QUALITIES = ("unknown", "rtc", "signed", "drifted")

AUDIT_EVENTS = (
    "other",
    "case_opened",
    "locked",
    "unlocked",
    "seal_changed",
    "parameter_changed",
    "firmware_changed",
    "clock_stepped",
    "journal_nearly_full",
    "journal_damaged",
    "key_changed",
    "rollback_detected",
    "printer_fault",
    "power_fault",
    "tag_repeated",  # an ear tag that was already weighed came to the rail again
    "disposal_mismatch",  # what was to be destroyed does not weigh what was condemned
    "downlink_refused",  # something came down that nobody we trust has sealed for us, now
    "lots_frozen",  # another set of lots may not be sold
    "card_unsettled",  # a card was changed elsewhere before it was written: its stock may be wrong
    "card_refused",  # a card was held to the device that is not ours, copied, set back, damaged, or taken away too soon
    "tag_refused",  # the reader at the rail said something damaged, or no ear tag of this line's animals
    "overdrawn",  # somebody would have sold more of a lot than there is
    "stops_changed",  # other sellers may not sell, or other cards are lost
)


def number(words: "tuple[str, ...]", word: str) -> int:
    """Return the wire number of ``word``; ``ValueError`` when it is not in ``words`` (our own spelling mistake)."""
    return words.index(word)
