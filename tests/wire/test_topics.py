"""Topic names are built and parsed in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import topics
from tracewire.errors import Misuse, Rejected


def test_a_topic_names_the_device_and_the_direction() -> None:
    assert topics.up("scale-0001") == "cx/1/scale-0001/up"
    assert topics.parse(topics.down("scale-0001")) == ("scale-0001", "down")


@pytest.mark.parametrize("name", ["", "ab", "Scale-1", "a/b", "a+b", "#", "x" * 33, "秤-0001"])
def test_a_name_that_could_reach_another_topic_is_never_built(name: str) -> None:
    with pytest.raises(Misuse):
        topics.up(name)


@given(st.text(max_size=40))
def test_any_other_topic_is_rejected(topic: str) -> None:
    try:
        device, direction = topics.parse(topic)
    except Rejected:
        return
    assert topic == f"cx/1/{device}/{direction}"
