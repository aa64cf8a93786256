"""The table of all purchase models' parameters, and what they say about the customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.value.purchasing.btyd import PurchaseResult, fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd
from crmstudy.value.purchasing.parameters import (
    half_life,
    tabulate_fit_checks,
    tabulate_heterogeneity,
    tabulate_parameters,
)

REFUSED = NotAvailable("too few customers: 3")


@pytest.fixture(scope="module")
def models(cdnow) -> dict[str, PurchaseResult]:
    fits = (fit_bg_nbd(cdnow), fit_mbg_nbd(cdnow), fit_pareto_nbd(cdnow))
    return {fit.model: fit for fit in fits}


def test_the_table_holds_every_model_s_own_table(models):
    table = tabulate_parameters(models, level=0.9)
    assert table.columns.tolist() == [
        *("model", "parameter", "meaning", "estimate", "standard error"),
        *("90% lower", "90% upper", "unit"),
    ]
    assert table["model"].drop_duplicates().tolist() == ["BG/NBD", "MBG/NBD", "Pareto/NBD"]
    for name, model in models.items():
        own = table[table["model"] == name].drop(columns=["model", "meaning"])
        assert own.reset_index(drop=True).equals(model.table(level=0.9))
    assert table["meaning"].str.contains("leaving").sum() == 6


def test_models_that_were_refused_are_left_out(models):
    some = {"BG/NBD": REFUSED, "Pareto/NBD": models["Pareto/NBD"]}
    assert set(tabulate_parameters(some)["model"]) == {"Pareto/NBD"}
    assert set(tabulate_heterogeneity(some)["model"]) == {"Pareto/NBD"}
    for table in (tabulate_parameters, tabulate_heterogeneity, tabulate_fit_checks):
        nothing = table({"BG/NBD": REFUSED, "MBG/NBD": REFUSED})
        assert str(nothing) == (
            "not available: no purchase model could be fitted: too few customers: 3"
        )


def test_heterogeneity_is_that_of_the_mixing_distributions(models):
    """Draw customers from the estimated distributions and look at them."""
    found = tabulate_heterogeneity(models).set_index(["model", "quantity"])["value"]
    rng, n = np.random.default_rng(4), 400_000
    for name, model in models.items():
        rates = rng.gamma(model.estimates["r"], 1 / model.estimates["alpha"], n)
        assert found[name, "mean purchase rate while active"] == pytest.approx(
            rates.mean(), rel=0.02
        )
        assert found[name, "coefficient of variation of that rate"] == pytest.approx(
            rates.std() / rates.mean(), rel=0.03
        )
    a, b = models["MBG/NBD"].estimates["a"], models["MBG/NBD"].estimates["b"]
    leaving = found["MBG/NBD", "mean probability of leaving after each purchase"]
    assert leaving == pytest.approx(rng.beta(a, b, n).mean(), rel=0.01)
    assert found["BG/NBD", "mean probability of leaving after a repeat purchase"] < leaving
    s, beta = models["Pareto/NBD"].estimates["s"], models["Pareto/NBD"].estimates["beta"]
    lifetimes = rng.exponential(1 / rng.gamma(s, 1 / beta, n))
    half = found["Pareto/NBD", "time until half of the customers have left"]
    assert half == pytest.approx(np.median(lifetimes), rel=0.02)


def test_checks_are_those_of_each_model(models):
    table = tabulate_fit_checks({**models, "other": REFUSED})
    assert table["model"].tolist() == [name for name in models for _ in models[name].checks]
    assert table["statistic"].tolist() == [
        check.statistic for model in models.values() for check in model.checks
    ]


def test_units_follow_the_model(models):
    daily = replace(models["Pareto/NBD"], unit_days=1.0)
    units = tabulate_heterogeneity({"Pareto/NBD": daily})["unit"].tolist()
    assert units == ["purchases a day", "none", "days"]


def test_a_customer_base_that_hardly_leaves_has_no_finite_half_life(models):
    model = models["Pareto/NBD"]
    values = model.estimates.values * [1, 1, 1e-4, 1]
    assert half_life(replace(model, estimates=replace(model.estimates, values=values))) == np.inf
