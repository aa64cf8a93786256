"""Rankings under other weights, other values and fewer units: hand, laws, coverage, refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.ranking.rank import rank_units
from crmstudy.evaluation.ranking.reversal import check_unit_removal
from crmstudy.evaluation.ranking.sampling import draw_between, draw_values
from crmstudy.evaluation.ranking.uncertainty import (
    RankUncertainty,
    draw_any_weights,
    rank_over_draws,
)
from crmstudy.indicators import UnitIndicators
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.table import IndicatorTable


@pytest.fixture
def corners():
    """Three units, each the best in one of three criteria."""
    matrix = pd.DataFrame(
        [[1.0, 0, 0.4], [0, 1, 0.4], [0.4, 0.4, 1]], index=["u", "v", "w"], columns=list("abc")
    )
    weights = pd.Series([0.5, 0.3, 0.2], list("abc"))
    return rank_units(matrix, weights=weights, directions=dict.fromkeys("abc", "larger"))


def test_every_draw_is_ranked_as_if_alone(corners):
    draws = draw_any_weights(list("abc"), n_draws=60, seed=4)
    found = rank_over_draws(corners, weights=draws, of="any weights")
    alone = [
        rank_units(
            corners.decisions.values,
            weights=pd.Series(row, list("abc")),
            directions=corners.decisions.directions,
        )
        for row in draws.to_numpy()
    ]
    for method in corners.scores.columns:
        counted = np.mean([one.ranks[method] == 1 for one in alone], axis=0)
        np.testing.assert_allclose(found.probabilities[method][1], counted)
    together = np.mean([one.consensus == 2 for one in alone], axis=0)
    np.testing.assert_allclose(found.together[2], together)
    assert found.n_draws == 60


def test_each_unit_takes_exactly_one_rank(corners):
    draws = draw_any_weights(list("abc"), n_draws=500, seed=1)
    found = rank_over_draws(corners, weights=draws, of="any weights")
    for shares in found.probabilities.values():
        np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_weights_spread_evenly_give_opposite_units_the_same_chance():
    # Two units, each the best in one criterion: each leads where its criterion weighs more.
    matrix = pd.DataFrame({"a": [1.0, 0], "b": [0.0, 1]}, index=["u", "v"])
    ranking = rank_units(
        matrix, weights=pd.Series({"a": 0.9, "b": 0.1}), directions=dict.fromkeys("ab", "larger")
    )
    found = rank_over_draws(
        ranking, weights=draw_any_weights(["a", "b"], n_draws=2000, seed=3), of="any weights"
    )
    # Standard error .011.
    np.testing.assert_allclose(found.first, 0.5, atol=0.04)
    assert ranking.leaders["TOPSIS"] == ["u"]


def test_draws_in_parts_are_the_draws_at_once(corners, monkeypatch):
    draws = draw_any_weights(list("abc"), n_draws=200, seed=1)
    whole = rank_over_draws(corners, weights=draws, of="any weights")
    monkeypatch.setattr("crmstudy.evaluation.ranking.uncertainty.CELLS_AT_A_TIME", 63)
    parts = rank_over_draws(corners, weights=draws, of="any weights")
    for name, shares in whole.probabilities.items():
        pd.testing.assert_frame_equal(parts.probabilities[name], shares)


def test_the_same_seed_draws_the_same(corners):
    one = draw_any_weights(list("abc"), n_draws=50, seed=9)
    pd.testing.assert_frame_equal(one, draw_any_weights(list("abc"), n_draws=50, seed=9))
    assert not one.equals(draw_any_weights(list("abc"), n_draws=50, seed=10))
    np.testing.assert_allclose(one.sum(axis=1), 1)


def test_weights_drawn_for_more_criteria_are_cut_to_those_compared(corners):
    draws = draw_any_weights(list("dcab"), n_draws=80, seed=2)
    found = rank_over_draws(corners, weights=draws, of="any weights")
    kept = draws[list("abc")].div(draws[list("abc")].sum(axis=1), axis=0)
    again = rank_over_draws(corners, weights=kept, of="any weights")
    pd.testing.assert_frame_equal(found.together, again.together)


def values_of(ranking, reach, n_draws=1000, seed=5):
    matrix = ranking.decisions.values
    return draw_between(
        matrix, lower=matrix - reach, upper=matrix + reach, n_draws=n_draws, seed=seed
    )


def test_exact_values_change_nothing(corners):
    found = rank_over_draws(corners, values=values_of(corners, 0.0, n_draws=20), of="sampling")
    for method, ranks in corners.ranks.items():
        for unit, rank in ranks.items():
            assert found.probabilities[method].loc[unit, rank] == 1


def test_values_and_weights_together_go_pair_by_pair(corners):
    draws = draw_any_weights(list("abc"), n_draws=40, seed=4)
    values = values_of(corners, 0.3, n_draws=40)
    found = rank_over_draws(corners, weights=draws, values=values, of="both")
    first = np.zeros(3)
    for row, drawn in zip(draws.to_numpy(), values.values, strict=True):
        alone = rank_units(
            pd.DataFrame(drawn, list("uvw"), list("abc")),
            weights=pd.Series(row, list("abc")),
            directions=dict.fromkeys("abc", "larger"),
        )
        first += (alone.consensus == 1).to_numpy()
    np.testing.assert_allclose(found.first, first / 40)


def test_drawn_values_are_matched_by_name(corners):
    matrix = corners.decisions.values
    other = matrix.iloc[[2, 0, 1], [1, 2, 0]].assign(elsewhere=5.0)
    turned = draw_between(other, lower=other, upper=other, n_draws=3, seed=1)
    found = rank_over_draws(corners, values=turned, of="sampling")
    assert found.first[corners.consensus == 1].eq(1).all()
    assert found.first[corners.consensus > 1].eq(0).all()


def test_the_interval_of_a_rank_by_hand(corners):
    units = list("uvw")
    shares = pd.DataFrame([[0.04, 0.90, 0.06], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], units, [1, 2, 3])
    found = RankUncertainty({"mean rank": shares}, pd.Series([1, 2, 3], units), 100, "x")
    table = found.table(level=0.9).set_index("unit")
    assert table["rank at 5.0%"].to_dict() == {"u": 2, "v": 1, "w": 3}
    assert table["rank at 95.0%"].to_dict() == {"u": 3, "v": 2, "w": 3}
    assert table["expected rank"].to_dict() == pytest.approx({"u": 2.02, "v": 1.5, "w": 3.0})


def test_noise_beyond_the_differences_makes_all_units_alike(corners):
    found = rank_over_draws(corners, values=values_of(corners, 1000.0), of="sampling")
    np.testing.assert_allclose(found.first, 1 / 3, atol=0.06)


def test_a_split_normal_keeps_to_its_sides():
    matrix = pd.DataFrame({"share": [0.98, 0.50]}, index=["u", "v"])
    lower = pd.DataFrame({"share": [0.94, 0.47]}, index=["u", "v"])
    upper = pd.DataFrame({"share": [0.985, 0.53]}, index=["u", "v"])
    drawn = draw_between(matrix, lower=lower, upper=upper, n_draws=40_000, seed=2).values[:, 0, 0]
    np.testing.assert_allclose(np.median(drawn), 0.98, atol=1e-3)
    # A side of a normal distribution reaches one standard error at its 68th percentile.
    low, high = drawn[drawn < 0.98], drawn[drawn > 0.98]
    assert np.quantile(0.98 - low, 0.6827) == pytest.approx(0.04, rel=0.03)
    assert np.quantile(high - 0.98, 0.6827) == pytest.approx(0.005, rel=0.03)


def indicators_of(rows):
    """Units with a repeat purchase rate, its interval, and a service cost without one."""
    return {
        unit: IndicatorTable(
            measured={
                "repeat_purchase_rate": Measurement(
                    rate, 100, Interval(rate - 0.1, rate + 0.1, 0.95, "Wilson")
                ),
                "service_cost": Measurement(cost, 100, NotAvailable("one sum")),
            },
            beside={},
            window_start=None,
            window_end=None,
        )
        for unit, (rate, cost) in rows.items()
    }


def test_values_are_drawn_from_the_intervals_of_the_indicators(monkeypatch):
    tables = indicators_of({"north": (0.6, 12.0), "south": (0.4, 9.0)})
    names = ("repeat_purchase_rate", "service_cost")
    monkeypatch.setattr(UnitIndicators, "_common", lambda self: list(names))
    units = UnitIndicators("region", "customers", tables, {"north": 100, "south": 100}, {}, 0)
    drawn = draw_values(units, n_draws=20_000, seed=1)
    assert drawn.units == ("north", "south")
    assert drawn.criteria == names
    assert drawn.exact == ("service_cost",)
    np.testing.assert_array_equal(drawn.values[:, :, 1], np.tile([12.0, 9.0], (20_000, 1)))
    # The ends of a 95% interval lie 1.96 standard errors away.
    inside = np.abs(drawn.values[:, 0, 0] - 0.6) < 0.1
    assert inside.mean() == pytest.approx(0.95, abs=0.006)


def test_a_ranking_is_as_firm_as_its_differences_are_large():
    # Truth recovered: of two rates a standard error of their difference apart, the better one
    # comes first with probability .84.
    matrix = pd.DataFrame({"a": [1.0, 0.0]}, index=["u", "v"])
    ranking = rank_units(matrix, weights=pd.Series({"a": 1.0}), directions={"a": "larger"})
    reach = np.sqrt(0.5)
    found = rank_over_draws(ranking, values=values_of(ranking, reach, n_draws=5_000), of="both")
    assert found.first["u"] == pytest.approx(0.8413, abs=0.02)


def test_the_table_tells_rank_and_reach(corners):
    draws = draw_any_weights(list("abc"), n_draws=1000, seed=7)
    found = rank_over_draws(corners, weights=draws, of="any weights")
    table = found.table(level=0.9).set_index("unit")
    assert list(table.columns) == [
        "rank", "expected rank", "rank at 5.0%", "rank at 95.0%", "first by weighted sum",
        "first by TOPSIS", "first by VIKOR", "first by grey relational", "first by mean rank",
    ]  # fmt: skip
    assert (table["rank at 5.0%"] <= table["expected rank"]).all()
    assert (table["expected rank"] <= table["rank at 95.0%"]).all()
    np.testing.assert_allclose(
        table["expected rank"], (found.together * [1, 2, 3]).sum(axis=1)[table.index]
    )
    metrics = found.to_metrics()
    assert metrics == {"n_draws": 1000} | {f"first_{u}": found.first[u] for u in "uvw"}


def test_reversals_by_hand():
    # w only stretches the second criterion. With it, v is behind by a, hardly ahead by b; once
    # it is gone, b counts in full.
    matrix = pd.DataFrame({"a": [1.0, 0.0, 1.0], "b": [9.0, 10.0, 0.0]}, index=["u", "v", "w"])
    ranking = rank_units(
        matrix, weights=pd.Series({"a": 0.4, "b": 0.6}), directions=dict.fromkeys("ab", "larger")
    )
    assert ranking.leaders["weighted sum"] == ["u"]
    found = check_unit_removal(ranking)
    sums = found.pairs[found.pairs["method"] == "weighted sum"]
    assert sums.to_dict("records") == [
        {"removed": "w", "method": "weighted sum", "unit": "u", "overtaken by": "v"}
    ]
    told = found.table().set_index("method").loc["weighted sum"]
    assert told["removals that reverse a pair"] == 1
    assert told["changes of the first unit"] == 1
    assert found.to_metrics()["n_removals"] == 3


def test_nothing_reverses_when_one_criterion_decides():
    matrix = pd.DataFrame({"a": [3.0, 1, 7, 5]}, index=list("uvwx"))
    ranking = rank_units(matrix, weights=pd.Series({"a": 1.0}), directions={"a": "smaller"})
    found = check_unit_removal(ranking)
    assert found.pairs.empty
    assert found.leaders.empty
    assert (found.table()["pairs reversed"] == 0).all()


def test_refusals(corners):
    with pytest.raises(SettingsError, match="0 draws; allowed: 1 or more"):
        draw_any_weights(["a"], n_draws=0, seed=1)
    with pytest.raises(SettingsError, match="0 draws; allowed: 1 or more"):
        rank_over_draws(corners, of="nothing")
    with pytest.raises(DataError, match="the drawn weights have no column 'c', which is compared"):
        rank_over_draws(corners, weights=pd.DataFrame({"a": [1.0], "b": [0.0]}), of="x")
    none = pd.DataFrame({"a": [0.0], "b": [0.0], "c": [0.0], "d": [1.0]})
    with pytest.raises(ModelError, match="a draw gives no weight to any criterion"):
        rank_over_draws(corners, weights=none, of="x")
    matrix = corners.decisions.values
    with pytest.raises(DataError, match="'a' of unit 'u' lies outside its interval"):
        draw_between(matrix, lower=matrix + 1, upper=matrix + 2, n_draws=1, seed=1)
    fewer = draw_between(
        matrix.head(2), lower=matrix.head(2), upper=matrix.head(2), n_draws=1, seed=1
    )
    with pytest.raises(DataError, match="no values were drawn of unit 'w', which is compared"):
        rank_over_draws(corners, values=fewer, of="x")
    two = rank_units(
        matrix.head(2), weights=corners.weights, directions=corners.decisions.directions
    )
    with pytest.raises(ModelError, match="taking a unit away leaves nothing to compare"):
        check_unit_removal(two)
    missing = NotAvailable("no units")
    assert rank_over_draws(missing, of="x") is missing
    assert rank_over_draws(corners, weights=missing, of="x") is missing
    assert check_unit_removal(missing) is missing


def test_without_judgements_sampling_is_drawn_alone(corners):
    missing = NotAvailable("no table judgements")
    values = values_of(corners, 0.3, n_draws=50)
    alone = rank_over_draws(corners, values=values, of="sampling")
    found = rank_over_draws(corners, weights=missing, values=values, of="judgements and sampling")
    assert found.of == "sampling"
    pd.testing.assert_frame_equal(found.table(), alone.table())
    assert rank_over_draws(corners, weights=missing, of="the panel's judgements") is missing
    assert rank_over_draws(missing, weights=missing, values=values, of="both") is missing
