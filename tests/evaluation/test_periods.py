"""The evaluation repeated over periods: by hand, by its laws, and how often its interval holds."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.appraisal import EvaluationSpec
from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.periods.compare import compare_periods, count_above
from crmstudy.evaluation.periods.evaluate import evaluate_around, evaluate_periods
from crmstudy.evaluation.periods.plan import plan_evaluation

RATES = ["repeat_purchase_rate", "retention_rate"]
UNIT_LIMITS = {name: [0.0, 1.0] for name in (*RATES, "contribution_rate", "profit_share")}
QUARTERS = ("2025-01-02", "2025-04-02", "2025-07-02")


@pytest.fixture
def judged(long):
    """Write a panel: how many times the first of two names outweighs the second."""

    def write(hierarchy, ratios, experts=("E1",)):
        tables = [
            long(names, [ratio], matrix=matrix, expert=expert)
            for expert in experts
            for matrix, names, ratio in ratios
        ]
        return prioritise_hierarchy(pd.concat(tables), hierarchy=hierarchy)

    return write


@pytest.fixture
def loyalty(judged):
    """One criterion, repeat purchases three times as important as retention."""
    hierarchy = {"loyalty": RATES, "value": ["contribution_rate"]}
    ratios = [("criteria", ["loyalty", "value"], 1.0), ("loyalty", RATES, 3.0)]
    return judged(hierarchy, ratios)


@pytest.fixture
def alone(judged):
    """A hierarchy of which one indicator is left, for there is no survey."""

    def write(name):
        names = [name, "overall_satisfaction"]
        return judged({"loyalty": names}, [("loyalty", names, 1.0)])

    return write


def buy(rows):
    """Lines of (customer, day, revenue); the log begins and ends with the year's quarters."""
    lines = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    ordered_at = pd.to_datetime(lines["ordered_at"])
    return lines.assign(ordered_at=ordered_at, basket_id=[f"B{i}" for i in range(len(lines))])


def spend(counts, *, money=10.0):
    """So many orders of each customer in each of three quarters."""
    rows = []
    for customer, orders in counts.items():
        for start, many in zip(QUARTERS, orders, strict=True):
            day = pd.Timestamp(start)
            rows += [(customer, day + pd.Timedelta(days=i), money) for i in range(many)]
    # Money handed back is no order; the last line ends the log.
    rows += [("stranger", day, -1.0) for day in ("2025-03-29", "2025-06-29", "2025-09-29")]
    return buy(rows)


def plan_for(transactions, panel, *, limits=UNIT_LIMITS, costs=None, **settings):
    known = [name for names in panel.hierarchy.values() for name in names]
    spec = EvaluationSpec(limits={k: v for k, v in limits.items() if k in known})
    tables = {"transactions": transactions} | ({} if costs is None else {"costs": costs})
    settings = {"n_draws": 200, "noise": 0.0, "seed": 1} | settings
    return plan_evaluation(tables, panel, spec=spec, **settings)


#: Orders in the quarters: before, first and second of the two compared.
BY_HAND = {"A": (1, 2, 2), "B": (1, 1, 2), "C": (1, 1, 0), "D": (1, 0, 0)}


def test_two_periods_with_two_indicators_by_hand(judged):
    # Q2: 1 of 3 buyers came back, 3 of 4 stayed; Q3: 2 of 2 came back, 2 of 3 stayed.
    # Weights 3/4 and 1/4; limits 0 and 1 make the points 1 + 4 x the share.
    panel = judged({"loyalty": RATES}, [("loyalty", RATES, 3.0)])
    found = evaluate_periods(plan_for(spend(BY_HAND), panel), unit="quarter")
    assert found.names == ("2025-Q2", "2025-Q3")
    assert found.units.left_out == {"2025-Q1": "no period before it to compare with"}
    assert found.score("2025-Q2") == pytest.approx(1 + 4 * (0.75 / 3 + 0.25 * 3 / 4))
    assert found.score("2025-Q3") == pytest.approx(1 + 4 * (0.75 * 1 + 0.25 * 2 / 3))
    change = compare_periods(found)
    assert change.change == pytest.approx(1.9166666667)
    parts = change.contributions["contribution"]
    assert parts["repeat_purchase_rate"] == pytest.approx(0.75 * 4 * (1 - 1 / 3))
    assert parts["retention_rate"] == pytest.approx(0.25 * 4 * (2 / 3 - 3 / 4))
    assert found.table()["customers"].tolist() == [3, 2]


