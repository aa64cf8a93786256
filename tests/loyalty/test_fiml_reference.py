"""Full information against lavaan's `missing = "ml"`, on holes made by the same rules.

lavaan's gradient ends at 1e-13 (printed); it takes the Hessian and standardised values by
finite differences (1e-7), the interval of RMSEA by R's `uniroot` (1e-6), and searches its
baseline for itself (1e-6 in the scaling factor).
"""

from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.robust_fit import measure_robust_fit

EXPECTED = FilePath(__file__).parents[1] / "reference" / "sem_fiml" / "expected.csv"
OPS = {"loading": "=~", "path": "~", "variance": "~~", "covariance": "~~"}
CASES = [
    "cfa complete",
    "cfa holes",
    "cfa mar",
    "democracy holes",
    "democracy mar",
    "admissible holes",
]
NAMES = {
    "chi2": "chisq",
    "df": "df",
    "p_value": "pvalue",
    "n_free": "npar",
    "n_used": "ntotal",
    "chi2_null": "baseline.chisq",
    "df_null": "baseline.df",
    "rmsea_lower": "rmsea.ci.lower",
    "rmsea_upper": "rmsea.ci.upper",
    "close_fit_p": "rmsea.pvalue",
    "srmr": "srmr_bentler_nomean",
    "log_likelihood": "logl",
} | {name: name for name in ("cfi", "tli", "nfi", "ifi", "rmsea", "aic", "bic")}
SCALED = {
    "chi2": "chisq.scaled",
    "p_value": "pvalue.scaled",
    "factor": "chisq.scaling.factor",
    "chi2_null": "baseline.chisq.scaled",
    "factor_null": "baseline.chisq.scaling.factor",
    "cfi": "cfi.robust",
    "tli": "tli.robust",
    "rmsea": "rmsea.robust",
    "rmsea_lower": "rmsea.ci.lower.robust",
    "rmsea_upper": "rmsea.ci.upper.robust",
    "close_fit_p": "rmsea.pvalue.robust",
    "cfi_scaled": "cfi.scaled",
    "tli_scaled": "tli.scaled",
    "rmsea_scaled": "rmsea.scaled",
}
LOOSE = ("rmsea_lower", "rmsea_upper", "factor_null", "chi2_null")


def scatter(survey, items, *, every):
    """Make holes by the rule of make.R: row and column, counted from 1."""
    holes = survey[items].astype(float)
    row = np.arange(1, len(survey) + 1)
    for column, item in enumerate(items, start=1):
        holes.loc[(7 * row + 3 * column**2 + row * column) % every == 0, item] = np.nan
    return holes


def follow(survey, items, *, after, kept):
    """Make holes where the answer ``after`` is low."""
    holes = survey[[*kept, *items]].astype(float)
    low = (holes[after] < holes[after].median()).to_numpy()
    row = np.arange(1, len(survey) + 1)
    for column, item in enumerate(items, start=1):
        holes.loc[low & ((row + column) % 3 == 0), item] = np.nan
    return holes


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(EXPECTED)


@pytest.fixture(scope="module")
def surveys(mobi, holzinger, democracy, fitted):
    nine, eleven, fourteen = (
        list(fitted[name].model.items) for name in ("cfa", "democracy", "admissible")
    )
    late = ["y5", "y6", "y7", "y8"]
    early = [item for item in eleven if item not in late]
    return {
        "cfa complete": holzinger,
        "cfa holes": scatter(holzinger, nine, every=11),
        "cfa mar": follow(holzinger, nine[3:], after="x1", kept=nine[:3]),
        "democracy holes": scatter(democracy, eleven, every=13),
        "democracy mar": follow(democracy, late, after="y1", kept=early),
        "admissible holes": scatter(mobi, fourteen, every=17),
    }


@pytest.fixture(scope="module")
def fits(surveys, fitted):
    return {
        case: fit_sem(survey, model=fitted[case.split()[0]].model, missing="fiml")
        for case, survey in surveys.items()
    }


def select(expected, model, kind):
    return expected[(expected["model"] == model) & (expected["kind"] == kind)]


def key(op, left, right):
    return (op, *sorted((left, right))) if op == "~~" else (op, left, right)


@pytest.mark.parametrize("case", CASES)
def test_the_holes_are_those_of_the_reference(expected, surveys, fits, case):
    answers = surveys[case][list(fits[case].model.items)].to_numpy(float)
    [missing] = select(expected, case, "missing_answers")["estimate"]
    [total] = select(expected, case, "sum_of_answers")["estimate"]
    assert np.isnan(answers).sum() == missing
    assert np.nansum(answers) == pytest.approx(total, rel=1e-12)


def test_lavaan_stands_at_its_optimum(expected):
    assert expected.loc[expected["kind"] == "largest_gradient", "estimate"].max() < 1e-13


@pytest.mark.parametrize("case", CASES)
def test_the_saturated_model_agrees(expected, fits, case):
    result = fits[case]
    items = list(result.model.items)
    means = select(expected, case, "saturated_mean").set_index("left")["estimate"]
    assert result.means.saturated == pytest.approx(means[items].to_numpy(), rel=1e-9)
    for row in select(expected, case, "saturated_covariance").itertuples():
        ours = result.sample[items.index(row.left), items.index(row.right)]
        assert ours == pytest.approx(row.estimate, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("errors", ["normal", "huber-white"])
@pytest.mark.parametrize("case", CASES)
def test_every_parameter_agrees(expected, fits, case, errors):
    model = case if errors == "normal" else f"{case} MLR"
    rows = select(expected, model, "parameter")
    truth = {
        key(row["op"], row["left"], row["right"]): row
        for row in rows[rows["op"] != "~1"].to_dict("records")
    }
    table = fits[case].table(errors=errors)
    assert len(table) == len(truth)
    for row in table.to_dict("records"):
        theirs = truth[key(OPS[row["kind"]], row["left"], row["right"])]
        assert row["estimate"] == pytest.approx(theirs["estimate"], rel=1e-8)
        assert row["standardised"] == pytest.approx(theirs["standardised"], rel=1e-8)
        assert row["standardised se"] == pytest.approx(theirs["standardised_se"], rel=1e-6)
        if row["fixed"] == "no":
            assert row["se"] == pytest.approx(theirs["se"], rel=1e-7)
            assert row["lower"] == pytest.approx(theirs["lower"], rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_the_models_means_agree(expected, fits, case):
    rows = select(expected, case, "parameter")
    means = rows[(rows["op"] == "~1") & (rows["se"] > 0)].set_index("left")["estimate"]
    items = list(fits[case].model.items)
    assert fits[case].means.model == pytest.approx(means[items].to_numpy(), rel=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_every_fit_measure_agrees(expected, fits, case):
    truth = select(expected, case, "fit").set_index("left")["estimate"]
    for name, theirs in NAMES.items():
        rel = 1e-6 if name in LOOSE else 1e-7
        ours = getattr(fits[case].fit, name)
        assert ours == pytest.approx(truth[theirs], rel=rel, abs=1e-12), name


@pytest.mark.parametrize("case", CASES)
def test_every_scaled_measure_agrees(expected, fits, case):
    truth = select(expected, f"{case} MLR", "fit").set_index("left")["estimate"]
    scaled = measure_robust_fit(fits[case]).yuan_bentler
    for name, theirs in SCALED.items():
        rel = 1e-6 if name in LOOSE else 1e-7
        assert getattr(scaled, name) == pytest.approx(truth[theirs], rel=rel, abs=1e-10), name
