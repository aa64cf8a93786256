"""Sentences on factors: true whatever came out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, attempt
from crmstudy.report.sentences.segmentation.factors import read_factors, say_left_out
from crmstudy.statistics.factor_screen import screen_factors
from crmstudy.statistics.factors import fit_factors


def items(n: int = 500, noise: float = 0.6) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    factors = np.repeat(rng.normal(size=(n, 2)), 4, axis=1)
    names = ["n_purchases", "revenue", "n_lines", "n_products", "q1", "q2", "q3", "q4"]
    return pd.DataFrame(factors + noise * rng.normal(size=(n, 8)), columns=names)


def test_factors_that_hold():
    result = fit_factors(items(), seed=1)
    said = read_factors(result.screen, result)
    assert "Of 500 complete rows with 8 variables the sampling adequacy is" in said
    assert "meritorious" in said
    assert "keeps 2 components and" in said
    assert "the components set the number, 2 factors." in said
    assert "2 factors together explain" in said
    assert "purchases" in said
    assert "The largest correlation between two factors is" in said
    assert said.endswith("All checks of the factor analysis hold.")
    assert "Left out" not in said


def test_one_factor_asked_for_and_trouble():
    result = fit_factors(items(), seed=1, n_factors=1, rotation="varimax")
    said = read_factors(result.screen, result)
    assert "1 factor was asked for." in said
    assert "1 factor explains" in said
    assert "correlation between two factors" not in said
    assert "Not all checks of the factor analysis hold" in said


def test_what_was_left_out_is_said():
    frame = items()
    frame["mean_basket"] = frame["revenue"] - frame["n_purchases"]
    frame["same"] = 1.0
    frame["rare"] = np.where(np.arange(500) < 100, 1.0 * np.arange(500), np.nan)
    said = say_left_out(screen_factors(frame, seed=1))
    assert said == (
        "Left out before the analysis: mean basket (it follows from purchases and revenue), "
        "same (equal for all) and rare (known for too few)."
    )


def test_no_factor_and_no_data():
    frame = pd.DataFrame(np.random.default_rng(2).normal(size=(300, 8)), columns=list("abcdefgh"))
    screen = screen_factors(frame, seed=1)
    said = read_factors(screen, attempt(fit_factors, frame, seed=1))
    assert "not shown to be related" in said
    assert "keeps 0 components" in said
    assert "Not available: parallel analysis finds no factor" in said
    absent = NotAvailable("no survey")
    assert read_factors(absent, absent) == "Not available: no survey."
    assert "unacceptable" in said or "miserable" in said