def test_contributions_add_up_to_the_change(loyalty):
    found = evaluate_periods(plan_for(spend(BY_HAND), loyalty), unit="quarter")
    change = compare_periods(found)
    assert change.contributions["contribution"].sum() == pytest.approx(change.change, abs=1e-12)


def test_identical_periods_differ_by_nothing(loyalty):
    same = {f"c{i}": (orders,) * 3 for i, orders in enumerate([1, 2, 3, 1, 2, 4, 1, 1])}
    found = evaluate_periods(plan_for(spend(same), loyalty, noise=0.2), unit="quarter")
    change = compare_periods(found)
    assert change.change == pytest.approx(0, abs=1e-12)
    assert (change.lower, change.upper) == pytest.approx((0, 0), abs=1e-9)
    assert change.p_higher == 0.5
    assert (change.p_better, change.p_same, change.p_worse) == (0, 1, 0)
    assert found.scores["2025-Q2"].std() > 0


def test_better_in_everything_is_higher_for_sure(loyalty):
    risen = {f"c{i}": (1, 1 if i else 2, 3) for i in range(12)}
    change = compare_periods(evaluate_periods(plan_for(spend(risen), loyalty), unit="quarter"))
    assert change.p_higher == 1
    assert change.told_apart
    assert (change.p_better, change.p_worse) == (1, 0)
    turned = compare_periods(change.evaluated, before="2025-Q3", after="2025-Q2")
    assert turned.p_higher == 0
    assert turned.change == pytest.approx(-change.change)
    assert (turned.lower, turned.upper) == pytest.approx((-change.upper, -change.lower))


def test_the_order_of_rows_and_the_names_of_customers_do_not_matter(loyalty):
    rng = np.random.default_rng(4)
    lines = spend({f"c{i:02d}": tuple(rng.integers(0, 4, 3)) for i in range(40)})
    lines["revenue"] = np.where(lines["revenue"] > 0, rng.gamma(2, 9, len(lines)), -1.0)
    names = dict(zip(lines["customer_id"].unique(), rng.permutation(100), strict=False))
    other = lines.sample(frac=1, random_state=3)
    other = other.assign(customer_id="x" + other["customer_id"].map(names).astype(str))
    one, two = (
        evaluate_periods(plan_for(t, loyalty, noise=0.2), unit="quarter") for t in (lines, other)
    )
    np.testing.assert_allclose(one.scores, two.scores, rtol=1e-10)
    assert one.to_metrics() == pytest.approx(two.to_metrics())


def test_money_in_another_unit_with_limits_in_it_changes_nothing(judged):
    hierarchy = {"cost": ["service_cost", "care_cost"], "loyalty": ["repeat_purchase_rate"]}
    ratios = [
        ("criteria", ["cost", "loyalty"], 2.0),
        ("cost", ["service_cost", "care_cost"], 0.5),
    ]
    panel = judged(hierarchy, ratios)
    months = pd.date_range("2025-01-01", periods=9, freq="MS")
    costs = pd.DataFrame(
        {
            "period": np.tile(months, 2),
            "cost_type": np.repeat(["service", "care"], 9),
            "amount": np.arange(18.0) + 1,
        }
    )
    scores = []
    for scale in (1.0, 7.5):
        plan = plan_for(
            spend(BY_HAND, money=10 * scale),
            panel,
            costs=costs.assign(amount=costs["amount"] * scale),
            limits={
                "repeat_purchase_rate": [0.0, 1.0],
                "service_cost": [30 * scale, 0.0],
                "care_cost": [50 * scale, 0.0],
            },
        )
        found = evaluate_periods(plan, unit="quarter")
        assert found.fixed == ("service_cost", "care_cost")
        scores.append(found.scores)
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-10)


