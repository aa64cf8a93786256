"""Time to lapse: R's survival, simulated lifetimes, laws, refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import failed
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value.lifecycle.hazards import fit_cox, fit_hazards
from crmstudy.value.lifecycle.lapse import choose_lapse
from crmstudy.value.lifecycle.lapses import LapseTimes, date_lapses
from crmstudy.value.lifecycle.proportional import compare_over_time
from crmstudy.value.lifecycle.stages import stage_customers
from crmstudy.value.lifecycle.starts import describe_starts
from crmstudy.value.lifecycle.survival import (
    compare_groups,
    compare_survival,
    estimate_survival,
    fit_curve,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "survival"


def lines(*histories: list[int], start: str = "2024-01-01", end: int | None = None) -> pd.DataFrame:
    """Purchases of customers c0, c1, ... on the given days after the start."""
    rows = [(f"c{i}", day) for i, history in enumerate(histories) for day in history]
    if end is not None:
        rows += [("end", day) for day in range(0, end + 1, 7)] + [("end", end)]
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    days = pd.Timestamp(start) + pd.to_timedelta(frame["day"], unit="D")
    return pd.DataFrame({"customer_id": frame["customer_id"], "ordered_at": days, "revenue": 10.0})


def lapses_of(frame: pd.DataFrame, weeks: int = 4, **given: object) -> LapseTimes:
    rule = choose_lapse(frame, lapse_weeks=weeks)
    return date_lapses(frame, stage_customers(frame, rule, period="month", **given))


def times_of(weeks, lapsed, **columns) -> LapseTimes:
    index = pd.Index([f"c{i:05d}" for i in range(len(weeks))], name="customer_id")
    frame = pd.DataFrame(
        {
            "entered": pd.Timestamp("2024-01-01"),
            "weeks": np.asarray(weeks, float),
            "lapsed": np.asarray(lapsed, bool),
            "returned": False,
        },
        index=index,
    )
    return LapseTimes(frame, lapse_weeks=4, until="2025-01-01", n_late=0, n_old=0)


@pytest.fixture(scope="module")
def expected() -> pd.Series:
    frame = pd.read_csv(REFERENCE / "expected.csv")
    return frame.set_index(["case", "quantity"])["value"]


def read_case(case: str):
    """Times, events, groups and covariates of a case, as make.R takes them."""
    if case == "weeks":
        frame = pd.read_csv(REFERENCE / "weeks.csv")
        columns = pd.DataFrame(
            {
                "app": (frame["channel"] == "app") * 1.0,
                "web": (frame["channel"] == "web") * 1.0,
                "spend": np.log2(frame["spend"]),
                "male": frame["male"].astype(float),
            }
        )
        return frame["weeks"].astype(float), frame["lapsed"] == 1, frame["channel"], columns
    from lifelines.datasets import load_lung

    frame = load_lung().dropna(subset=["age", "sex", "ph.ecog"])
    columns = (
        frame[["age", "sex", "ph.ecog"]].astype(float).set_axis(["age", "sex", "ecog"], axis=1)
    )
    return frame["time"].astype(float), frame["status"] == 1, frame["sex"], columns


@pytest.mark.parametrize("case", ["weeks", "lung"])
def test_curve_and_median_are_those_of_r(case, expected):
    weeks, lapsed, _, _ = read_case(case)
    curve = fit_curve(weeks, lapsed)
    read = expected[case]
    marks = [name for name in read.index if name.startswith("share at ")]
    assert len(marks) >= 3
    for name in marks:
        at = float(name.removeprefix("share at "))
        here = curve.at(at)
        for quantity in ("share", "lower", "upper"):
            value = read[f"{quantity} at {name.removeprefix('share at ')}"]
            assert here[quantity] == pytest.approx(value, abs=1e-9)
        assert curve.n_at_risk(at) == read[f"risk at {name.removeprefix('share at ')}"]
    found = [curve.median, curve.median_lower, curve.median_upper]
    assert found == [read["median"], read["median lower"], read["median upper"]]


@pytest.mark.parametrize("case", ["weeks", "lung"])
def test_log_rank_is_that_of_r(case, expected):
    weeks, lapsed, groups, _ = read_case(case)
    test = compare_groups(weeks, lapsed, groups)
    assert test.statistic == pytest.approx(expected[case]["log-rank"], abs=1e-8)
    assert test.p_value == pytest.approx(expected[case]["log-rank p"], abs=1e-9)


@pytest.mark.parametrize("case", ["weeks", "lung"])
def test_cox_is_that_of_r(case, expected):
    weeks, lapsed, _, columns = read_case(case)
    fitted = fit_cox(columns, weeks.to_numpy(), lapsed.to_numpy()).set_index("covariate")
    read = expected[case]
    for name, row in fitted.iterrows():
        assert row["coefficient"] == pytest.approx(read[f"coefficient {name}"], abs=1e-6)
        assert row["standard error"] == pytest.approx(read[f"error {name}"], abs=1e-6)
        assert row["lower"] == pytest.approx(read[f"lower {name}"], abs=1e-6)
        assert row["upper"] == pytest.approx(read[f"upper {name}"], abs=1e-6)
        assert row["p-value"] == pytest.approx(read[f"p {name}"], abs=1e-6)
    assert fitted.attrs["log_likelihood"] == pytest.approx(read["log-likelihood"], abs=1e-6)
    null = read["log-likelihood null"]
    assert fitted.attrs["log_likelihood_null"] == pytest.approx(null, abs=1e-6)
    assert fitted.attrs["concordance"] == pytest.approx(read["concordance"], abs=1e-6)


@pytest.mark.parametrize("case", ["weeks", "lung"])
def test_proportionality_is_that_of_r(case, expected):
    weeks, lapsed, _, columns = read_case(case)
    fitted = fit_cox(columns, weeks.to_numpy(), lapsed.to_numpy())
    beta = fitted["coefficient"].to_numpy()
    each, together = compare_over_time(
        columns.to_numpy(), beta, weeks.to_numpy(), lapsed.to_numpy()
    )
    read = expected[case]
    for name, test in zip(columns, each, strict=True):
        assert test.statistic == pytest.approx(read[f"zph {name}"], abs=1e-6)
        assert test.p_value == pytest.approx(read[f"zph p {name}"], abs=1e-6)
    assert together.statistic == pytest.approx(read["zph GLOBAL"], abs=1e-6)
    assert together.p_value == pytest.approx(read["zph p GLOBAL"], abs=1e-6)


def test_lapses_are_dated_at_the_last_purchase_and_judged_by_the_look_ahead():
    # 365 days recorded, a limit of 28 days: purchases up to day 336 can be judged
    frame = lines(
        [0, 10, 20],  # lapses on day 20
        [0, 20, 100, 110],  # lapses on day 20, returns, and lapses again: the first counts
        list(range(0, 364, 14)),  # never lapses
        [5],  # lapses at once
        [330, 340, 350],  # entered just in time, not lapsed
        [340],  # too late to see
        [0, 336],  # a gap of 335 days: at once, returned
        end=364,
    )
    times = lapses_of(frame)
    found = times.customers
    assert times.until == "2024-12-02"  # day 336
    assert found.loc["c0", ["weeks", "lapsed", "returned"]].tolist() == [20 / 7, True, False]
    assert found.loc["c1", ["weeks", "lapsed", "returned"]].tolist() == [20 / 7, True, True]
    assert found.loc["c2", ["weeks", "lapsed"]].tolist() == [336 / 7, False]
    assert found.loc["c3", ["weeks", "lapsed"]].tolist() == [0.0, True]
    assert found.loc["c4", ["weeks", "lapsed"]].tolist() == [6 / 7, False]
    assert "c5" not in found.index
    assert found.loc["c6", ["weeks", "lapsed", "returned"]].tolist() == [0.0, True, True]
    assert (times.n, times.n_late, times.n_lapsed, times.n_at_once, times.n_returned) == (
        7,
        1,
        4,
        2,
        2,
    )
    assert times.table()["customers"].tolist() == [7, 4, 2, 2, 3, 1]


def test_a_silence_of_exactly_the_limit_is_a_lapse():
    exact = lapses_of(lines([0, 29, 40, 60, 80, 100, 110], end=120))
    short = lapses_of(lines([0, 28, 40, 60, 80, 100, 110], end=120))
    assert exact.customers.loc["c0", "lapsed"]
    assert not short.customers.loc["c0", "lapsed"]


def test_later_records_do_not_move_a_dated_lapse():
    draw = np.random.default_rng(1)
    histories = [sorted(draw.choice(500, 12, replace=False).tolist()) for _ in range(60)]
    whole = lines(*histories, end=520)
    early = whole[whole["ordered_at"] <= "2025-01-01"]
    first, second = lapses_of(early).customers, lapses_of(whole).customers
    dated = first[first["lapsed"]]
    columns = ["entered", "weeks", "lapsed"]
    pd.testing.assert_frame_equal(dated[columns], second.loc[dated.index, columns])


def frequent_buyers(n: int, seed: int, log_ratio: float = 0.0) -> tuple[pd.DataFrame, pd.Series]:
    """Customers who buy about twice a week while active, and leave at exponential times."""
    draw = np.random.default_rng(seed)
    group = pd.Series(draw.integers(0, 2, n), index=[f"c{i}" for i in range(n)])
    life = draw.exponential(140 / np.exp(log_ratio * group))
    entry = draw.integers(0, 200, n)
    histories = []
    for start, days in zip(entry, life, strict=True):
        stop = min(start + days, 400)
        steps = draw.geometric(0.3, 400).cumsum()
        histories.append([int(start), *(start + steps[start + steps < stop]).tolist()])
    return lines(*histories, end=400), group


def test_the_lifetime_of_simulated_customers_is_recovered():
    frame, _ = frequent_buyers(1500, seed=8)
    curve = estimate_survival(lapses_of(frame, weeks=5))
    # exponential of mean 20 weeks; the last purchase comes about half a week before leaving
    for weeks in (4, 13, 26):
        here = curve.at(weeks)
        truth = np.exp(-(weeks + 0.4) / 20)
        assert here["lower"] - 0.02 < truth < here["upper"] + 0.02
    assert curve.median == pytest.approx(20 * np.log(2) - 0.4, abs=1.5)


def test_a_simulated_hazard_ratio_is_inside_its_interval():
    frame, group = frequent_buyers(1200, seed=9, log_ratio=0.6)
    times = lapses_of(frame, weeks=5)
    starts = pd.DataFrame({"kind": group.map({0: "calm", 1: "hasty"})}).rename_axis("customer_id")
    found = fit_hazards(times, starts)
    row = found.estimates.iloc[0]
    log_ratio = np.log(row["hazard ratio"])
    truth = 0.6 if "hasty (against" in row["covariate"] else -0.6
    assert abs(log_ratio - truth) < 3 * row["standard error"]
    assert found.n == times.n
    tests = compare_survival(times, starts)
    assert tests.table()["p-value"].iloc[0] < 1e-4
    assert found.likelihood_ratio.p_value < 1e-4


def test_an_effect_that_fades_is_seen():
    draw = np.random.default_rng(2)
    x = draw.integers(0, 2, 900).astype(float)
    # twice the hazard in the first ten weeks, half of it later
    early, late = (
        draw.exponential(15 / np.where(x == 1, 3.0, 1.0)),
        draw.exponential(15 / np.where(x == 1, 0.3, 1.0)),
    )
    weeks = np.where(early < 10, early, 10 + late)
    lapsed = weeks < 60
    weeks = np.minimum(weeks, 60)
    columns = pd.DataFrame({"x": x})
    fitted = fit_cox(columns, weeks, lapsed)
    _, together = compare_over_time(
        columns.to_numpy(), fitted["coefficient"].to_numpy(), weeks, lapsed
    )
    assert together.p_value < 1e-6


def test_leaving_out_the_first_day_keeps_later_risk_sets():
    weeks, lapsed, _, columns = read_case("weeks")
    times = times_of(weeks, lapsed)
    starts = pd.DataFrame({"male": columns["male"].map({0.0: "no", 1.0: "yes"})})
    starts.index = times.customers.index
    found = fit_hazards(times, starts, after_return=True)
    stayed = (weeks > 0).to_numpy()
    by_hand = fit_cox(
        columns.loc[stayed, ["male"]], weeks[stayed].to_numpy(), lapsed[stayed].to_numpy()
    )
    ratio = found.estimates["hazard ratio"].iloc[0]
    expected = by_hand["hazard ratio"].iloc[0]
    assert ratio == pytest.approx(expected) or ratio == pytest.approx(1 / expected)
    assert found.n == stayed.sum()


def test_results_do_not_depend_on_the_order_or_unit_of_rows():
    weeks, lapsed, groups, columns = read_case("weeks")
    order = np.random.default_rng(0).permutation(len(weeks))
    first = fit_cox(columns, weeks.to_numpy(), lapsed.to_numpy())
    second = fit_cox(
        columns.iloc[order], weeks.iloc[order].to_numpy(), lapsed.iloc[order].to_numpy()
    )
    assert np.allclose(first["coefficient"], second["coefficient"], atol=1e-12)
    scaled = fit_cox(
        columns.assign(spend=columns["spend"] / 1e6), weeks.to_numpy(), lapsed.to_numpy()
    )
    assert scaled["p-value"].to_numpy() == pytest.approx(first["p-value"].to_numpy(), abs=1e-8)
    one = fit_curve(weeks, lapsed)
    other = fit_curve(weeks.iloc[order], lapsed.iloc[order])
    pd.testing.assert_frame_equal(one.curve, other.curve)
    assert compare_groups(weeks, lapsed, groups).statistic == pytest.approx(
        compare_groups(weeks.iloc[order], lapsed.iloc[order], groups.iloc[order]).statistic
    )


def test_nothing_after_the_first_day_enters_the_starts():
    draw = np.random.default_rng(1)
    histories = [sorted(draw.choice(300, 8, replace=False).tolist()) for _ in range(50)]
    frame = lines(*histories).assign(
        product_id=draw.choice(list("pqrs"), 400), channel=draw.choice(["web", "store"], 400)
    )
    first = frame.groupby("customer_id")["ordered_at"].transform("min")
    shuffled = frame.copy()
    later = (frame["ordered_at"] > first).to_numpy()
    shuffled.loc[later, "revenue"] = 999.0
    shuffled.loc[later, "channel"] = "phone"
    shuffled.loc[later, "product_id"] = "z"
    pd.testing.assert_frame_equal(describe_starts(frame), describe_starts(shuffled))
    pd.testing.assert_frame_equal(
        describe_starts(frame), describe_starts(frame.sample(frac=1, random_state=2))
    )


def test_starts_join_registrations_and_leads():
    frame = lines([30], [40, 41], [50])
    customers = pd.DataFrame(
        {
            "customer_id": ["c0", "c1", "c2"],
            "registered_on": pd.to_datetime(["2024-01-10", "2024-02-11", "2024-01-01"]),
            "sex": ["f", "m", None],
            "birth_year": [1990, 1980, 1970],
            "postcode": ["1", "2", "3"],
        }
    )
    leads = pd.DataFrame(
        {"lead_id": ["l"], "customer_id": ["c2"], "created_on": pd.to_datetime(["2024-01-01"])}
    )
    starts = describe_starts(frame, customers=customers, leads=leads)
    assert starts["weeks from registration"].tolist() == pytest.approx([3.0, 0.0, 50 / 7])
    assert starts["age"].tolist() == [34, 44, 54]
    assert starts["came as a lead"].tolist() == ["no", "no", "yes"]
    assert "postcode" not in starts
    assert "first spend" not in starts  # all spent the same
    absent = describe_starts(frame, customers=NotAvailable("x"), leads=NotAvailable("x"))
    assert isinstance(describe_starts(NotAvailable("none")), NotAvailable)
    assert list(absent) == []


def test_thin_levels_and_missing_values_are_said_not_fitted():
    draw = np.random.default_rng(3)
    n = 300
    times = times_of(draw.exponential(10, n).round() + 1, draw.random(n) < 0.7)
    starts = pd.DataFrame(
        {
            "rare": ["a"] * 150 + ["b"] * 147 + ["c"] * 3,
            "unknown to many": [1.0] * 100 + [np.nan] * 200,
            "copy": ["a"] * 150 + ["b"] * 147 + ["c"] * 3,
            "some": [np.nan] * 10 + list(draw.normal(size=n - 10)),
        },
        index=times.customers.index,
    )
    found = fit_hazards(times, starts)
    assert list(found.estimates["covariate"]) == [
        "rare: b (against a)",
        "some: a standard deviation more",
    ]
    assert found.n_incomplete == 10
    reasons = found.left_out.set_index("variable")["reason"]
    assert reasons["unknown to many"] == "not known of 67% of the customers"
    assert reasons["rare"] == "other counted with a: too few customers"
    assert "follows from the others" in reasons["copy: b (against a)"]


def test_what_cannot_be_estimated_is_refused():
    few = times_of([1.0] * 20, [True] * 9 + [False] * 11)
    starts = pd.DataFrame({"x": range(20)}, index=few.customers.index, dtype=float)
    for call in (
        estimate_survival,
        lambda t: compare_survival(t, starts),
        lambda t: fit_hazards(t, starts),
    ):
        with pytest.raises(ModelError, match="9 of 20 customers lapsed; 10 lapses are needed"):
            call(few)
    enough = times_of(np.arange(40.0), [True] * 40)
    same = pd.DataFrame({"x": ["a"] * 40}, index=enough.customers.index)
    with pytest.raises(ModelError, match="nothing that was known at the start varies"):
        fit_hazards(enough, same)
    with pytest.raises(ModelError, match="nothing that was known at the start forms groups"):
        compare_survival(enough, same)
    at_once = times_of([0.0] * 40, [True] * 40)
    with pytest.raises(ModelError, match="nobody stayed beyond the first purchase"):
        fit_hazards(at_once, same, after_return=True)


def test_a_covariate_that_parts_the_lapsed_from_the_rest_is_refused():
    weeks = np.arange(1.0, 61.0)
    x = (weeks <= 30).astype(float)
    lapsed = weeks <= 30
    with pytest.raises(ModelError, match="may part those who lapse"):
        fit_cox(pd.DataFrame({"x": x}), weeks, lapsed)


def test_checks_speak_of_ties_events_and_returns():
    weeks, lapsed, _, columns = read_case("weeks")
    times = times_of(weeks, lapsed)
    starts = pd.DataFrame({"spend": columns["spend"].to_numpy()}, index=times.customers.index)
    found = fit_hazards(times, starts)
    assert [check.name for check in failed(found.checks)] == [
        "few lapses fall on one day of the relationship (largest share of lapses)"
    ]
    returned = replace(times, customers=times.customers.assign(returned=times.customers["lapsed"]))
    assert not returned.checks[0].passed
    assert not replace(times, n_old=3).checks[1].passed


def test_a_curve_that_never_falls_to_one_half_has_no_median():
    curve = estimate_survival(times_of(np.arange(100.0), np.arange(100) % 8 == 0))
    assert curve.median == np.inf
    assert "median_weeks" not in curve.to_metrics()
    assert curve.table()["weeks"].tolist() == [0, 4, 13, 26, 52]
