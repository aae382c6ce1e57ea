"""One device as a person meets it: its kind, its place, what its goods keys sell, the cards and codes beside it."""

from dataclasses import dataclass, field

from simulators.devices.cards import Card
from simulators.devices.kinds import Kind, Words


@dataclass(frozen=True)
class Code:
    """Something to scan; ``style`` is how it looks: "mark", "forged" or "label"."""

    name: str
    label: Words
    style: str
    text: bytes = field(repr=False)


@dataclass(frozen=True)
class Face:
    """Everything about a device that does not change while it is used."""

    name: str
    kind: Kind
    place: str
    goods: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Key name -> (name of the goods, fen per kg)."""
    cards: tuple[Card, ...] = ()
    codes: tuple[Code, ...] = ()