def test_what_one_indicator_weighs_alone_is_its_value(alone):
    panel = alone("retention_rate")
    found = evaluate_periods(plan_for(spend(BY_HAND), panel), unit="quarter")
    assert found.score("2025-Q2") == pytest.approx(1 + 4 * 3 / 4)
    assert found.score("2025-Q3") == pytest.approx(1 + 4 * 2 / 3)
    assert found.lost_weight == pytest.approx(0.5)


def test_only_what_all_periods_have_is_compared(judged):
    names = [*RATES, "profit_share", "overall_satisfaction"]
    ratios = [("loyalty", names, 1.0)]
    uppers = [1.0] * 6
    table = pd.DataFrame(
        {
            "expert": "E1",
            "matrix": "loyalty",
            "row": [names[i] for i in range(4) for _ in range(i + 1, 4)],
            "column": [names[j] for i in range(4) for j in range(i + 1, 4)],
            "value": uppers,
        }
    )
    panel = prioritise_hierarchy(table, hierarchy={ratios[0][0]: names})
    found = evaluate_periods(plan_for(spend(BY_HAND), panel), unit="quarter")
    assert found.indicators == tuple(RATES)
    assert found.lost_weight == pytest.approx(0.5)
    dropped = found.tabulate_dropped().set_index("indicator")
    assert "no cost of goods" in dropped.loc["profit share of repeat customers", "why"]
    assert found.weights.weights.overall.tolist() == pytest.approx([0.5, 0.5])


def test_the_lost_weight_is_that_of_what_is_left_out(judged):
    names = ["repeat_purchase_rate", "overall_satisfaction"]
    panel = judged({"loyalty": names}, [("loyalty", names, 4.0)])
    found = evaluate_periods(plan_for(spend(BY_HAND), panel), unit="quarter")
    assert found.lost_weight == pytest.approx(0.2)


def test_draws_are_those_of_a_binomial_share(alone):
    panel = alone("retention_rate")
    stays = {f"c{i:03d}": (1, 1, 1) if i < 140 else (1, 1, 0) for i in range(200)}
    found = evaluate_periods(plan_for(spend(stays), panel, n_draws=4000), unit="quarter")
    share, n = 140 / 200, 200
    spread = (found.scores["2025-Q3"] / 4).std()
    assert spread == pytest.approx(np.sqrt(share * (1 - share) / n), rel=0.05)
    assert found.scores["2025-Q2"].std() == 0


def test_customers_of_both_periods_keep_what_they_have_in_common(alone):
    """The variance of a difference of shares of the same customers, written out."""
    panel = alone("repeat_purchase_rate")
    rng = np.random.default_rng(8)
    keen = rng.random(300) < 0.5
    second = np.where(rng.random(300) < 0.9, keen, ~keen)
    orders = {f"c{i:03d}": (1, 1 + keen[i], 1 + second[i]) for i in range(300)}
    found = evaluate_periods(plan_for(spend(orders), panel, n_draws=4000), unit="quarter")
    drawn = (found.scores["2025-Q3"] - found.scores["2025-Q2"]) / 4
    paired = np.sqrt(np.var(second.astype(float) - keen) / 300)
    alone = np.sqrt((np.var(second.astype(float)) + np.var(keen.astype(float))) / 300)
    assert drawn.std() == pytest.approx(paired, rel=0.05)
    assert paired < 0.6 * alone


