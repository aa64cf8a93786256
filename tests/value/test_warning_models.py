"""Models in the order of time, judged on the test; contacts that pay; alerts with reasons."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.value.warning import models as models_module
from crmstudy.value.warning.alerts import NO_REASON, raise_alerts
from crmstudy.value.warning.contacts import BEST, plan_contacts
from crmstudy.value.warning.data import WarningData
from crmstudy.value.warning.forward import Rolling, calibrate, choose_simplest
from crmstudy.value.warning.judging import assess_warnings
from crmstudy.value.warning.models import RECIPES
from crmstudy.value.warning.origins import Origin, OriginPlan
from crmstudy.value.warning.reasons import rank_importance, share_out
from crmstudy.value.warning.rolling import fit_warnings
from crmstudy.value.warning.scores import to_chance
from crmstudy.value.warning.terms import price_contacts

N = 500
FIRST = pd.Timestamp("2026-01-01")
TERMS = {
    "contact_cost": 2.0,
    "rescue_share": 0.25,
    "margin": 0.4,
    "horizon_weeks": 52.0,
    "seed": 1,
}


def place_origins(n_origins=5, weeks=4):
    days = [FIRST + pd.Timedelta(weeks=weeks * (k + 2)) for k in range(n_origins + 1)]
    roles = ["training"] * (n_origins - 1) + ["test", "alert"]
    said = [f"{day:%Y-%m-%d}" for day in [*days, days[-1] + pd.Timedelta(weeks=weeks)]]
    return tuple(
        Origin(day, role, "look back", "recent", "before", until)
        for (day, until), role in zip(pairwise(said), roles, strict=True)
    )


def draw_data(seed=1, n=N, n_origins=5, strength=1.5):
    """Draw customers whose log odds of a lapse are known: silence raises, frequency lowers it."""
    generator = np.random.default_rng(seed)
    plan = OriginPlan(4, 8, place_origins(n_origins), "as told")
    features, outcomes = {}, {}
    for origin in plan.origins:
        silence = generator.integers(0, 28, n)
        count = 1 + generator.poisson(5, n)
        gap = np.where(count > 1, generator.gamma(2, 4, n), np.nan)
        frame = pd.DataFrame(
            {
                "n_purchases": count,
                "revenue": np.round(generator.gamma(2, 60, n), 2),
                "days_since_last_purchase": silence,
                "mean_days_between_purchases": gap,
                "discount_share": generator.random(n),
                "main_channel": generator.choice(["web", "shop"], n),
            },
            index=pd.Index([f"c{i:04d}" for i in range(n)], name="customer_id"),
        )
        odds = -0.8 + strength * (silence - 14) / 8 - strength * (count - 6) / 3
        lapse = (generator.random(n) < to_chance(odds)).astype(float)
        features[origin.day] = frame.assign(recent_revenue=frame["revenue"] / 2)
        if origin.role != "alert":
            spent = np.where(lapse == 1, 0.0, frame["revenue"] / 2)
            outcomes[origin.day] = pd.DataFrame(
                {
                    "purchases": 1 - lapse,
                    "revenue": spent,
                    "lapse": lapse,
                    "drop": lapse,
                    "later_revenue": frame["revenue"] / 8 * np.where(lapse == 1, 0.5, 1.0) * 4,
                }
            )
    known = {origin.day: n for origin in plan.origins}
    last = plan.observed[-2].day
    for day in (last, plan.test.day):
        outcomes[day]["later_revenue"] = np.nan
    # What is spent later covers the weeks from the end of the window to the test day.
    for origin in plan.observed[:-2]:
        weeks = (pd.Timestamp(plan.test.day) - pd.Timestamp(origin.until)).days / 7
        outcomes[origin.day]["later_revenue"] *= weeks / 4
    return WarningData(plan, features, outcomes, 0.5, known)


def swap_names(data, seed=9):
    """Shuffle the customers and give them other names."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(next(iter(data.features.values()))))
    names = pd.Index([f"x{i}" for i in order], name="customer_id")

    def swap(frames):
        return {day: frame.set_axis(names).iloc[order] for day, frame in frames.items()}

    return replace(data, features=swap(data.features), outcomes=swap(data.outcomes))


