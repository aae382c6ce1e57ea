"""Numbered words of the records: the position in a tuple is the number on the wire (spec 4.4).

Why tuples and not an enum: MicroPython has none, and a reader of a record needs the word. New words are added at the
end; a position is never given to another word, because sealed records keep the number for ever. Position 0 is
"other" wherever a person may meet something that has no word yet.
"""

from tracewire.words import (
    AUDIT_EVENTS,
    BOOT_CAUSES,
    CLOCK_QUALITIES,
    CLOCK_SOURCES,
    SESSION_ACTIONS,
    TARE_MODES,
    number,
)

__all__ = (
    "AUDIT_EVENTS",
    "BOOT_CAUSES",
    "CARCASS_SIDES",
    "CLOCK_QUALITIES",
    "CLOCK_SOURCES",
    "DECISIONS",
    "DOCUMENTS",
    "FINDINGS",
    "IDENTIFICATIONS",
    "LOT_SOURCES",
    "MOVEMENTS",
    "SAMPLING_PLANS",
    "SESSION_ACTIONS",
    "TARE_MODES",
    "TEST_METHODS",
    "TEST_RESULTS",
    "VISITS",
    "number",
)

CARCASS_SIDES = ("whole", "left", "right")

MOVEMENTS = ("other", "transfer", "split", "merge", "transform", "dispose")
"""What happened to lots; transfer changes the owner, transform makes other goods (carcass to cuts)."""

DOCUMENTS = (
    "other",
    "animal_quarantine_cross_province",  # 动物检疫合格证明（动物A）
    "animal_quarantine_in_province",  # 动物B
    "product_quarantine_cross_province",  # 产品A
    "product_quarantine_in_province",  # 产品B
    "meat_quality_inspection",  # 肉品品质检验合格证
    "origin_proof",  # 产地证明
    "purchase_voucher",  # 购货凭证
    "conformity",  # 承诺达标合格证
    "vehicle_disinfection",  # 车辆消毒证
    "import_quarantine",  # 入境货物检验检疫证明
    "test_report",  # 检验报告
)

LOT_SOURCES = (
    "other",
    "planting",
    "breeding",
    "processing",
    "import",
    "first_tier_wholesale",
    "grain_trade",
    "slaughter",
)
"""Who may create a code at a source (源头赋码, Licheng plan 三(六)); slaughter codes a day's carcasses."""

VISITS = ("other", "patrol", "enforcement", "sampling")
"""日常巡查, 执法检查, 抽样监测 (Zhengzhou art. 11.3)."""

IDENTIFICATIONS = ("typed", "scanned", "sealed_mark")
"""How a visit knows whom it visits: code keyed in (flagged), mark 电子身份标识 scanned, mark whose seal holds."""

FINDINGS = ("other", "in_order", "mismatch", "device_fault", "violation")
"""What a visit found; mismatch: goods and trace data differ (Fujian order 147 art. 9, Zhengzhou art. 8)."""

SAMPLING_PLANS = ("other", "routine", "scheduled", "unscheduled")
"""例行监测, 专项监测 by plan or not."""

TEST_METHODS = ("other", "rapid", "laboratory")
TEST_RESULTS = ("pending", "pass", "fail")

DECISIONS = ("other", "admit", "suspend", "freeze", "recall", "release", "destroy", "block_card", "unblock_card")
"""The last two: a card of the subject is lost 挂失, or found again."""