def test_the_interval_of_the_change_covers_the_truth(alone):
    """Customers with habits of their own, whose probability to come back rises by 0.12."""
    panel = alone("repeat_purchase_rate")
    rng, held, replicates = np.random.default_rng(2), 0, 80
    true = 4 * float(np.mean(np.minimum(rng.beta(4, 4, 400_000) + 0.12, 1)) - 0.5)
    for _ in range(replicates):
        habit = rng.beta(4, 4, 90)
        later = np.minimum(habit + 0.12, 1)
        draws = rng.random((2, 90))
        orders = np.column_stack([np.ones(90), 1 + (draws[0] < habit), 1 + (draws[1] < later)])
        lines = spend({f"c{i}": tuple(row) for i, row in enumerate(orders.astype(int))})
        found = evaluate_periods(plan_for(lines, panel, n_draws=200), unit="quarter")
        change = compare_periods(found)
        held += change.lower <= true <= change.upper
    assert 0.87 <= held / replicates <= 0.995


def test_noise_of_the_judgements_moves_the_scores(loyalty):
    quiet, loud = (
        evaluate_periods(plan_for(spend(BY_HAND), loyalty, noise=noise), unit="quarter")
        for noise in (0.0, 1.0)
    )
    assert quiet.score("2025-Q2") == loud.score("2025-Q2")
    assert not quiet.scores.equals(loud.scores)


def test_other_operators_have_a_change_and_no_parts(loyalty):
    plan = plan_for(spend(BY_HAND), loyalty, operator="min-max")
    change = compare_periods(evaluate_periods(plan, unit="quarter"))
    assert isinstance(change.contributions, NotAvailable)
    assert "no sum over indicators" in change.contributions.reason
    assert change.lower <= change.upper


def test_half_years_and_years_are_calendar_periods(loyalty):
    days = pd.date_range("2024-01-02", "2025-12-30", freq="5D")
    lines = buy([(f"c{i % 7}", day, 5.0) for i, day in enumerate(days)])
    plan = plan_for(lines, loyalty)
    assert evaluate_periods(plan, unit="half").names == ("2024-H2", "2025-H1", "2025-H2")
    years = evaluate_periods(plan, unit="year")
    # Two years only: both are kept, and retention, which the first cannot have, is not.
    assert years.names == ("2024", "2025")
    assert "retention_rate" in years.rebuilt.dropped


def test_before_and_after_a_day(loyalty):
    days = pd.date_range("2024-01-02", "2025-12-30", freq="5D")
    lines = buy([(f"c{i % 9}", day, 5.0) for i, day in enumerate(days)])
    plan = plan_for(lines, loyalty)
    found = evaluate_around(plan, changed_on="2025-02-15", unit="half")
    assert found.names == ("before", "after")
    assert found.tables["before"].window_end == pd.Timestamp("2025-02-15")
    assert found.tables["after"].window_end == pd.Timestamp("2025-08-15")
    assert "season" in found.units.note
    with pytest.raises(ModelError, match="do not cover 2025-11-01"):
        evaluate_around(plan, changed_on="2025-11-01", unit="half")
    for nothing in ("", None):
        with pytest.raises(ModelError, match="names a day"):
            evaluate_around(plan, changed_on=nothing, unit="half")


def test_ties_count_half():
    assert count_above(np.array([1.0, 0.0, -1.0, 0.0])) == 0.5
    assert count_above(np.array([1.0, 2.0, 0.0, 0.0])) == 0.75


def test_what_is_refused(loyalty):
    plan = plan_for(spend(BY_HAND), loyalty)
    with pytest.raises(SettingsError, match="unit"):
        evaluate_periods(plan, unit="week")
    with pytest.raises(ModelError, match="0 whole calendar years"):
        evaluate_periods(plan, unit="year")
    found = evaluate_periods(plan, unit="quarter")
    with pytest.raises(SettingsError, match="did you mean '2025-Q3'"):
        compare_periods(found, before="2025-Q3x")
    with pytest.raises(SettingsError, match="two different units"):
        compare_periods(found, before="2025-Q3", after="2025-Q3")
    with pytest.raises(SettingsError, match="100 draws or more"):
        plan_for(spend(BY_HAND), loyalty, n_draws=20)
    with pytest.raises(ModelError, match="no indicator of the hierarchy"):
        evaluate_periods(plan_for(spend(BY_HAND), loyalty, limits={}), unit="quarter")
    absent = NotAvailable("nobody judged")
    assert plan_evaluation({}, absent, seed=1) is absent
