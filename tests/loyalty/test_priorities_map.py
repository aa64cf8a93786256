"""The importance-performance map: lavaan's numbers by hand, recovery, laws, absences."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.power.population import suppose_population
from crmstudy.loyalty.priorities.map import map_priorities
from crmstudy.loyalty.priorities.means import average_samples, draw_means
from crmstudy.loyalty.priorities.ranking import ALONE, name_quadrants
from crmstudy.loyalty.resampling.bootstrap import bootstrap_model
from crmstudy.loyalty.resampling.draws import (
    covary_rows,
    draw_covariances,
    draw_rows,
    order_answers,
)

MODEL = StructuralModel(
    (
        Construct("care", ("a1", "a2", "a3"), "客户关怀"),
        Construct("price", ("b1", "b2", "b3"), "Price"),
        Construct("trust", ("c1", "c2", "c3"), "Trust"),
        Construct("loyalty", ("d1", "d2", "d3"), "Loyalty"),
    ),
    (
        Path("care", "trust"),
        Path("price", "trust"),
        Path("trust", "loyalty"),
        Path("price", "loyalty"),
    ),
    "chain",
)
TRUE_PATHS = {
    ("care", "trust"): 0.5,
    ("price", "trust"): 0.0,
    ("trust", "loyalty"): 0.5,
    ("price", "loyalty"): -0.3,
}
MEANS = {"a": 40.0, "b": 60.0, "c": 70.0, "d": 55.0}
SCALE = {item: {"minimum": 0.0, "maximum": 100.0, "text": f"about {item}"} for item in MODEL.items}


def scales_of(model, low=1.0, high=10.0):
    return {item: {"minimum": low, "maximum": high, "text": ""} for item in model.items}


def simulate(seed, n, *, paths=TRUE_PATHS):
    """Draw normal answers with standard deviation 10 and loadings of .8."""
    population = suppose_population(MODEL, paths=paths, loading=0.8, correlation=0.0)
    covariance = 100.0 * population.structure.implied(population.theta)
    means = [MEANS[item[0]] for item in MODEL.items]
    draws = np.random.default_rng(seed).multivariate_normal(means, covariance, n)
    return pd.DataFrame(draws, columns=list(MODEL.items))


def build_map(survey, *, model=MODEL, target="loyalty", n_draws=400, scale=SCALE, seed=7):
    fit = fit_sem(survey, model=model)
    bootstrap = bootstrap_model(fit, n_draws=n_draws, seed=seed)
    return map_priorities(fit, bootstrap, target=target, instrument=scale)


@pytest.fixture(scope="module")
def phone(mobi, ecsi):
    return build_map(mobi, model=ecsi["admissible"], scale=scales_of(ecsi["admissible"]))


@pytest.fixture(scope="module")
def chain():
    return build_map(simulate(1, 600))


def test_numbers_follow_from_lavaans_by_hand(mobi, phone, lavaan):
    rows = lavaan[(lavaan["model"] == "admissible") & (lavaan["data"] == "sem_mobi")]
    by = {(r["left"], r["op"], r["right"]): r["estimate"] for r in rows.to_dict("records")}
    loadings = {
        name: {item: by[name, "=~", item] for (left, op, item) in by if (left, op) == (name, "=~")}
        for name in ("quality", "value", "satisfaction", "loyalty")
    }
    per_unit = {
        name: 100 * sum(v**2 for v in own.values()) / sum(9 * v for v in own.values())
        for name, own in loadings.items()
    }
    total = {
        "quality": by["quality_loyalty_indirect", ":=", "b*d+a*c*d"],
        "value": by["value_loyalty_indirect", ":=", "c*d"],
        "satisfaction": by["loyalty", "~", "satisfaction"],
    }
    table = phone.drivers.set_index("name")
    for name, effect in total.items():
        own = loadings[name]
        performance = (
            100
            * sum(v * (mobi[item].mean() - 1) for item, v in own.items())
            / sum(9 * v for v in own.values())
        )
        importance = effect * per_unit["loyalty"] / per_unit[name]
        row = table.loc[name]
        assert row["importance"] == pytest.approx(importance, rel=1e-6)
        assert row["performance"] == pytest.approx(performance, rel=1e-6)
        assert row["gain"] == pytest.approx(importance * (100 - performance) / 10, rel=1e-6)
    assert table.loc["quality", "standardised"] == pytest.approx(0.731514277914679, abs=1e-6)
    item = phone.items.set_index("item").loc["PERQ3"]
    share = loadings["quality"]["PERQ3"] / sum(loadings["quality"].values())
    assert item["share"] == pytest.approx(share, rel=1e-6)
    assert item["importance"] == pytest.approx(
        share * total["quality"] * per_unit["loyalty"] / per_unit["quality"], rel=1e-6
    )
    assert item["performance"] == pytest.approx((mobi["PERQ3"].mean() - 1) / 9 * 100)


def test_items_add_up_to_their_construct(phone):
    sums = phone.items.groupby("construct")[["share", "importance", "gain"]].sum()
    table = phone.drivers.set_index("construct")
    assert sums["share"].to_numpy() == pytest.approx(np.ones(3))
    for name in ("importance", "gain"):
        expected = table.loc[sums.index, name].to_numpy()
        assert sums[name].to_numpy() == pytest.approx(expected)


def test_truth_lies_in_the_intervals():
    """Of 15 surveys with known effects and means, 95% intervals miss few truths."""
    true = {"care": (0.25, 40.0), "price": (-0.3, 60.0), "trust": (0.5, 70.0)}
    covered = []
    for seed in range(15):
        table = build_map(simulate(100 + seed, 400), n_draws=200).drivers.set_index("name")
        for name, (importance, performance) in true.items():
            row = table.loc[name]
            covered.append(row["importance lower"] <= importance <= row["importance upper"])
            covered.append(row["performance lower"] <= performance <= row["performance upper"])
    assert len(covered) == 90
    assert sum(covered) >= 79  # 90 at 95% with 200 draws, three standard errors below


def test_negative_and_uncertain_effects_are_no_priorities(chain):
    table = chain.drivers.set_index("name")
    assert pd.isna(table.loc["price", "rank"])
    assert table.loc["price", "importance"] < 0
    assert set(chain.ranked["name"]) == {"trust", "care"}
    assert chain.drivers["name"].iloc[-1] == "price"
    assert chain.items.loc[chain.items["construct"] == "Price", "rank"].isna().all()
    actions = chain.actions().set_index("construct")
    assert actions.loc["Price", "items to begin with"] == "none"
    assert actions.loc["Price", "behind the first"] == "not ranked"
    assert actions.loc["Trust", "improved through"] == "客户关怀, Price"
    assert actions.loc["客户关怀", "improved through"] == "its own items"


def test_a_positive_estimate_alone_ranks_nothing():
    """The true effect of price on trust is none; this survey shows a small one by chance."""
    found = build_map(
        simulate(23, 250, paths={**TRUE_PATHS, ("price", "loyalty"): 0.0}), target="trust"
    )
    row = found.drivers.set_index("name").loc["price"]
    assert row["importance lower"] < 0.0 < row["importance"]
    assert pd.isna(row["rank"])
    assert found.ranked["name"].tolist() == ["care"]
    assert found.tied == ("客户关怀",)


def test_gain_outranks_importance():
    """Trust matters twice as much, but care stands so low that it has as much to gain."""
    low = simulate(3, 4_000).assign(
        **{f"a{k}": lambda f, k=k: f[f"a{k}"] - 30.0 for k in (1, 2, 3)},
        **{f"c{k}": lambda f, k=k: f[f"c{k}"] + 15.0 for k in (1, 2, 3)},
    )
    found = build_map(low, n_draws=200)
    assert list(found.ranked["name"]) == ["care", "trust"]
    assert found.ranked["ranked first"].iloc[0] > 0.95
    assert found.tied == ("客户关怀",)
    assert found.ranked["behind the first"].tolist() == ["first", "surely"]


def test_alike_drivers_are_a_tie():
    paths = {**TRUE_PATHS, ("price", "trust"): 0.5, ("price", "loyalty"): 0.0}
    survey = simulate(4, 300, paths=paths)
    survey[["b1", "b2", "b3"]] -= 20.0
    found = build_map(survey, target="trust")
    assert set(found.tied) == {"客户关怀", "Price"}
    assert set(found.ranked["behind the first"]) == {"first", "not surely"}


def test_the_marker_does_not_matter(mobi, ecsi, phone):
    first = ecsi["admissible"]
    turned = replace(
        first, constructs=tuple(replace(c, items=c.items[::-1]) for c in first.constructs)
    )
    again = build_map(mobi, model=turned, scale=scales_of(turned))
    columns = ["importance", "performance", "gain", "standardised"]
    assert again.drivers["name"].tolist() == phone.drivers["name"].tolist()
    assert again.drivers[columns].to_numpy() == pytest.approx(
        phone.drivers[columns].to_numpy(), rel=1e-5
    )


def test_the_scale_of_the_items_does_not_matter(mobi, ecsi, phone):
    again = build_map(
        mobi * 4.0 - 4.0, model=ecsi["admissible"], scale=scales_of(ecsi["admissible"], 0.0, 36.0)
    )
    numbers = phone.drivers.select_dtypes("float").columns
    assert again.drivers[numbers].to_numpy() == pytest.approx(
        phone.drivers[numbers].to_numpy(), rel=1e-4, abs=1e-4
    )


def test_the_order_of_respondents_does_not_matter(chain):
    shuffled = build_map(simulate(1, 600).sample(frac=1.0, random_state=1))
    pd.testing.assert_frame_equal(shuffled.drivers, chain.drivers, rtol=1e-8)
    pd.testing.assert_frame_equal(shuffled.items, chain.items, rtol=1e-8)


def test_means_belong_to_the_samples_of_the_bootstrap(mobi, ecsi):
    answers = order_answers(mobi[list(ecsi["admissible"].items)].to_numpy(dtype=float))
    rows = draw_rows(250, n_draws=40, seed=9)
    means = draw_means(answers[::-1], n_draws=40, seed=9)
    assert means == pytest.approx(answers[rows].mean(axis=1), abs=1e-10)
    drawn = draw_covariances(answers, n_draws=40, seed=9)
    assert drawn == pytest.approx(covary_rows(answers, rows), abs=1e-10)


def test_means_of_failed_samples_are_left_out():
    survey = simulate(2, 200)
    fit = fit_sem(survey, model=MODEL)
    bootstrap = bootstrap_model(fit, n_draws=120, seed=3)
    assert bootstrap.n_failed == 0
    every = average_samples(bootstrap)
    doubtful = replace(bootstrap, n_failed=1)  # which failed is found by estimating them again
    assert np.array_equal(average_samples(doubtful), every)


def test_quadrants_are_cut_at_the_means():
    names = name_quadrants([1.0, 1.0, 0.0, 0.0], [0.0, 9.0, 0.0, 9.0])
    assert names == ["concentrate here", "keep up", "low priority", "possible overkill"]
    assert name_quadrants([0.4], [50.0]) == [ALONE]
    assert name_quadrants([0.4, 0.4], [50.0, 50.0]) == ["keep up", "keep up"]


def test_tables_and_metrics_hold_what_the_map_holds(phone):
    assert phone.table()["construct"].tolist() == phone.drivers["construct"].tolist()
    assert phone.item_table()["rank"].tolist() == list(range(1, 13))
    metrics = phone.to_metrics()
    assert metrics["n_ranked"] == 3
    assert metrics["importance_quality"] == pytest.approx(
        phone.drivers.set_index("name").loc["quality", "importance"]
    )
    assert phone.target_points[1] < phone.target_points[0] < phone.target_points[2]


def test_an_inadmissible_model_shows_nothing(fitted):
    assert "inadmissible" in str(
        map_priorities(
            fitted["full"],
            bootstrap_model(fitted["full"], n_draws=100, seed=1),
            target="loyalty",
            instrument={},
        )
    )


def test_absent_targets_are_said(fitted):
    fit = fitted["admissible"]
    boot, scale = bootstrap_model(fit, n_draws=120, seed=1), scales_of(fit.model)
    for target, said in (
        ("", "does not say which construct is to be raised"),
        ("image", "no construct of model"),
        ("quality", "nothing acts on 'quality'"),
    ):
        found = map_priorities(fit, boot, target=target, instrument=scale)
        assert isinstance(found, NotAvailable)
        assert said in str(found)
    few = bootstrap_model(fit, n_draws=20, seed=1)
    assert "only 20" in str(map_priorities(fit, few, target="loyalty", instrument=scale))
    absent = NotAvailable("no survey")
    assert map_priorities(absent, absent, target="loyalty", instrument=scale) is absent


def test_an_item_that_was_not_turned_round_is_named():
    survey = simulate(5, 300)
    found = build_map(survey.assign(b2=100.0 - survey["b2"]), n_draws=120)
    assert "b2" in str(found)
    assert "reverse: true" in str(found)


def test_an_item_without_a_scale_is_named(fitted):
    fit = fitted["admissible"]
    boot = bootstrap_model(fit, n_draws=120, seed=1)
    scale = {k: v for k, v in scales_of(fit.model).items() if k != "CUSA2"}
    assert "'CUSA2'" in str(map_priorities(fit, boot, target="loyalty", instrument=scale))
