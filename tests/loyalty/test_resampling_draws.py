"""Samples of respondents and their covariance matrices."""

import numpy as np
import pytest

from crmstudy.errors import ModelError
from crmstudy.loyalty.resampling import draws
from crmstudy.loyalty.resampling.draws import (
    covary_rows,
    draw_covariances,
    draw_rows,
    leave_out,
    order_answers,
)


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(5)
    return np.rint(rng.normal(size=(90, 4)) * [1, 2, 3, 40] + [0, 5, 1e4, -3])


@pytest.mark.parametrize("ddof", [0, 1])
def test_covariances_are_those_of_the_rows_drawn(answers, ddof):
    ordered = order_answers(answers)
    rows = draw_rows(90, n_draws=30, seed=7)
    expected = np.stack([np.cov(ordered[each], rowvar=False, ddof=ddof) for each in rows])
    found = draw_covariances(answers, n_draws=30, seed=7, ddof=ddof)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(covary_rows(ordered, rows, ddof=ddof), found)
    np.testing.assert_array_equal(found, found.swapaxes(1, 2))


def test_the_order_of_respondents_does_not_matter(answers):
    shuffled = answers[np.random.default_rng(1).permutation(90)]
    one, other = (draw_covariances(each, n_draws=9, seed=3) for each in (answers, shuffled))
    assert one.tobytes() == other.tobytes()
    assert not np.array_equal(one, draw_covariances(answers, n_draws=9, seed=4))


def test_many_respondents_are_drawn_in_blocks(answers, monkeypatch):
    monkeypatch.setattr(draws, "_CELLS", 90 * 8)
    rows = draw_rows(90, n_draws=30, seed=7)
    assert rows.shape == (30, 90)
    assert len(np.unique(rows, axis=0)) == 30  # every block has random numbers of its own
    found = draw_covariances(answers, n_draws=30, seed=7)
    np.testing.assert_allclose(
        found, covary_rows(order_answers(answers), rows), rtol=1e-12, atol=1e-9
    )


def test_rows_are_drawn_evenly_with_replacement():
    rows = draw_rows(50, n_draws=4000, seed=1)
    counts = np.bincount(rows.ravel(), minlength=50)
    assert counts.sum() == 200_000
    assert np.abs(counts - 4000).max() < 5 * np.sqrt(4000)  # binomial, five SDs
    missed = 1 - np.mean([len(np.unique(each)) for each in rows]) / 50
    assert missed == pytest.approx((1 - 1 / 50) ** 50, abs=0.003)


@pytest.mark.parametrize("ddof", [0, 1])
def test_leaving_out_one_or_a_group(answers, ddof):
    alone = leave_out(answers, groups=np.arange(90), ddof=ddof)
    for k in (0, 41, 89):
        expected = np.cov(np.delete(answers, k, axis=0), rowvar=False, ddof=ddof)
        np.testing.assert_allclose(alone[k], expected, rtol=1e-9, atol=1e-9)
    groups = np.arange(90) % 7
    found = leave_out(answers, groups=groups, ddof=ddof)
    assert len(found) == 7
    expected = np.cov(answers[groups != 3], rowvar=False, ddof=ddof)
    np.testing.assert_allclose(found[3], expected, rtol=1e-9, atol=1e-9)


def test_inputs_stay_as_they_are(answers):
    before = answers.copy()
    draw_covariances(answers, n_draws=2, seed=1)
    leave_out(answers, groups=np.arange(90))
    np.testing.assert_array_equal(answers, before)


def test_gaps_and_single_respondents_are_refused(answers):
    with pytest.raises(ModelError, match="complete answers"):
        draw_covariances(np.where(answers == answers[0, 0], np.nan, answers), n_draws=2, seed=1)
    with pytest.raises(ModelError, match="two respondents or more"):
        draw_covariances(answers[:1], n_draws=2, seed=1)
