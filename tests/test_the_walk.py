"""The eleven steps exist, once each, in order, and each names its neighbours."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADLINE = re.compile(r'^"""Step (\d+) of 11, ([a-z ]+):', re.MULTILINE)
NEIGHBOUR = re.compile(r"^(Before|After): ([\w./]+)", re.MULTILINE)

WALK = {
    1: ("weigh", "firmware/app/scale/weighing.py"),
    2: ("sign", "firmware/lib/tracewire/cose.py"),
    3: ("journal", "firmware/app/device/journal.py"),
    4: ("publish", "firmware/app/device/publisher.py"),
    5: ("gateway verify", "edge/verify.py"),
    6: ("gateway store", "edge/outbox.py"),
    7: ("gateway forward", "edge/forwarder.py"),
    8: ("cloud verify", "cloud/ingest/verify.py"),
    9: ("ledger", "cloud/ledger/log.py"),
    10: ("batch link", "cloud/batches/link.py"),
    11: ("trace view", "cloud/trace/view.py"),
}


def headlines() -> dict[int, list[tuple[str, str]]]:
    """Every headline of a step in the sources: number -> [(verb, file)]."""
    found: dict[int, list[tuple[str, str]]] = {}
    for folder in ("firmware", "edge", "cloud"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            headline = HEADLINE.match(path.read_text(encoding="utf-8"))
            if headline:
                found.setdefault(int(headline[1]), []).append((headline[2], str(path.relative_to(ROOT))))
    return found


def test_every_step_has_one_home_file() -> None:
    assert headlines() == {number: [step] for number, step in WALK.items()}


def test_every_step_names_the_file_before_and_the_file_after() -> None:
    for number, (_, path) in WALK.items():
        named = dict(NEIGHBOUR.findall((ROOT / path).read_text(encoding="utf-8")))
        if number > 1:
            assert named["Before"] == WALK[number - 1][1], path
        if number < 11:
            assert named["After"] == WALK[number + 1][1], path


def test_the_readme_shows_the_walk_as_links_in_order() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    places = [readme.find(f"]({path})") for _, path in WALK.values()]
    assert -1 not in places
    assert places == sorted(places)
