"""How often a slip was looked up: counted by day and city, with nothing of who it was, and a second city is said."""

import sqlite3
from collections.abc import Callable

import pytest

from cloud.config import load
from cloud.trace.scans import city_of
from cloud.web import divisions
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

HEADER = "X-Visitor-City"
Look = Callable[..., str]


@pytest.fixture
def slip(cloud: CloudUnderTest, market: Market) -> str:
    """Return the code of a slip, in a cloud whose reverse proxy names cities."""
    path = cloud.config.directory / "cloud.toml"
    path.write_text(path.read_text(encoding="utf-8") + f'visitor_city_header = "{HEADER}"\n', encoding="utf-8")
    cloud.stop()
    cloud.config = load(cloud.config.directory)
    cloud.start()
    code = market.sell(market.pork_for())
    cloud.deliver(market.envelope())
    cloud.catch_up()
    return code


@pytest.fixture
def look(cloud: CloudUnderTest) -> Look:
    """Open a page as somebody in a city and return it."""

    def look(code: str, city: str = "", **headers: str) -> str:
        answer = cloud.public.get(f"/t/{code}?lang=en", headers={HEADER: city} | headers)
        assert answer.status_code == 200
        return answer.text

    return look


def test_each_visit_is_counted_and_the_next_one_told(slip: str, look: Look) -> None:
    assert "for the first time (counted since 20" in look(slip)
    assert "1 times before, first on 20" in look(slip)
    assert "2 times before" in look(slip)


def test_a_second_city_is_a_warning(slip: str, look: Look) -> None:
    look(slip, "350203")
    look(slip, "350206")
    assert "may have been copied" not in look(slip)  # two districts of one city, and a visitor of whom nobody says
    assert "looked up in 2 cities" in look(slip, "Quanzhou")
    assert "looked up in 2 cities" in look(slip)


def test_a_page_fetched_ahead_and_a_lots_page_count_nothing(cloud: CloudUnderTest, slip: str, look: Look) -> None:
    look(slip, **{"Sec-Purpose": "prefetch;prerender"})
    lot = cloud.public.get(f"/v1/trace/{slip}").json()["lot"]
    assert "times before" not in look(lot)
    assert "for the first time" in look(slip)


def test_nothing_of_who_it_was_is_kept(cloud: CloudUnderTest, slip: str, look: Look) -> None:
    look(slip, "350203", **{"User-Agent": "a rare browser", "X-Forwarded-For": "192.0.2.7"})
    with sqlite3.connect(cloud.config.scans_path) as database:
        kept = "\n".join(database.iterdump())
    assert "'350200'" in kept
    for secret in ("350203", "rare", "192.0.2.7", "127.0.0.1"):
        assert secret not in kept


def test_counts_survive_a_restart_and_a_lost_store_begins_again(cloud: CloudUnderTest, slip: str, look: Look) -> None:
    look(slip)
    cloud.stop()
    cloud.start()
    assert "1 times before" in look(slip)
    cloud.stop()
    for path in cloud.config.directory.glob("scans.sqlite*"):
        path.unlink()
    cloud.start()
    assert "for the first time" in look(slip)


@pytest.mark.parametrize(
    ("said", "city"),
    [
        (None, ""),
        ("350203", "350200"),
        (" Xiamen ", "Xiamen"),
        ("x" * 40, "x" * 32),
        ("a\x07b", ""),
        ("３５０２０３", "３５０２０３"),
    ],
)
def test_a_city_is_a_division_cut_short_or_words(said: str | None, city: str) -> None:
    assert city_of(said) == city


@pytest.mark.parametrize(
    ("code", "name", "city"),
    [("350821", "长汀县", "龙岩市"), ("350203", "思明区", "厦门市"), ("999999", "", ""), ("", "", "")],
)
def test_a_division_has_its_newest_name(code: str, name: str, city: str) -> None:
    assert (divisions.name_of(code), divisions.city_of(code)) == (name, city)


def test_the_way_is_sketched_from_the_source_to_the_stall(slip: str, look: Look) -> None:
    assert 'class="sketch" src="data:image/svg+xml;base64,' in look(slip)
