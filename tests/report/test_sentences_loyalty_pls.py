"""What is said of partial least squares is true of any data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.partial_least_squares.assess import assess_pls
from crmstudy.loyalty.partial_least_squares.bootstrap import bootstrap_pls
from crmstudy.loyalty.partial_least_squares.estimate import fit_pls
from crmstudy.report.sentences.loyalty.partial_least_squares import WARNING, read_pls

MODEL = StructuralModel(
    (Construct("cause", ("a0", "a1"), "Cause"), Construct("effect", ("b0", "b1"), "效果")),
    (Path("cause", "effect"),),
    "simple",
)


def estimate(slope, *, n=200, overlap=0.0, model=MODEL):
    rng = np.random.default_rng(3)
    cause = rng.standard_normal(n)
    effect = slope * cause + np.sqrt(1 - slope**2) * rng.standard_normal(n)
    scores = {"a": cause, "b": overlap * cause + (1 - overlap) * effect}
    items = {
        f"{name}{k}": score + 0.5 * rng.standard_normal(n)
        for name, score in scores.items()
        for k in range(2)
    }
    result = fit_pls(pd.DataFrame(items), model=model)
    return result, bootstrap_pls(result, seed=1, n_draws=200), assess_pls(result)


def test_paths_and_the_warning_are_said():
    said = read_pls(*estimate(0.6))
    assert "applied to the model simple, which the gate refuses, with 200 respondents" in said
    assert "Of 1 path, the 95% interval of 1 lies wholly off zero" in said
    assert "that of Cause on 效果" in said
    assert said.endswith(WARNING)


def test_nothing_off_zero_is_said():
    assert "No interval of its 1 path lies wholly off zero." in read_pls(*estimate(0.0))


def test_constructs_that_are_alike_are_named_once():
    said = read_pls(*estimate(0.9, overlap=0.9))
    assert "hardly told apart (HTMT of 0.90 or more): Cause with 效果." in said
    assert "hardly" not in read_pls(*estimate(0.3))


def test_single_items_have_nothing_to_assess():
    model = StructuralModel(
        (Construct("cause", ("a0",)), Construct("effect", ("b0",))), (Path("cause", "effect"),)
    )
    result, boot, table = estimate(0.6, model=model)
    assert table.empty
    assert "the model given" in read_pls(result, boot, table)


@pytest.mark.parametrize("absent", [NotAvailable("no covariance model was refused")])
def test_absence_is_said_alone(absent):
    assert read_pls(absent, absent, absent) == "Not available: no covariance model was refused."


def test_without_intervals_the_warning_stays():
    result, _, table = estimate(0.6)
    said = read_pls(result, NotAvailable("only 3 samples vary"), table)
    assert "Not available: only 3 samples vary." in said
    assert WARNING in said