@pytest.fixture(scope="module")
def data():
    return draw_data()


@pytest.fixture(scope="module")
def models(data):
    return fit_warnings(data, seed=1)


@pytest.fixture(scope="module")
def assessment(models):
    return assess_warnings(models, n_replicates=100)


@pytest.fixture(scope="module")
def terms(data):
    return price_contacts(data, **TERMS)


@pytest.fixture(scope="module")
def contacts(models, terms):
    return plan_contacts(models, terms, n_replicates=100)


@pytest.fixture(scope="module")
def alerts(models, terms):
    return raise_alerts(models, terms, n_explained=12)


# -- models --------------------------------------------------------------------------------


def test_each_origin_is_foretold_by_what_was_learnt_before(monkeypatch, data):
    seen = []

    def learn(recipe, features, events, size, seed):
        seen.append((recipe.name, size, len(features)))
        return models_module.learn_nothing(features, events, size, seed)

    monkeypatch.setattr("crmstudy.value.warning.forward.learn", learn)
    found = fit_warnings(data, seed=1)
    for recipe in RECIPES:
        sizes = [n for name, size, n in seen if name == recipe.name and size == recipe.grid[0]]
        assert sizes == [N, 2 * N, 3 * N, 4 * N]
    observed = data.plan.observed
    assert [forecast.origin for forecast in found.forecasts] == list(observed[2:])


def test_settings_are_chosen_by_the_origins_before_and_no_other(data):
    rows = [data.rows(origin, "lapse") for origin in data.plan.observed]
    recipe = next(recipe for recipe in RECIPES if recipe.name == "logit")
    rolled = Rolling(recipe, rows, 1, 1)
    chosen = rolled.choose(3)
    later = [*rows[:3], *[(features, 1 - events) for features, events in rows[3:]]]
    assert Rolling(recipe, later, 1, 1).choose(3) == chosen
    earlier = [(rows[0][0], 1 - rows[0][1]), *rows[1:]]
    assert Rolling(recipe, earlier, 1, 1).choose(3) != chosen


def test_the_chosen_model_is_the_simplest_near_the_smallest_loss_before_the_test(models):
    table = models.table().set_index("model")
    assert table.loc[models.chosen, "chosen"] == "yes"
    assert (table["chosen"] == "yes").sum() == 1
    losses = table["log loss before the test"]
    assert losses[models.chosen] - losses.min() < 0.02
    assert (losses[["base rate", "own rhythm", "RFM score"]] > losses[models.chosen]).all()


def test_a_simpler_model_wins_unless_it_is_shown_to_lose():
    generator = np.random.default_rng(2)
    least = generator.random(400)
    noise = generator.normal(size=400)
    noise = (noise - noise.mean()) / noise.std(ddof=1)  # a standard error of .05
    losses = {"simple": least + 0.06 + noise, "middle": least + 0.04 + noise, "best": least}
    assert choose_simplest(losses) == "middle"
    assert choose_simplest({"simplest": least + 0.04 + noise, **losses}) == "simplest"
    assert choose_simplest({"simple": least, "same": least}) == "simple"
    assert choose_simplest({"simple": least + 0.1, "best": least}) == "best"


def test_the_truth_is_recovered(models, assessment, data):
    """The log odds that made the events: no model can do better, and the chosen comes near."""
    test = models.test
    silence = test.features["days_since_last_purchase"].to_numpy()
    count = test.features["n_purchases"].to_numpy()
    truth = to_chance(-0.8 + 1.5 * (silence - 14) / 8 - 1.5 * (count - 6) / 3)
    assert np.corrcoef(truth, test.chances[models.chosen])[0, 1] > 0.97
    assert np.abs(truth - test.chances[models.chosen]).mean() < 0.06
    intercept, slope = (assessment.value(f"calibration {what}") for what in ("intercept", "slope"))
    assert intercept[1] < 0 < intercept[2]
    assert slope[1] < 1 < slope[2]
    compared = assessment.compare("base rate").set_index("model")["verdict"]
    assert compared[models.chosen] == "better"
    assert compared["RFM score"] == "better"


