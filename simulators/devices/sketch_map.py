"""A sketch of Xiamen for walking about with a handheld: outlines drawn by hand, right to about a kilometre."""

from dataclasses import dataclass

from simulators.devices.kinds import Words

Point = tuple[float, float]
"""Latitude, longitude in degrees."""


@dataclass(frozen=True)
class Place:
    """Somewhere an inspector goes."""

    name: str
    label: Words
    latitude: float
    longitude: float


@dataclass(frozen=True)
class SketchMap:
    """What the page draws: bounds, land, places."""

    south: float
    north: float
    west: float
    east: float
    land: tuple[tuple[Point, ...], ...]
    places: tuple[Place, ...]

    def holds(self, latitude: float, longitude: float) -> bool:
        """Tell whether a point is on it; one that is no number is not."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


_ISLAND = (
    (24.556, 118.105), (24.552, 118.135), (24.541, 118.160), (24.520, 118.185), (24.497, 118.197), (24.470, 118.192),
    (24.444, 118.175), (24.430, 118.150), (24.424, 118.120), (24.432, 118.095), (24.443, 118.078), (24.457, 118.070),
    (24.480, 118.071), (24.503, 118.072), (24.525, 118.075), (24.543, 118.083),
)  # fmt: skip
_GULANGYU = (
    (24.453, 118.064), (24.450, 118.070), (24.445, 118.071), (24.441, 118.066), (24.443, 118.060), (24.449, 118.058),
)  # fmt: skip
_WEST = (
    (24.62, 117.98), (24.44, 117.98), (24.440, 118.010), (24.452, 118.035), (24.475, 118.045), (24.505, 118.035),
    (24.530, 118.040), (24.550, 118.045), (24.575, 118.075), (24.572, 118.100), (24.585, 118.125), (24.605, 118.138),
    (24.62, 118.150),
)  # fmt: skip
_EAST = (
    (24.62, 118.185), (24.595, 118.190), (24.565, 118.215), (24.545, 118.235), (24.535, 118.26), (24.62, 118.26),
)  # fmt: skip

XIAMEN = SketchMap(
    south=24.40,
    north=24.62,
    west=117.98,
    east=118.26,
    land=(_WEST, _EAST, _ISLAND, _GULANGYU),
    places=(
        Place("market", Words("第八市场", "8th Market"), 24.4600, 118.0765),
        Place("wholesale", Words("中埔批发", "Wholesale"), 24.5010, 118.1290),
        Place("jimei", Words("集美", "Jimei"), 24.5800, 118.0950),
        Place("xiangan", Words("翔安", "Xiang'an"), 24.5850, 118.2300),
    ),
)
