"""Whose tag is it: what is read before, during and after a carcass hangs, by the rules of the rail alone.

``micropython rail_carcass.py NAME`` runs one test; ticks are MicroPython's, so its interpreter runs them.
"""

import sys

from rail.carcass import ECHO_MS, LINGER_MS, TAG_WAITS_MS, Rail
from scale.load import SALE_WAIT_MS
from scale.weighing import MOVING, OVERLOAD, STABLE, Reading
from tracewire.errors import Rejected

E_GRAMS, LIGHTEST = 100, 20000
TAG, OTHER_TAG = "135082140018201", "135082140018202"
EMPTY = Reading(STABLE, 0)


def refusal_of(action, *arguments):
    try:
        action(*arguments)
    except Rejected as refusal:
        return refusal.code
    return None


def settled(grams):
    return Reading(STABLE, grams, is_settled=True)


def hang(rail, now, grams=90000):
    rail.has_left(Reading(MOVING, grams))
    return rail.hang(settled(grams), now)


def recorded(carcass):
    carcass.entry = object()
    return carcass


def leave(rail, now):
    assert rail.has_left(EMPTY)
    return rail.take_off(now)


def test_a_carcass_is_ready_as_soon_as_its_tag_is_known(rail):
    carcass = hang(rail, 0)
    assert not carcass.is_ready(100)
    rail.read_tag(TAG, 100)
    assert carcass.is_ready(100)
    assert not recorded(carcass).is_ready(200)


def test_a_tag_waits_for_the_next_carcass_but_not_for_ever(rail):
    rail.read_tag(TAG, 0)
    assert hang(rail, TAG_WAITS_MS - 1).identity.tag == TAG
    leave(rail, TAG_WAITS_MS)
    rail.read_tag(OTHER_TAG, 20000)
    assert hang(rail, 20000 + TAG_WAITS_MS).identity.tag is None


def test_a_tag_is_given_to_one_carcass(rail):
    rail.read_tag(TAG, 0)
    recorded(hang(rail, 100))
    leave(rail, 200)
    assert hang(rail, 300).identity.tag is None


def test_a_hook_alone_is_enough_after_two_seconds(rail):
    rail.read_hook(12, 0)
    carcass = hang(rail, 100)
    assert not carcass.is_ready(100 + SALE_WAIT_MS - 1)
    assert carcass.is_ready(100 + SALE_WAIT_MS)


def test_a_tag_that_comes_too_late_is_not_the_next_carcasss(rail):
    rail.read_hook(12, 0)
    recorded(hang(rail, 100))
    assert refusal_of(rail.read_tag, TAG, 3000) == "tag.late"
    leave(rail, 3100)
    assert hang(rail, 3200).identity.tag is None


def test_another_tag_while_a_recorded_carcass_hangs_is_the_next_ones(rail):
    rail.read_tag(TAG, 0)
    recorded(hang(rail, 100))
    rail.read_tag(OTHER_TAG, 200)
    rail.read_hook(13, 200)
    leave(rail, 300)
    following = hang(rail, 400)
    assert (following.identity.tag, following.identity.hook) == (OTHER_TAG, None)


def test_a_repeated_tag_keeps_its_carcass_from_being_recorded_until_another_is_read(rail):
    carcass = hang(rail, 0)
    rail.read_hook(12, 0)
    rail.refuse_tag(100)
    assert not carcass.is_ready(SALE_WAIT_MS + 100)
    assert not carcass.is_left_over
    rail.read_tag(OTHER_TAG, 200)
    assert carcass.is_ready(200)


def test_a_load_that_is_too_light_is_no_carcass_and_takes_no_tag(rail):
    rail.read_tag(TAG, 0)
    trolley = hang(rail, 100, grams=LIGHTEST - E_GRAMS)
    assert trolley.is_withheld and not trolley.is_left_over
    leave(rail, 200)
    assert hang(rail, 300).identity.tag == TAG


def test_a_refused_carcass_is_tried_again_after_a_while(rail):
    carcass = hang(rail, 0)
    rail.read_tag(TAG, 0)
    carcass.wait_again(100)
    assert not carcass.is_ready(200)
    assert carcass.is_ready(100 + SALE_WAIT_MS)


def test_a_carcass_has_left_when_half_of_its_weight_is_gone(rail):
    hang(rail, 0)
    assert not rail.has_left(Reading(MOVING, 45100))
    assert not rail.has_left(Reading(OVERLOAD))
    assert rail.has_left(Reading(MOVING, 44900))


def test_a_reader_that_repeats_itself_is_heard_once(rail):
    assert [rail.is_echo(b"a", now) for now in (0, 500, 500 + ECHO_MS - 1)] == [False, True, True]
    assert not rail.is_echo(b"b", 4000)
    assert not rail.is_echo(b"b", 4000 + ECHO_MS)


def test_the_same_words_at_the_next_carcass_are_news(rail):
    hang(rail, 0)
    rail.is_echo(b"a", 0)
    leave(rail, 100)
    assert not rail.is_echo(b"a", 200)


def test_a_last_look_at_a_tag_that_leaves_an_empty_rail_is_no_second_one(rail):
    rail.read_tag(TAG, 0)
    carcass = recorded(hang(rail, 0))
    assert rail.wears(TAG) and not rail.wears(OTHER_TAG)
    assert carcass is leave(rail, 1000)
    assert rail.lingers(TAG, 1000 + LINGER_MS - 1)
    assert not rail.lingers(TAG, 1000 + LINGER_MS)
    rail.has_left(Reading(MOVING, 30000))
    assert not rail.lingers(TAG, 1100)


if __name__ == "__main__":
    globals()[sys.argv[1]](Rail(LIGHTEST, E_GRAMS))
