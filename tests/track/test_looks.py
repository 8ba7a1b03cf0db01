"""How often the numbers of all series are looked at while tasks are running."""

from hypothesis import given
from hypothesis import strategies as st

from lmcspec.track.looks import EVERY, SELDOM, Looks


def test_the_first_is_at_once_and_then_every_so_often():
    looks = Looks()
    assert looks.due(0.1)
    looks.looked(0.1, 0.1)
    assert not looks.due(0.1 + EVERY) and looks.due(0.2 + EVERY)


def test_others_come_as_often_as_is_said():
    looks = Looks(5.0)
    looks.looked(0.0, 0.1)
    assert not looks.due(5.0) and looks.due(5.2)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.floats(0.01, 5))
def test_they_never_take_more_than_a_small_share_of_the_time(takes, tick):
    """However long a look takes, which grows with the results: one part in SELDOM, but for the latest."""
    looks, now, spent = Looks(), 1.0, 0.0
    for take in takes:
        while not looks.due(now):
            now += tick + now * 1e-12
        assert spent <= (now - 1.0) / SELDOM + 1e-9
        begun = now
        now += take
        spent += take
        looks.looked(begun, now)
