"""What a kind of device is, as data: the page draws it, and hands are let at nothing else.

A new kind is one more `Kind` in ``four_kinds.py``: its process speaks the front panel protocol of
``simulators/board/README.md``. A part that no kind had before also needs a `Part` in ``parts/`` and a drawing in
``page/parts/``.
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
    """A block of keys in rows of ``columns``; ``style`` is how the block looks: "goods", "digits", "functions", …"""

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
    """What the load receptor can bear: ready goods, and loose ones up to ``loose_grams``.

    ``style`` is how it looks: "plate", "platform" or "rail".
    """

    style: str
    goods: tuple[Goods, ...]
    loose_grams: int
    step_grams: int = 5


@dataclass(frozen=True)
class Kind:
    """A kind of device; a part that is empty, None or False is not there. What only one board has, its board says."""

    name: str
    label: Words
    model: str
    lamps: tuple[Lamp, ...] = ()
    keypad: tuple[Keys, ...] = ()
    pan: Pan | None = None
    has_printer: bool = False
    has_case_switch: bool = False

    def has_key(self, name: str) -> bool:
        """Tell whether there is a key of this name."""
        return any(key.name == name for block in self.keypad for key in block.keys)
