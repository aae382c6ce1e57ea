"""One device as a person meets it: its kind, its place, what its goods keys sell, the cards and codes beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from simulators.devices.kinds import Kind, Words
from simulators.site import Stall

FOREIGN_CARD = bytes.fromhex("3b6800000073c84013009000")
"""What a bus card answers with: no card of ours."""


@dataclass(frozen=True)
class Card:
    """A card to tap; ``style`` is how it looks: "ours", "lot", "foreign" or "broken"."""

    name: str
    label: Words
    style: str
    contents: bytes = field(repr=False)


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


def seller_cards(own: Stall, stalls: Sequence[Stall], lots: dict[str, str]) -> Iterator[Card]:
    """Yield what lies beside the scale of ``own``; ``lots`` names the lot of each seller code."""
    whole = own.card(lots[own.seller_code])
    yield Card("seller", Words(f"{own.seller}的卡", f"{own.seller}'s card"), "ours", whole)
    for other in stalls:
        if other is not own:
            contents = other.card(lots[other.seller_code])
            yield Card(other.scale, Words(f"{other.seller}的卡", f"{other.seller}'s card"), "ours", contents)
    yield from no_cards(whole)


def no_cards(whole: bytes) -> Iterator[Card]:
    """Yield a card that is not ours, and one that broke while it was ``whole``."""
    yield Card("foreign", Words("公交卡", "Bus card"), "foreign", FOREIGN_CARD)
    yield Card("broken", Words("坏卡", "Broken card"), "broken", whole[: len(whole) // 2])
