"""One measured figure beside its bar."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, as text with its unit; `bar` is empty and `holds` None where nothing is promised."""

    what: str
    measured: str
    bar: str = ""
    holds: bool | None = None


def at_most(what: str, value: float, bar: float, unit: str, digits: int = 0) -> Figure:
    """Return a figure that must not exceed `bar`."""
    return Figure(what, f"{value:.{digits}f} {unit}", f"≤ {bar:g} {unit}", value <= bar)


def at_least(what: str, value: float, bar: float, unit: str, digits: int = 1) -> Figure:
    """Return a figure that must reach `bar`."""
    return Figure(what, f"{value:.{digits}f} {unit}", f"≥ {bar:g} {unit}", value >= bar)