def test_of_pure_noise_the_base_rate_is_chosen_and_nothing_looked_at():
    noise = draw_data(seed=3, strength=0.0)
    models = fit_warnings(noise, seed=1)
    assert models.chosen == "base rate"
    assessment = assess_warnings(models, n_replicates=60)
    lower, upper = assessment.value("ROC AUC", "logit")[1:]
    assert lower < 0.5 < upper
    assert (assessment.compare("base rate")["verdict"] != "better").all()
    assert set(assessment.recall["model"]) > {"base rate", "logit"}
    assert np.isfinite(list(assessment.to_metrics().values())).all()
    assert "calibration_slope" not in assessment.to_metrics()
    assert "looks at no feature" in str(rank_importance(models))
    terms = price_contacts(noise, **TERMS)
    alerts = raise_alerts(models, terms, n_explained=5).table()
    assert len(set(alerts["probability"])) == 1
    assert set(alerts["reasons"].head(5)) == {NO_REASON}


def test_names_and_order_of_customers_change_nothing(data, models, assessment, terms, contacts):
    swapped = swap_names(data)
    again = fit_warnings(swapped, seed=1)
    assert again.chosen == models.chosen
    for name in models.test.chances:
        np.testing.assert_array_equal(again.test.chances[name], models.test.chances[name])
    pd.testing.assert_frame_equal(
        assess_warnings(again, n_replicates=100).table(), assessment.table()
    )
    assert price_contacts(swapped, **TERMS) == terms
    pd.testing.assert_frame_equal(
        plan_contacts(again, terms, n_replicates=100).table(), contacts.table()
    )


def test_equal_seeds_give_equal_bytes_and_inputs_stay_as_they_were(data, models):
    before = {day: frame.copy() for day, frame in data.features.items()}
    again = fit_warnings(data, seed=1)
    for name, chances in models.test.chances.items():
        assert chances.tobytes() == again.test.chances[name].tobytes()
    for day, frame in before.items():
        pd.testing.assert_frame_equal(frame, data.features[day])


def test_a_score_that_points_the_wrong_way_says_nothing():
    generator = np.random.default_rng(1)
    scores = generator.normal(size=500)
    events = (generator.random(500) < to_chance(-scores)).astype(float)
    intercept, slope = calibrate(scores, events)
    assert slope == 0
    assert to_chance(intercept) == pytest.approx(events.mean(), abs=0.01)
    assert calibrate(-scores, events)[1] > 0.5


def test_rules_rank_as_they_say(models):
    rows = pd.DataFrame(
        {
            "days_since_last_purchase": [2, 20, 20, 20],
            "mean_days_between_purchases": [10.0, 10.0, 40.0, np.nan],
            "n_purchases": [9, 9, 2, 1],
            "revenue": [200.0, 200.0, 200.0, 20.0],
        }
    )
    rhythm = models.learned["own rhythm"].foretell(rows)
    assert rhythm[1] > rhythm[0]
    assert rhythm[2] < rhythm[1]
    rfm = models.learned["RFM score"].foretell(rows)
    assert (np.diff(rfm) > 0).all()
    assert set(models.learned["base rate"].foretell(rows)) == {0.0}


def test_checks_say_what_is_little(data, models):
    held = {check.name: check.passed for check in models.checks}
    assert all(held.values())
    few = {day: frame.head(130) for day, frame in data.features.items()}
    small = fit_warnings(
        replace(
            data,
            features=few,
            outcomes={day: frame.head(130) for day, frame in data.outcomes.items()},
        ),
        seed=1,
    )
    failed = {check.name for check in small.checks if not check.passed}
    assert failed >= {"the test holds enough events"}


def test_few_events_are_refused(data):
    def with_events(share):
        outcomes = {
            day: frame.assign(lapse=(np.arange(N) < share * N).astype(float))
            for day, frame in data.outcomes.items()
        }
        return replace(data, outcomes=outcomes)

    for share in (0.0, 1.0, 0.005, 0.998):
        with pytest.raises(ModelError, match="without the event \\(no purchase in the window\\)"):
            fit_warnings(with_events(share), seed=1)
    late = {
        day: frame.assign(lapse=frame["lapse"] * (place >= 3))
        for place, (day, frame) in enumerate(data.outcomes.items())
    }
    with pytest.raises(ModelError, match="come too late in the data"):
        fit_warnings(replace(data, outcomes=late), seed=1)


