"""One recall from its first decision to what closes it: where the lot went, who was told when, what was destroyed.

A case is read from ledger, graph and feed each time somebody asks, and kept nowhere: it cannot disagree with them. It
begins with the first decision that stops the lot and is closed by a release, or by a destruction of which every gram is
accounted for (``destruction.py``). A lot that nobody stopped has a case too, which is a drill: the same lists, and
nobody was told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tracewire.errors import Rejected

from cloud.batches.flags import RELEASING, STOPPING
from cloud.batches.stock import Stop
from cloud.db.engine import Store
from cloud.recall import destruction
from cloud.recall.destruction import Destruction, Obstacle
from cloud.recall.notices import Notices, Told
from cloud.registry import RegistryFile
from cloud.trace.evidence import Evidence
from cloud.trace.forward import Fate, Labelling, spread

MOST_STEPS = 10_000
"""As many as a freeze follows (``enforce.py``)."""


class State(StrEnum):
    """Where a case stands."""

    DRILL = "drill"  # nobody decided anything: the lists, for exercise
    OPEN = "open"
    ORDERED = "ordered"  # destruction is ordered, and not everything is accounted for
    DESTROYED = "destroyed"
    RELEASED = "released"


@dataclass(frozen=True)
class Ordered:
    """A decision about the lot, as the ledger has it at ``index``; who it was is a commitment there."""

    index: int
    word: str
    reason: str
    console: str
    moment_ms: int
    committed_ms: int


@dataclass(frozen=True)
class Case:
    """The newest recall of a lot; masses in grams, moments in Unix milliseconds."""

    lot: str
    goods: str
    state: State
    decisions: tuple[Ordered, ...]
    fates: tuple[Fate, ...]
    """The lot and everything made of it."""
    told: tuple[Told, ...]
    """Who sold of it first, then everybody else who could have."""
    destructions: tuple[Destruction, ...]
    obstacles: tuple[Obstacle, ...]
    """Why a destruction does not close it yet."""
    sales: int
    sold_grams: int
    left_grams: int
    """What should be left where that is known; what is not known is among the obstacles."""
    labels: tuple[Labelling, ...]
    """Labels of counties on the lot and on everything made of it."""
    is_complete: bool
    """False when more was made of the lot, or more labels are on it, than a case follows."""


class RecallView:
    """Answers what became of recalls."""

    def __init__(self, ledger: Store, graph: Store, registry: RegistryFile) -> None:
        self._ledger = ledger
        self._graph = graph
        self._registry = registry

    def tell(self, lot: str) -> Case:
        """Return the newest case of a lot; ``Rejected("trace.unknown")`` for a code that no lot has."""
        roll = self._registry.current()
        with self._graph.reader.connect() as graph, self._ledger.reader.connect() as ledger:
            evidence = Evidence(ledger, graph, roll)
            way = spread(evidence, lot, MOST_STEPS)
            if way.fates[0].lot != lot:
                raise Rejected("trace.unknown", "a slip is not recalled, its lot is")
            decisions = _ordered(evidence, newest_case(evidence.stocks([lot])[0].decisions))
            notices = Notices.read(ledger, graph, way, decisions[0].committed_ms if decisions else None)
            destructions = destruction.of_case(evidence, way)
            obstacles = destruction.obstacles(evidence, way, destructions)
        return Case(
            lot=lot,
            goods=way.fates[0].goods,
            state=_state(decisions, obstacles),
            decisions=decisions,
            fates=way.fates,
            told=tuple(notices.told(roll, way)),
            destructions=tuple(destructions),
            obstacles=tuple(obstacles),
            sales=sum(fate.sales for fate in way.fates),
            sold_grams=way.sold_grams,
            left_grams=sum(fate.left_grams or 0 for fate in way.fates),
            labels=way.labels,
            is_complete=way.is_complete and not way.more_labels,
        )


def newest_case(decisions: Sequence[Stop]) -> list[Stop]:
    """Return the decisions from the last one that stopped a lot anew to the one that released it, if any."""
    case: list[Stop] = []
    for decision in decisions:
        if decision.word in STOPPING and (not case or case[-1].word in RELEASING):
            case = [decision]
        elif case and case[-1].word not in RELEASING:
            case.append(decision)
    return case


def _ordered(evidence: Evidence, case: Sequence[Stop]) -> tuple[Ordered, ...]:
    entries = evidence.entries([decision.index for decision in case])
    found = {entry.index: entry for entry in entries}
    return tuple(
        Ordered(
            index=decision.index,
            word=decision.word,
            reason=found[decision.index].body["reason"],
            console=found[decision.index].device,
            moment_ms=decision.moment_ms,
            committed_ms=found[decision.index].committed_ms,
        )
        for decision in case
    )


def _state(decisions: Sequence[Ordered], obstacles: Sequence[Obstacle]) -> State:
    if not decisions:
        return State.DRILL
    newest = decisions[-1].word
    if newest in RELEASING:
        return State.RELEASED
    if newest != "destroy":
        return State.OPEN
    return State.ORDERED if obstacles else State.DESTROYED
