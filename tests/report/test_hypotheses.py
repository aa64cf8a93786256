"""The register of a chapter, judged by rows of verdicts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty import Construct, Path, StructuralModel, fit_sem
from crmstudy.loyalty.resampling.bootstrap import bootstrap_model
from crmstudy.report.hypotheses import (
    count_judged,
    from_effects,
    judge_hypotheses,
    tabulate_register,
)
from crmstudy.report.verdicts import collect_verdicts, from_paths, state_verdict
from crmstudy.settings import Hypothesis

CHAPTER = "satisfaction_loyalty"


def register(*decided, sign="+"):
    return [
        Hypothesis(
            id=f"H{k}",
            statement="more goes with more",
            expected_sign=sign,
            chapter=CHAPTER,
            decided_by=name,
        )
        for k, name in enumerate(decided, 1)
    ]


def state(name, lower, upper, **more):
    middle = (lower + upper) / 2
    return state_verdict(name, measure="path", effect=middle, lower=lower, upper=upper, **more)


def judge(entries, *rows):
    return judge_hypotheses(entries, collect_verdicts(rows), chapter=CHAPTER)


@pytest.mark.parametrize(
    ("sign", "lower", "upper", "verdict"),
    [
        ("+", 0.1, 0.3, "supported"),
        ("-", 0.1, 0.3, "contradicted"),
        ("+", -0.3, -0.1, "contradicted"),
        ("-", -0.3, -0.1, "supported"),
        ("+", -0.1, 0.3, "undecided"),
        ("-", 0.0, 0.3, "undecided"),
    ],
)
def test_the_interval_decides(sign, lower, upper, verdict):
    [row] = judge(register("a_b", sign=sign), state("a_b", lower, upper)).to_dict("records")
    assert (row["verdict"], row["lower"], row["upper"]) == (verdict, lower, upper)


def test_what_is_missing_is_not_tested_and_what_a_check_forbids_is_withheld():
    absent = NotAvailable("no ledger")
    found = judge(
        register("a_b", "c_d", "e_f"),
        state("a_b", 0.1, 0.2, withheld="a check fails"),
        state_verdict("c_d", measure="m", effect=absent, lower=absent, upper=absent),
    )
    assert found["verdict"].tolist() == [
        "withheld: a check fails",
        "not tested: no ledger",
        "not tested: nothing in this study gives e_f",
    ]
    assert count_judged(found) == {
        "n_supported": 0,
        "n_undecided": 0,
        "n_contradicted": 0,
        "n_withheld": 1,
        "n_not_tested": 2,
    }


def test_a_row_for_all_stands_in_where_there_is_none_of_its_own():
    withheld = NotAvailable("inadmissible")
    everything = state_verdict("any", measure="m", effect=withheld, lower=withheld, upper=withheld)
    found = judge(register("a_b", "c_d"), everything, state("c_d", 0.1, 0.2))
    assert found["verdict"].tolist() == ["not tested: inadmissible", "supported"]


def test_only_the_chapters_hypotheses_are_listed():
    entries = register("a_b")
    assert tabulate_register(entries, chapter=CHAPTER)["hypothesis"].tolist() == ["H1"]
    assert "registers no hypothesis" in tabulate_register(entries, chapter="case_study").reason
    nothing = judge_hypotheses([], collect_verdicts([state("a", 0, 1)]), chapter=CHAPTER)
    assert "registers no hypothesis" in nothing.reason
    assert count_judged(nothing) is nothing


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(8)
    latent = {"a": rng.normal(size=500)}
    latent["b"] = 0.6 * latent["a"] + 0.7 * rng.normal(size=500)
    latent["c"] = 0.5 * latent["b"] + 0.4 * latent["a"] + 0.7 * rng.normal(size=500)
    latent["d"] = 0.6 * latent["c"] + 0.7 * rng.normal(size=500)
    answers = {
        f"{name}{k}": values + 0.5 * rng.normal(size=500)
        for name, values in latent.items()
        for k in range(3)
    }
    model = StructuralModel(
        tuple(Construct(name, [f"{name}{k}" for k in range(3)]) for name in latent),
        tuple(Path(*ends) for ends in ("ab", "bc", "ac", "cd")),
    )
    return fit_sem(pd.DataFrame(answers), model=model)


def test_indirect_effects_are_products_of_paths(fit):
    rows = from_effects(fit, None).set_index("decided by")["effect"]
    path = fit.paths().set_index(["source", "target"])["standardised"]
    through = path["a", "b"] * path["b", "c"] * path["c", "d"]
    assert rows["indirect_a_d"] == pytest.approx(through + path["a", "c"] * path["c", "d"])
    assert rows["total_a_c"] == pytest.approx(path["a", "c"] + path["a", "b"] * path["b", "c"])
    only = from_effects(fit, None, through="b").set_index("decided by")["effect"]
    assert only["indirect_a_d"] == pytest.approx(through)
    assert "indirect_b_d" not in only


def test_bootstrap_limits_are_near_the_delta_methods(fit):
    plain = from_effects(fit, None)
    drawn = from_effects(fit, bootstrap_model(fit, n_draws=300, seed=1))
    np.testing.assert_allclose(plain[["lower", "upper"]], drawn[["lower", "upper"]], atol=0.05)
    judged = judge(register("indirect_a_d", "a_b"), drawn, from_paths(fit))
    assert judged["verdict"].tolist() == ["supported", "supported"]


def test_without_a_model_every_effect_is_absent():
    rows = from_effects(NotAvailable("no survey"), None)
    assert judge(register("indirect_a_d"), rows)["verdict"].tolist() == ["not tested: no survey"]