def test_a_drop_is_foretold_too_and_customers_without_an_answer_are_left_out(data):
    outcomes = {day: frame.copy() for day, frame in data.outcomes.items()}
    outcomes[data.plan.test.day].loc["c0000":"c0009", "drop"] = np.nan
    found = fit_warnings(replace(data, outcomes=outcomes), target="drop", seed=1)
    assert found.event == "spend fell by 50% or more"
    assert len(found.test.events) == N - 10


def test_an_absent_study_is_passed_on(terms):
    absent = NotAvailable("no transactions")
    assert fit_warnings(absent, seed=1) is absent
    assert assess_warnings(absent) is absent
    assert plan_contacts(absent, terms) is absent
    assert raise_alerts(absent, terms) is absent
    assert rank_importance(absent) is absent
    assert price_contacts(absent, **TERMS) is absent


# -- assessment ----------------------------------------------------------------------------


def test_the_table_holds_every_measure_between_its_limits(assessment):
    table = assessment.table()
    assert list(table["model"].str.replace(" (chosen)", "")) == [r.name for r in RECIPES]
    for name in ("average precision", "ROC AUC", "Brier score", "log loss", "top-decile lift"):
        assert (table[name] >= table[f"{name} from"]).all()
        assert (table[name] <= table[f"{name} to"]).all()
    parts = table["reliability"] - table["resolution"] + table["uncertainty"]
    np.testing.assert_allclose(parts + table["within bins"], table["Brier score"])
    skill = 1 - table["Brier score"] / table["uncertainty"]
    np.testing.assert_allclose(table["Brier skill"], skill)
    assert np.isnan(table["calibration slope"][0])
    assert table["average precision"][0] == pytest.approx(assessment.base_rate)


def test_differences_are_paired(assessment):
    compared = assessment.compare("logit").set_index("model")
    logit, boosted = (assessment.models.index(name) for name in ("logit", "gradient boosting"))
    apart = assessment.drawn[:, boosted, 4] - assessment.drawn[:, logit, 4]
    row = compared.loc["gradient boosting"]
    assert row["log loss from"] == pytest.approx(np.quantile(apart, 0.025))
    assert row["log loss, difference"] == pytest.approx(
        assessment.values[boosted, 4] - assessment.values[logit, 4]
    )
    assert "logit" not in compared.index
    assert compared.loc["base rate", "verdict"] == "worse"


def test_curves_begin_and_end_where_they_must(assessment):
    recall, gains = assessment.recall, assessment.gains
    whole = recall[recall["recall"] == 1.0]
    assert (whole["precision"] >= assessment.base_rate - 1e-12).all()
    assert "base rate" not in set(recall["model"])
    ends = gains.groupby("method")["gained"].agg(["first", "last"])
    np.testing.assert_allclose(ends, np.tile([0.0, 1.0], (len(ends), 1)))
    banded = gains.dropna()
    assert set(banded["method"]) == {assessment.chosen}
    assert len(assessment.origins) == 3


def test_metrics_are_finite_numbers(models, assessment, contacts, alerts, terms):
    for result in (models, assessment, contacts, alerts, terms, models.data):
        assert np.isfinite(list(result.to_metrics().values())).all()


# -- what a contact is worth ---------------------------------------------------------------


def test_terms_are_learnt_from_what_followed(data, terms):
    assert terms.lost_now == 1.0
    assert terms.lost_share == pytest.approx(0.5)
    assert terms.weeks_now + terms.weeks_later == pytest.approx(52)
    assert terms.lost_lower <= 0.5 <= terms.lost_upper
    features = data.features[data.plan.test.day]
    wanted = features["revenue"] / 8 * 0.4 * (4 + 48 * 0.5)
    np.testing.assert_allclose(terms.value_saved(features), wanted)
    short = price_contacts(data, **{**TERMS, "horizon_weeks": 2.5})
    assert (short.weeks_now, short.weeks_later) == (2.5, 0.0)


def test_discounting_takes_a_year_down_to_its_rate(data):
    later = price_contacts(data, **{**TERMS, "horizon_weeks": 5200.0}, annual_discount_rate=0.1)
    perpetuity = 365.25 / 7 / np.log(1.1)
    assert later.weeks_now + later.weeks_later == pytest.approx(perpetuity, rel=1e-3)


