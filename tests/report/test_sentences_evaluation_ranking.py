"""What is said of a ranking is true of any units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.ranking.rank import rank_units
from crmstudy.evaluation.ranking.reversal import check_unit_removal
from crmstudy.evaluation.ranking.uncertainty import RankUncertainty, rank_over_draws
from crmstudy.report.sentences.evaluation.ranking import (
    read_rank_uncertainty,
    read_ranking,
    read_reversals,
)


def rank(rows, weights=None, units=None, **options):
    matrix = pd.DataFrame(rows, dtype=float)
    matrix.columns = ["retention_rate", "service_cost", "speed"][: matrix.shape[1]]
    matrix.index = units or [f"u{k + 1}" for k in range(len(matrix))]
    given = pd.Series(weights or 1 / matrix.shape[1], matrix.columns)
    directions = dict.fromkeys(matrix.columns, "larger")
    return rank_units(matrix, weights=given, directions=directions, **options)


def test_one_leader_by_all_methods():
    said = read_ranking(rank([[3, 3], [2, 2], [1, 1]]), unit="region")
    assert said.startswith(
        "3 units (region) are compared by 2 indicators. All methods put u1 first."
    )
    assert "All methods give the same order" in said
    assert "VIKOR lets u1 stand alone" in said
    assert "depends" not in said


def test_leaders_by_method():
    # Relative differences: TOPSIS goes by the second column, the others by the range of both.
    ranking = rank([[1.00, 1], [0.94, 9], [0.90, 5]], [0.7, 0.3])
    first = {tuple(units) for units in ranking.leaders.values()}
    assert len(first) > 1
    said = read_ranking(ranking)
    assert "Which comes first depends on the method: u1 leads by" in said
    assert "u2 leads by" in said
    assert "By mean rank u" in said
    assert "3 units are compared" in said


def test_two_units_and_one_indicator():
    said = read_ranking(rank([[3, 1], [2, 0]]))
    assert "Of two a ranking says only which is ahead." in said
    assert "VIKOR" not in said
    said = read_ranking(rank([[3], [2], [1]]))
    assert "compared by 1 indicator. With one indicator the order is that of its values" in said


def test_level_units():
    said = read_ranking(rank([[1, 2], [2, 1]]))
    assert "All methods put all of them level." in said
    assert "Kendall" not in said
    twins = rank([[3, 3], [3, 3], [1, 1]])
    assert "All methods put u1 and u2 first, level." in read_ranking(twins)


def test_one_method_alone():
    said = read_ranking(rank([[3, 3], [2, 2], [1, 1]], methods=["TOPSIS"]))
    assert "TOPSIS puts u1 first." in said
    assert "Kendall" not in said
    assert "VIKOR" not in said


def test_disputed_units_are_named_and_the_rest_counted():
    rng = np.random.default_rng(2)
    ranking = rank(rng.gamma(1, 1, (30, 3)) ** 2)
    assert len(ranking.disputed) > 5
    said = read_ranking(ranking)
    named = ", ".join(ranking.disputed[:5])
    assert f"{named} and {len(ranking.disputed) - 5} more." in said


def test_what_decides_nothing_is_said():
    matrix = pd.DataFrame({"retention_rate": [1.0, 2], "service_cost": [3.0, 3], "speed": [1.0, 4]})
    ranking = rank_units(
        matrix,
        weights=pd.Series({"retention_rate": 0.5, "service_cost": 0.5}),
        directions=dict.fromkeys(matrix.columns, "larger"),
    )
    said = read_ranking(ranking)
    assert "Service cost per customer is the same in all units and decides nothing." in said
    assert "Speed has no weight and decides nothing." in said


def uncertain(first, ranks=(1, 2, 3)):
    units = [f"u{k + 1}" for k in range(len(first))]
    rest = (1 - np.array(first)) / (len(first) - 1)
    shares = pd.DataFrame({1: first, **dict.fromkeys(range(2, len(first) + 1), rest)}, index=units)
    return RankUncertainty({"mean rank": shares}, pd.Series(ranks, units), 4000, "the judgements")


def test_how_firm_the_first_place_is():
    said = read_rank_uncertainty(uncertain([0.97, 0.03, 0.0]))
    assert said == (
        "Over 4,000 draws of the judgements, first by mean rank is u1 in 97% of them: the first "
        "place is settled as far as these go."
    )
    said = read_rank_uncertainty(uncertain([0.5, 0.2, 0.3]))
    assert said.endswith("u1 in 50% of them, u3 in 30%: the first place is not settled.")
    said = read_rank_uncertainty(uncertain([0.6, 0.4, 0.0], (1, 1, 3)))
    assert "are u1 in 60% and u2 in 40% of them, a shared first place counting" in said
    assert "for each: the ranking itself leaves it open which is first." in said
    assert read_rank_uncertainty(NotAvailable("no panel"), uncertain([1, 0, 0])).startswith(
        "Not available: no panel. Over 4,000 draws"
    )


def test_a_leader_beaten_in_the_draws_is_not_settled():
    said = read_rank_uncertainty(uncertain([0.2, 0.7, 0.1]))
    assert "is u1 in 20% of them, u2 in 70%: the first place is not settled." in said


def test_one_draw_is_singular():
    ranking = rank([[3, 3], [2, 2], [1, 1]])
    draws = pd.DataFrame([ranking.weights])
    said = read_rank_uncertainty(rank_over_draws(ranking, weights=draws, of="the judgements"))
    assert said.startswith("Over 1 draw of the judgements, first by mean rank is u1 in 100%")


def test_reversals():
    calm = read_reversals(check_unit_removal(rank([[3], [2], [1]])))
    assert calm == "Taking each of 3 units away in turn never reverses two others."
    # Without u3 the second column counts in full, and u2 overtakes.
    said = read_reversals(check_unit_removal(rank([[1, 9], [0, 10], [1, 0]], [0.4, 0.6])))
    assert "1 pair by weighted sum" in said
    assert "the first unit changes" in said
    missing = NotAvailable("two units")
    assert read_reversals(missing) is missing


def test_methods_that_differ_everywhere():
    # Relative differences: TOPSIS goes by the second column, the weighted sum by the first.
    ranking = rank([[1.03, 2], [1.02, 1], [1.01, 8], [1.00, 4]], [0.8, 0.2])
    assert len(ranking.disputed) == 4
    assert "Methods differ by 2 places or more on every unit." in read_ranking(ranking)
