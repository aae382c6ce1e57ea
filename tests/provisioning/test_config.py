"""A site's set-up file and what a scale is given of it."""

from datetime import datetime
from pathlib import Path

import pytest
from tracewire import cbor
from tracewire.errors import Misuse

from provisioning import config, host_node
from provisioning.enrol import Order, enrol
from provisioning.registry import opened

SITE = """
trace_url = "http://127.0.0.1:8080/t/"
gateway = { name = "gateway-01", host = "127.0.0.1", port = 8883 }
scale = { max_g = 15000, min_g = 100, e_g = 5, zero_counts = 84000, counts_per_kg = 420000 }
plu = [
  { number = 1, name = "五花肉", price_fen_per_kg = 3680 },
  { number = 2, name = "排骨", price_fen_per_kg = 5200 },
]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_set_up_file_is_read_whole(tmp_path: Path) -> None:
    setup = config.read(written(tmp_path, SITE))
    assert (setup.gateway_name, setup.gateway_port, setup.max_g) == ("gateway-01", 8883, 15000)
    assert setup.plu[1] == config.Plu(2, "排骨", 5200)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_g = 15000, ", ""),
        ("15000", '"heavy"'),
        ("15000", "50"),
        ("8883", "70000"),
        ("8080/t/", "8080/"),
        ("counts_per_kg = 420000", "counts_per_kg = 0"),
        ("number = 2", "number = 1"),
        ("number = 2", "number = 9"),
        ("gateway-01", "Gateway"),
        ("plu = [", "plu = "),
    ],
)
def test_a_set_up_that_lacks_something_or_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(Misuse):
        config.read(written(tmp_path, SITE.replace(old, new)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"nowhere\.toml"):
        config.read(tmp_path / "nowhere.toml")


def test_prices_carry_their_names_for_screen_and_printer(tmp_path: Path) -> None:
    plus = config.read(written(tmp_path, SITE)).plu
    first, second = [1, "五花肉", "五花肉".encode("gbk"), 3680], [2, "排骨", "排骨".encode("gbk"), 5200]
    assert cbor.decode(config.encode_plu(plus)) == [first, second]


def test_a_name_that_no_slip_can_show_is_refused() -> None:
    with pytest.raises(Misuse, match="not in GBK"):
        config.encode_plu([config.Plu(1, "🐖", 100)])


def test_a_scale_learns_the_receipt_keys_of_gateway_and_cloud(authority: Path, tmp_path: Path, now: datetime) -> None:
    for role in ("gateway", "cloud"):
        node = host_node.HostNode(tmp_path / role)
        enrol(authority, Order(f"{role}-01", role), node, host_node.outfit, now)
    with opened(authority) as history:
        registry = history.registry()
    keys = [[1, registry.current("gateway-01").point], [2, registry.current("cloud-01").point]]
    assert config.keeper_keys(registry) == keys


def test_a_scale_is_not_enrolled_before_a_gateway_is(authority: Path, now: datetime) -> None:
    with opened(authority) as history, pytest.raises(Misuse, match="enrol a gateway first"):
        config.keeper_keys(history.registry())


LINE = SITE.partition("plu = [")[0] + "rail = { species = 1, sides = true, lightest_g = 20000 }"


def test_a_slaughter_line_needs_no_prices_and_is_told_of_its_animals(tmp_path: Path) -> None:
    setup = config.read(written(tmp_path, LINE))
    assert setup.rail == config.Rail(species=1, has_sides=True, lightest_g=20_000)
    assert setup.plu == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("species = 1", "species = 4"),
        ("species = 1, ", ""),
        ("sides = true", "sides = 1"),
        ("20000", "0"),
        ("20000", '"heavy"'),
        ("rail = {", "rial = {"),
    ],
)
def test_a_line_that_lacks_something_or_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(Misuse):
        config.read(written(tmp_path, LINE.replace(old, new)))
