"""Sentences on the bootstrap: true whatever came out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.resampling.bootstrap import bootstrap_model
from crmstudy.loyalty.resampling.comparison import compare_bootstrap, compare_rules
from crmstudy.report.sentences.loyalty.resampling import read_bootstrap

CONSTRUCTS = (
    Construct("quality", ("q1", "q2", "q3"), "質量"),
    Construct("loyalty", ("l1", "l2", "l3")),
)


def simulate(n, path):
    rng = np.random.default_rng(4)
    quality = rng.normal(size=n)
    loyalty = path * quality + rng.normal(size=n)
    columns = {f"q{k}": quality + 0.7 * rng.normal(size=n) for k in (1, 2, 3)}
    columns |= {f"l{k}": loyalty + 0.7 * rng.normal(size=n) for k in (1, 2, 3)}
    return pd.DataFrame(columns)


PATHS = (Path("quality", "loyalty"),)


def bootstrap(*, n=3000, path=0.6, paths=PATHS):
    fit = fit_sem(simulate(n, path), model=StructuralModel(CONSTRUCTS, paths, "two"))
    return bootstrap_model(fit, n_draws=400, seed=1)


@pytest.fixture(scope="module")
def clean():
    return bootstrap()


def test_all_is_well(clean):
    said = read_bootstrap(clean)
    assert "from 400 samples of 3,000 respondents, drawn with replacement; every sample" in said
    assert "differ by less than a tenth, for the path." in said
    assert "The 95% BCa interval of the only path leaves out zero." in said
    assert "The 97.5% BCa interval" in read_bootstrap(clean, level=0.975)


def test_a_path_that_is_not_told_from_zero_is_named_by_its_label():
    said = read_bootstrap(bootstrap(path=0.0))
    assert "leaves out zero for 0 of 1 path; it holds zero for 質量 to loyalty." in said


def test_inadmissible_and_failed_samples_are_counted(clean):
    odd = replace(clean, admissible=np.arange(400) > 2, n_inadmissible=3)
    said = read_bootstrap(odd)
    assert "all gave estimates, and 3 of them ended in a solution" in said
    assert "(0.8% of those with estimates). Such samples are kept" in said
    assert "would move by more than" in said
    both = replace(odd, n_draws=401, n_failed=1)
    assert "1 gave no estimates and is left out, and 3 ended in" in read_bootstrap(both)
    lost = replace(clean, n_draws=402, n_failed=2)
    assert "; 2 gave no estimates and are left out. Standard" in read_bootstrap(lost)


def test_a_larger_error_of_the_bootstrap_is_named(clean):
    spread = clean.estimate + 2.0 * (clean.theta - clean.estimate)
    said = read_bootstrap(replace(clean, theta=spread))
    assert "differs most from theory's for 質量 to loyalty: it is" in said
    assert "% larger, as happens when answers are not normal or respondents few." in said
    narrow = clean.estimate + 0.5 * (clean.theta - clean.estimate)
    assert "% smaller." in read_bootstrap(replace(clean, theta=narrow))


def test_few_admissible_samples_are_said(clean):
    odd = replace(clean, admissible=np.arange(400) > 350, n_inadmissible=351)
    assert "Not available: only 49 of 400 bootstrap samples are admissible." in read_bootstrap(odd)


def test_a_model_without_paths_has_counts_only():
    said = read_bootstrap(bootstrap(paths=()))
    assert said.endswith("Not available: model 'two' has no paths.")
    assert said.startswith("The model was estimated anew")


def test_absence_is_handed_on():
    assert read_bootstrap(NotAvailable("no survey")).reason == "no survey"
    assert compare_bootstrap(NotAvailable("no survey")).reason == "no survey"


def test_tables_say_what_the_bootstrap_holds(clean):
    row = compare_bootstrap(clean).iloc[0]
    assert (row["from"], row["to"]) == ("質量", "loyalty")
    assert row["standardised path"] == pytest.approx(
        clean.result.paths()["standardised"].iloc[0], rel=1e-9
    )
    assert row["percentile lower"] < row["standardised path"] < row["percentile upper"]
    assert "no bootstrap sample is inadmissible" in compare_rules(clean).reason
    odd = replace(clean, admissible=np.arange(400) >= 40, n_inadmissible=40)
    moved = compare_rules(odd).iloc[0]
    ends = ("lower", "upper")
    assert [moved[end] for end in ends] == [row[f"BCa {end}"] for end in ends]
    largest = max(abs(moved[f"{end} without"] - moved[end]) for end in ends)
    assert moved["moved"] == pytest.approx(largest / row["se by bootstrap"], rel=1e-9)
