"""What noise alone makes of a maximum: against a plain loop, a real bootstrap, and populations in which nothing rises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from lmcspec.base import streams
from lmcspec.science import curves, noise

WHERE = ("digest", "test", 500)


def naive_signs(images, draws):
    """Bit by bit, chunk by chunk."""
    found = np.empty((draws, images))
    for number, first in enumerate(range(0, images, 4096)):
        count = min(4096, images - first)
        words = [int(word) for word in streams.words(-(-draws * count // 64), "noise", *WHERE, number)]
        for place in range(draws * count):
            bit = words[place // 64] >> (place % 64) & 1
            found[place // count, first + place % count] = 2 * bit - 1
    return found


@pytest.mark.parametrize("images", [1, 3, 70, 5000])
def test_against_a_plain_loop(images):
    draws = 7
    values = np.random.default_rng(1).random((4, images))
    signs = naive_signs(images, draws)
    expected = (signs[:, None, :] * (values - values.mean(axis=1, keepdims=True))).mean(axis=2)
    np.testing.assert_allclose(noise.fluctuations(values, WHERE, draws), expected, atol=1e-6)


@settings(max_examples=examples(0.3))
@given(st.integers(2, 9), st.integers(1, 30))
def test_numbers_are_read_off_as_of_curves(points, seed):
    alphas = curves.alphas(points)
    drawn = np.random.default_rng(seed).normal(size=(5, len(alphas)))
    found = noise.numbers(drawn, alphas, points)
    for number, line in enumerate(drawn):
        own, where = curves.own_points(line, points), curves.own_points(alphas, points)
        assert found["instability"][number] == pytest.approx(curves.instability(own))
        assert found["barrier"][number] == pytest.approx(curves.barrier(own, where))
        assert found["midpoint"][number] == pytest.approx(curves.midpoint_barrier(line, alphas))


def test_images_that_all_positions_agree_on_make_no_noise():
    wrong = np.tile(np.arange(300) % 3 == 0, (11, 1))
    drawn = noise.numbers(noise.fluctuations(wrong, WHERE), curves.alphas(11), 11)
    assert all(noise.floor(own) == pytest.approx((0, 0), abs=1e-9) for own in drawn.values())


def test_a_loss_that_is_no_number_makes_draws_that_are_none():
    values = np.random.default_rng(1).random((3, 50)).astype(np.float32)
    values[1, 7] = np.inf
    drawn = noise.fluctuations(values, WHERE)
    assert np.isnan(drawn[:, 1]).all()
    assert np.isfinite(drawn[:, [0, 2]]).all()
    assert np.isnan(noise.floor(noise.numbers(drawn, (0.0, 0.5, 1.0), 3)["instability"])).all()


def connected(rng, images, alphas, error, alike=0.9):
    """Errors (P, n) of networks that are all equally good on a population: positions differ in which images they miss.

    An image is missed where a normal lies below a threshold: partly the image's own, partly a smooth curve over α.
    """
    from scipy.stats import norm

    angle = np.pi * np.array(alphas)[:, None]
    waves = sum(
        np.cos(f * angle) * rng.normal(size=images) + np.sin(f * angle) * rng.normal(size=images) for f in (1, 2)
    )
    latent = np.sqrt(alike) * rng.normal(size=images) + np.sqrt((1 - alike) / 2) * waves
    return latent < norm.ppf(error)


@pytest.mark.parametrize(("images", "error", "pairs"), [(300, 0.1, 1), (300, 0.1, 3), (1000, 0.03, 1)])
def test_connected_pairs_stay_below_the_floor_in_about_95_of_100_cases(images, error, pairs):
    """And their mean instability is what is expected of noise."""
    rng, points, trials = np.random.default_rng(7), 30, 120
    alphas = curves.alphas(points)
    above, seen, expected = 0, [], []
    for trial in range(trials):
        own = [connected(rng, images, alphas, error) for _ in range(pairs)]
        lines = [curves.own_points(wrong.mean(axis=1), points) for wrong in own]
        value = float(np.mean([curves.instability(line) for line in lines]))
        draws = [noise.fluctuations(wrong, ("made up", trial), 200) for wrong in own]
        low, high = noise.floor(np.mean([noise.numbers(one, alphas, points)["instability"] for one in draws], axis=0))
        above += value > high
        seen.append(value)
        expected.append(low)
    # 120 trials of 5 %: 0 to 13 but once in a thousand.
    assert above <= 13
    assert np.mean(seen) == pytest.approx(np.mean(expected), rel=0.15)


def test_a_real_rise_stands_out():
    rng, alphas = np.random.default_rng(3), curves.alphas(11)
    wrong = connected(rng, 500, alphas, 0.1)
    wrong[4:7] |= rng.random((3, 500)) < 0.08
    line = curves.own_points(wrong.mean(axis=1), 11)
    assert (
        curves.instability(line)
        > noise.floor(noise.numbers(noise.fluctuations(wrong, WHERE), alphas, 11)["instability"])[1]
    )


def test_as_a_bootstrap_over_images_has_it():
    rng, alphas = np.random.default_rng(5), curves.alphas(11)
    wrong = connected(rng, 400, alphas, 0.1).astype(float)
    centred = wrong - wrong.mean(axis=1, keepdims=True)
    counts = rng.multinomial(400, [1 / 400] * 400, size=4000)
    slow = noise.numbers(counts @ centred.T / 400, alphas, 11)
    fast = noise.numbers(noise.fluctuations(wrong, WHERE, 4000), alphas, 11)
    for name in ("instability", "barrier"):
        assert noise.floor(fast[name]) == pytest.approx(noise.floor(slow[name]), rel=0.08)


def test_bits():
    wrong = np.random.default_rng(0).random((3, 21)) < 0.5
    bits = noise.packed(wrong)
    assert bits.shape == (3, 3)
    assert (np.unpackbits(bits, axis=1, bitorder="little")[:, :21] == wrong).all()
