"""One device as a person meets it: its kind, its place, what its goods keys sell, and the cards that lie beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from simulators.devices.kinds import COUNTER_SCALE, Kind, Words
from simulators.site import Stall

FOREIGN_CARD = bytes.fromhex("3b6800000073c84013009000")
"""What a bus card answers with: no card of ours."""


@dataclass(frozen=True)
class Card:
    """A card to tap; ``style`` is how it looks: "ours", "foreign" or "broken"."""

    name: str
    label: Words
    style: str
    contents: bytes = field(repr=False)


@dataclass(frozen=True)
class Face:
    """Everything about a device that does not change while it is used."""

    name: str
    kind: Kind
    place: str
    goods: dict[str, tuple[str, int]]
    """Key name -> (name of the goods, fen per kg)."""
    cards: tuple[Card, ...]

    def card(self, name: str) -> Card | None:
        """Return the card of this name, or None when there is none."""
        return next((card for card in self.cards if card.name == name), None)

    def description(self) -> dict[str, object]:
        """Return what the page needs to draw it; the contents of cards stay here."""
        return {
            "name": self.name,
            "kind": self.kind,
            "place": self.place,
            "goods": {key: {"name": name, "fen": fen} for key, (name, fen) in self.goods.items()},
            "cards": [{"name": card.name, "label": card.label, "style": card.style} for card in self.cards],
        }


def of_stall(stall: Stall, stalls: Sequence[Stall], lots: dict[str, str]) -> Face:
    """Return the counter scale of ``stall``; ``lots`` names the lot of each seller code."""
    return Face(
        name=stall.scale,
        kind=COUNTER_SCALE,
        place=stall.name,
        goods={f"plu{number}": (name, fen) for number, name, fen in stall.goods},
        cards=tuple(_cards(stall, stalls, lots)),
    )


def _cards(own: Stall, stalls: Sequence[Stall], lots: dict[str, str]) -> Iterator[Card]:
    whole = own.card(lots[own.seller_code])
    yield Card("seller", Words(f"{own.seller}的卡", f"{own.seller}'s card"), "ours", whole)
    for other in stalls:
        if other is not own:
            contents = other.card(lots[other.seller_code])
            yield Card(other.scale, Words(f"{other.seller}的卡", f"{other.seller}'s card"), "ours", contents)
    yield Card("foreign", Words("公交卡", "Bus card"), "foreign", FOREIGN_CARD)
    yield Card("broken", Words("坏卡", "Broken card"), "broken", whole[: len(whole) // 2])
