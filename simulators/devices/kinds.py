"""Which parts a kind of device has, as data: the page draws them, the panel lets hands at nothing else.

A new kind is one more `Kind`: its process speaks the front panel protocol of ``simulators/board/README.md``. A part
that no kind had before also needs a drawing in ``page/parts.js`` and a hand in ``panel.py``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One label in both languages of the page."""

    zh: str
    en: str


@dataclass(frozen=True)
class Key:
    """A key: its name on the panel line, its label, and the keyboard key that presses it while the device has focus."""

    name: str
    label: Words
    shortcut: str = ""


@dataclass(frozen=True)
class Keys:
    """A block of keys in rows of ``columns``; ``style`` is how the block looks: "goods", "digits" or "functions"."""

    style: str
    columns: int
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Lamp:
    """A lamp: its name on the panel line, its label, its colour ("green", "amber", "red", "blue")."""

    name: str
    label: Words
    colour: str


@dataclass(frozen=True)
class Goods:
    """Something ready to be put on the pan; ``name`` is also its drawing."""

    name: str
    label: Words
    grams: int


@dataclass(frozen=True)
class Pan:
    """What can lie on the load receptor: ready goods, and loose ones up to ``loose_grams``."""

    goods: tuple[Goods, ...]
    loose_grams: int


@dataclass(frozen=True)
class Kind:
    """A kind of device and its parts; a part that is empty, None or False is not there."""

    name: str
    label: Words
    model: str
    lamps: tuple[Lamp, ...] = ()
    keypad: tuple[Keys, ...] = ()
    pan: Pan | None = None
    has_card_reader: bool = False
    has_printer: bool = False

    def has_key(self, name: str) -> bool:
        """Tell whether there is a key of this name."""
        return any(key.name == name for block in self.keypad for key in block.keys)


def _digit(number: int) -> Key:
    return Key(f"digit{number}", Words(str(number), str(number)), str(number))


COUNTER_SCALE = Kind(
    name="counter_scale",
    label=Words("溯源电子秤", "Counter scale"),
    model="CX-S15 · Max 15 kg · e = 5 g",
    lamps=(
        Lamp("stable", Words("稳定", "stable"), "green"),
        Lamp("zero", Words("零位", "zero"), "green"),
        Lamp("net", Words("去皮", "net"), "amber"),
        Lamp("link", Words("联网", "link"), "blue"),
        Lamp("pending", Words("待传", "pending"), "amber"),
        Lamp("alarm", Words("报警", "alarm"), "red"),
    ),
    keypad=(
        Keys("goods", 4, tuple(Key(f"plu{n}", Words(f"商品 {n}", f"PLU {n}"), f"F{n}") for n in range(1, 9))),
        Keys("digits", 3, tuple(_digit(n) for n in (7, 8, 9, 4, 5, 6, 1, 2, 3, 0))),
        Keys(
            "functions", 1,
            (
                Key("zero", Words("置零", "Zero"), "z"),
                Key("tare", Words("去皮", "Tare"), "t"),
                Key("clear", Words("清除", "Clear"), "c"),
            ),
        ),
    ),
    pan=Pan(
        goods=(
            Goods("bowl", Words("不锈钢碗", "Steel bowl"), 185),
            Goods("belly", Words("五花肉", "Pork belly"), 520),
            Goods("ribs", Words("排骨", "Ribs"), 1200),
            Goods("crate", Words("整筐肉", "Full crate"), 16_500),
        ),
        loose_grams=5000,
    ),
    has_card_reader=True,
    has_printer=True,
)  # fmt: skip
"""The scale of a retail stall (``firmware/app/scale``); the full crate is there to show overload."""