def test_nothing_that_follows_makes_the_loss_an_assumption(data):
    short = replace(
        data,
        outcomes={day: f.assign(later_revenue=np.nan) for day, f in data.outcomes.items()},
    )
    found = price_contacts(short, **TERMS)
    assert (found.lost_share, found.lost_rule) == (
        1.0,
        "assumed: no window follows that could tell",
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("contact_cost", -1.0, "0 or more"),
        ("rescue_share", 0.0, "above 0, up to 1"),
        ("rescue_share", 1.2, "above 0, up to 1"),
        ("margin", 0.0, "above 0, up to 1"),
        ("horizon_weeks", 0.0, "above 0"),
    ],
)
def test_terms_out_of_range_are_refused(data, name, value, allowed):
    with pytest.raises(SettingsError, match=f"{name} = {value!r}; allowed: {allowed}"):
        price_contacts(data, **{**TERMS, name: value})


def test_profit_is_counted_as_by_hand(models, terms, contacts):
    test = models.test
    saved = terms.value_saved(test.features)
    expected = test.chances[models.chosen] * 0.25 * saved - 2
    happened = test.events * 0.25 * saved - 2
    table = contacts.table().set_index("policy")
    best = table.loc[BEST]
    listed = expected > 0
    assert best["contacted"] == listed.sum()
    assert best["expected profit"] == pytest.approx(expected[listed].sum())
    assert best["profit"] == pytest.approx(happened[listed].sum())
    assert best["from"] < best["profit"] < best["to"]
    assert table.loc["everybody at risk", "profit"] == pytest.approx(happened.sum())
    assert table.loc["nobody", ["contacted", "profit", "from", "to"]].tolist() == [0, 0, 0, 0]
    tenth = table.loc["tenth with the highest probability"]
    assert tenth["contacted"] == N / 10
    assert tenth["less than the best list"] == pytest.approx(best["profit"] - tenth["profit"])
    curve = contacts.curve
    assert curve["profit"].iloc[0] == 0
    assert curve["profit"].iloc[-1] == pytest.approx(happened.sum())
    assert curve["expected"].max() == pytest.approx(best["expected profit"], rel=1e-3)


def test_at_the_break_even_share_contacts_bring_nothing(models, terms, contacts):
    even = contacts.table().iloc[0]["break-even rescue share"]
    saved = terms.value_saved(models.test.features)
    chosen = terms.expect_profit(models.test.chances[models.chosen], saved) > 0
    at_even = replace(terms, rescue_share=even).expect_profit(models.test.events, saved)
    assert at_even[chosen].sum() == pytest.approx(0, abs=1e-9)
    upper = contacts.table().iloc[0]["break-even, to"]
    assert even < upper


def test_contacts_too_dear_are_not_made_and_free_ones_always(models, terms):
    dear = plan_contacts(models, replace(terms, contact_cost=1e6), n_replicates=20)
    assert dear.table().iloc[0]["contacted"] == 0
    assert "break_even_rescue_share" not in dear.to_metrics()
    free = plan_contacts(models, replace(terms, contact_cost=0.0), n_replicates=20)
    assert free.table().iloc[0]["contacted"] == N


def test_values_of_ones_own_are_used_and_must_be_complete(models, terms):
    ten = pd.Series(10.0, models.test.features.index)
    plan = plan_contacts(models, terms, values=ten, n_replicates=20)
    wanted = (models.test.chances[models.chosen] * 2.5 > 2).sum()
    assert plan.table().iloc[0]["contacted"] == wanted
    with pytest.raises(DataError, match="no value saved is given for"):
        plan_contacts(models, terms, values=ten.iloc[1:])


# -- alerts and reasons --------------------------------------------------------------------


def test_alerts_are_ordered_by_what_a_contact_brings(alerts, terms):
    table = alerts.table()
    assert len(table) == N
    profit = table["expected profit of a contact"]
    assert profit.is_monotonic_decreasing
    wanted = table["probability"] * 0.25 * table["value saved by a rescue"] - 2
    np.testing.assert_allclose(profit, wanted)
    assert ((profit > 0) == (table["contact"] == "yes")).all()
    assert (table["reasons"] != "").tolist() == [True] * 12 + [False] * (N - 12)


