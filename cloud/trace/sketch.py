"""A small picture of the way: stops from the source to the stall on one line, those of one city in one field.

Not to scale, because records say in which county something happened and not where; and drawn here as SVG, because a map
service would learn who looks at which slip.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import escape

from cloud.trace.story import Story
from cloud.web import divisions

MOST_STOPS = 6
_STOP, _MARGIN, _HEIGHT = 84, 8, 108
_LINE_Y, _CITY_Y, _KIND_Y, _PLACE_Y = 56, 24, 42, 78
_LONGEST = 7
"""Characters of a label that fit under a stop."""

_STYLE = (
    "text{font:11px system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;text-anchor:middle;fill:#22261f}"
    ".s{fill:#5d6156}.f{fill:#f1ecdd}.l{stroke:#b0281c;stroke-width:2;stroke-dasharray:1 5;stroke-linecap:round}"
    ".d{fill:#b0281c}@media(prefers-color-scheme:dark){text{fill:#ece8dc}.s{fill:#a9ab9d}.f{fill:#2a2d26}"
    ".l{stroke:#d4513f}.d{fill:#d4513f}}"
)


@dataclass(frozen=True)
class Stop:
    """One dot: what happened, where, and in which city."""

    kind: str
    place: str
    city: str


def stops(story: Story, say: Callable[..., str]) -> list[Stop]:
    """Return the stops from the source on, one for what happened at one place; the middle ones of a long way go."""
    found = [
        Stop(say(f"station.{station.kind}"), station.place or "", divisions.city_of(station.division or ""))
        for station in reversed(story.stations)
    ]
    if story.sale is not None:
        found.append(Stop(say("station.sale"), story.sale.market or "", divisions.city_of(story.sale.division or "")))
    distinct = [stop for place, stop in enumerate(found) if place == 0 or stop != found[place - 1]]
    if len(distinct) <= MOST_STOPS:
        return distinct
    return [*distinct[: MOST_STOPS // 2], *distinct[-MOST_STOPS // 2 :]]


def draw(found: Sequence[Stop]) -> str:
    """Return the picture as the address of an image; nothing for a way of less than two stops."""
    if len(found) < 2:
        return ""
    width = _STOP * len(found) + 2 * _MARGIN
    middles = [_MARGIN + _STOP * place + _STOP // 2 for place in range(len(found))]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}"><style>{_STYLE}</style>',
        *_fields(found),
        f'<path class="l" d="M{middles[0]} {_LINE_Y}H{middles[-1]}"/>',
    ]
    for middle, stop in zip(middles, found, strict=True):
        parts.append(f'<circle class="d" cx="{middle}" cy="{_LINE_Y}" r="5"/>')
        parts.append(_text(middle, _KIND_Y, stop.kind, "s"))
        parts += [_text(middle, _PLACE_Y + 13 * row, line) for row, line in enumerate(_lines(stop.place))]
    picture = "".join([*parts, "</svg>"])
    return "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()


def _fields(found: Sequence[Stop]) -> list[str]:
    """Return one field for each stretch of stops in one city, with its name."""
    parts, first = [], 0
    for city, group in groupby(found, key=lambda stop: stop.city):
        count = len(list(group))
        left, width = _MARGIN + _STOP * first + 2, _STOP * count - 4
        parts.append(f'<rect class="f" x="{left}" y="6" width="{width}" height="{_HEIGHT - 10}" rx="10"/>')
        parts.append(_text(left + width // 2, _CITY_Y, city))
        first += count
    return parts


def _lines(place: str) -> list[str]:
    """Break a name in two lines; what is longer is cut, the story below has it in full."""
    if len(place) > 2 * _LONGEST:
        place = place[: 2 * _LONGEST - 1] + "…"
    return [place[start : start + _LONGEST] for start in range(0, len(place), _LONGEST)]


def _text(x: int, y: int, words: str, style: str = "") -> str:
    marked = f' class="{style}"' if style else ""
    return f'<text x="{x}" y="{y}"{marked}>{escape(words)}</text>'
