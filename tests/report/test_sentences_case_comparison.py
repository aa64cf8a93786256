"""What is said of an adjusted comparison is true of any data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.comparison.adjusted import adjust_comparison, rehearse
from crmstudy.case.comparison.confounding import judge_confounding
from crmstudy.case.comparison.covariates import gather_covariates
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.case.comparison import (
    read_adjusted,
    read_confounding,
    read_likeness,
    read_overlap,
)


def simulate(seed=2, *, n=300, effect=5.0, strength=0.8):
    random = np.random.default_rng(seed)
    taste = random.normal(size=n)
    treated = random.uniform(size=n) < 1 / (1 + np.exp(-strength * taste))
    spend = 40 + 4 * taste[:, None] + random.normal(scale=3, size=(n, 4))
    spend[:, -1] += effect * treated
    ids = [f"客{k:03d}" for k in range(n)]
    panel = pd.DataFrame(
        {
            "customer_id": np.repeat(ids, 4),
            "period": np.tile(np.arange(-3, 1), n),
            "starts_on": np.tile(pd.date_range("2025-01-01", periods=4, freq="28D"), n),
            "treated": np.repeat(treated, 4),
            "post": np.tile([False, False, False, True], n),
            "revenue": spend.ravel(),
        }
    )
    features = pd.DataFrame({"n_purchases": np.exp(2 + taste)}, pd.Index(ids, name="customer_id"))
    return panel, features


def run(**options):
    panel, features = simulate(**options)
    earlier = rehearse(panel)
    before = adjust_comparison(earlier, gather_covariates(features, earlier))
    known = gather_covariates(features, panel)
    return panel, known, adjust_comparison(panel, known, rehearsal=before)


@pytest.fixture(scope="module")
def made():
    return run()


def with_interval(adjusted, effect, lower, upper):
    return replace(
        adjusted, carried=replace(adjusted.carried, effect=effect, lower=lower, upper=upper)
    )


def test_a_claim_goes_with_checks_and_interval(made):
    adjusted = made[2]
    assert adjusted.claim_allowed
    said = read_adjusted(adjusted, unit="USD")
    assert said.startswith("By entropy balancing the addressed customers' revenue per window")
    assert " USD against customers like them (95% interval " in said
    assert "a rise may be claimed" in said
    assert "Nobody is left out." in said
    assert "a fall may be claimed" in read_adjusted(with_interval(adjusted, -3.0, -5, -1))
    assert "stays undecided" in read_adjusted(with_interval(adjusted, 0.5, -1, 2))


def test_the_unit_goes_with_the_outcome(made):
    adjusted = made[2]
    assert adjusted.name_unit("EUR") == "EUR"
    counted = replace(adjusted, outcome="n_purchases")
    said = read_adjusted(counted, unit=counted.name_unit("EUR"))
    assert "customers' purchases per window changed by" in said
    assert " purchases against customers like them" in said
    assert "EUR" not in said


def test_a_failed_check_withholds(made):
    adjusted = made[2]
    bare = replace(adjusted, rehearsal=NotAvailable("one window only"))
    said = read_adjusted(bare)
    assert "One check does not hold, so that no effect is claimed: nothing is found" in said
    assert "may be claimed" not in said
    assert "the same steps find" not in said
    assert "against customers like them" in said
    unlike = read_adjusted(replace(adjusted, limit=-1.0))
    assert "against the others, made as like them as can be (95%" in unlike
    found = replace(adjusted.rehearsal, p_value=0.01)
    said = read_adjusted(replace(adjusted, rehearsal=found))
    assert "where there was nothing to find" in said


def test_rivals_of_both_signs_are_said(made):
    adjusted = made[2]
    assert "adjusted estimates have one sign" in read_adjusted(adjusted)
    turned = [replace(e, effect=-1.0) if e.method == "matching" else e for e in adjusted.estimates]
    assert "do not have one sign (from −1.00" in read_adjusted(
        replace(adjusted, estimates=tuple(turned))
    )


def test_likeness_before_and_after(made):
    adjusted = made[2]
    said = read_likeness(adjusted)
    assert "differ by more than 0.1 standard deviations" in said
    assert "entropy balancing leaves 0 beyond the limit" in said
    refused = replace(adjusted, refused={"entropy balancing": "no weights"})
    assert "Entropy balancing cannot be had: no weights." in read_likeness(refused)


def test_overlap_in_three_degrees(made):
    propensity = made[2].propensity
    assert "The groups differ, but they overlap." in read_overlap(propensity)
    apart = read_overlap(replace(propensity, c_statistic=0.95, method="ridge"))
    assert "nearly told apart" in apart
    assert "a ridge took its place" in apart
    alike = replace(
        propensity,
        c_statistic=0.52,
        customers=propensity.customers.assign(supported=True),
    )
    said = read_overlap(alike)
    assert "hardly to be told apart" in said
    assert "Every customer lies in the common support." in said


def test_hidden_confounders(made):
    panel, known, adjusted = made
    found = judge_confounding(panel, known, adjusted)
    said = read_confounding(found)
    assert "would make it insignificant" in said
    assert "stay significant while hidden bias" in said
    weak = replace(found, robustness_alpha=0.0, gamma=1.0)
    said = read_confounding(weak)
    assert "it is not significant at 5% without one" in said
    assert "not significant even without hidden bias" in said
    bench = found.benchmarks.assign(effect=-np.sign(found.effect))
    assert "take all of it away" in read_confounding(replace(found, benchmarks=bench))


def test_absent_is_said_with_its_reason():
    absent = NotAvailable("the study has no campaigns")
    for read in (read_adjusted, read_likeness, read_overlap, read_confounding):
        assert read(absent) == "Not available: the study has no campaigns."