def test_contributions_add_up_to_the_log_odds(alerts):
    sums = alerts.contributions.groupby("customer")["contribution"].sum() + alerts.average
    chances = alerts.table().set_index("customer")["probability"]
    np.testing.assert_allclose(to_chance(sums), chances.loc[sums.index], atol=1e-10)


def test_reasons_name_what_raised_the_chance(models, terms):
    found = raise_alerts(models, NotAvailable("no amounts"), n_explained=20)
    first = found.table().head(20)
    assert not found.priced
    assert found.table()["probability"].is_monotonic_decreasing
    assert "contact" not in first
    assert first["reasons"].str.contains("longer since the last purchase").mean() > 0.8
    assert first["reasons"].str.contains("buys seldom").mean() > 0.8
    last = raise_alerts(models, terms, n_explained=N).table().nsmallest(20, "probability")
    assert (last["reasons"] == NO_REASON).mean() > 0.3


def test_the_features_that_made_the_events_are_the_important_ones(models):
    ranked = rank_importance(models, n_replicates=60)
    assert set(ranked["topic"].head(2)) == {"recency", "frequency"}
    assert (ranked["lower"].head(2) > 0).all()
    noise = ranked.set_index("topic").loc[["discounts", "channels"]]
    assert (noise["importance"].abs() < 0.02).all()


def linear(matrix):
    return matrix @ np.array([2.0, -1.0, 0.0, 0.5])


def tangled(matrix):
    return matrix[:, 0] * matrix[:, 1] + np.sin(matrix[:, 2]) * matrix[:, 0]


@pytest.fixture
def points():
    generator = np.random.default_rng(5)
    return generator.normal(size=(3, 4)), generator.normal(size=(40, 4))


def test_of_a_linear_score_each_feature_gets_its_term(points):
    rows, background = points
    shares = share_out(linear, rows, background, ("a", "b", "c", "d"), seed=1)
    wanted = (rows - background.mean(axis=0)) * np.array([2.0, -1.0, 0.0, 0.5])
    np.testing.assert_allclose(shares, wanted, atol=1e-12)
    joint = share_out(linear, rows, background, ("a", "b", "b", "a"), seed=1)
    np.testing.assert_allclose(joint["a"], wanted[:, [0, 3]].sum(axis=1), atol=1e-12)


def test_shares_add_up_and_a_feature_not_looked_at_gets_nothing(points):
    rows, background = points
    shares = share_out(tangled, rows, background, ("a", "b", "c", "d"), seed=1)
    np.testing.assert_allclose(shares.sum(axis=1), tangled(rows) - tangled(background).mean())
    assert (shares["d"] == 0).all()


def test_two_that_do_the_same_get_the_same():
    background = np.repeat(np.random.default_rng(6).normal(size=(30, 1)), 2, axis=1)
    shares = share_out(
        lambda m: m[:, 0] * m[:, 1], np.array([[2.0, 2.0]]), background, ("a", "b"), seed=1
    )
    assert shares["a"][0] == pytest.approx(shares["b"][0])


def test_sampled_orders_come_near_to_all_of_them():
    """Exact values by definition: the mean over all orders and the whole background."""
    from itertools import permutations

    generator = np.random.default_rng(7)
    row, background = generator.normal(size=(1, 3)), generator.normal(size=(1, 3))
    wanted = np.zeros(3)
    for order in permutations(range(3)):
        now = background.copy()
        for feature in order:
            before = tangled(now)[0]
            now[0, feature] = row[0, feature]
            wanted[feature] += (tangled(now)[0] - before) / 6
    many = np.repeat(background, 3000, axis=0)
    found = share_out(tangled, row, many, ("a", "b", "c"), seed=1)
    np.testing.assert_allclose(found.iloc[0], wanted, atol=0.03)


def test_all_libraries_are_held_at_one_thread():
    from threadpoolctl import threadpool_info

    with models_module.hold_one_thread():
        pools = threadpool_info()
    assert {"openmp", "blas"} <= {pool["user_api"] for pool in pools}
    assert {pool["num_threads"] for pool in pools} == {1}
