"""Modification indices, expected changes, power and residuals, against lavaan and semTools."""

from __future__ import annotations

from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty import Construct, Path, StructuralModel, fit_sem
from crmstudy.loyalty.structure.modification import (
    list_candidates,
    power_against,
    read_index,
    suggest_modifications,
)
from crmstudy.loyalty.structure.residuals import examine_residuals

REFERENCE = FilePath(__file__).parents[1] / "reference"
MODELS = ["cfa", "democracy", "admissible"]
WORDS = {1: "misfit", 2: "no misfit", 3: "misfit", 4: "too small to matter", 5: "cannot be told"}


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(REFERENCE / "sem_modification" / "expected.csv")


@pytest.fixture(scope="module")
def advice(fitted):
    return {name: suggest_modifications(fitted[name]) for name in MODELS}


def key(left, op, right):
    return (op, *sorted((left, right))) if op == "~~" else (op, left, right)


def of(expected, model, kind):
    rows = expected[(expected["model"] == model) & (expected["kind"] == kind)]
    return {key(row["left"], row["op"], row["right"]): row for row in rows.to_dict("records")}


@pytest.mark.parametrize("model", MODELS)
def test_every_index_and_change_agrees_with_lavaan(expected, advice, model):
    theirs = of(expected, model, "modification")
    ours = advice[model]
    for k, parameter in enumerate(ours.candidates):
        row = theirs[key(*parameter)]
        assert ours.index[k] == pytest.approx(row["value"], rel=1e-6, abs=1e-9), parameter
        assert ours.change[k] == pytest.approx(row["epc"], rel=1e-6), parameter
        assert ours.standardised[k] == pytest.approx(row["standardised"], rel=1e-6), parameter


def test_nothing_of_lavaan_is_missing_but_circles_and_bows(expected, advice):
    for model in ("cfa", "democracy"):
        theirs = of(expected, model, "modification")
        assert {key(*each) for each in advice[model].candidates} == set(theirs)
    left_out = set(of(expected, "admissible", "modification")) - {
        key(*each) for each in advice["admissible"].candidates
    }
    assert left_out == {
        ("~", "value", "loyalty"),  # would close a circle
        ("~", "satisfaction", "loyalty"),
        ("~", "quality", "loyalty"),
        ("~~", "loyalty", "satisfaction"),  # satisfaction acts on loyalty already
    }
    assert advice["admissible"].n_unidentified == 4


@pytest.mark.parametrize("model", MODELS)
def test_power_agrees_with_lavaan(expected, advice, model):
    theirs = of(expected, model, "modification")
    ours = advice[model]
    for k, parameter in enumerate(ours.candidates):
        information = ours.index[k] / ours.change[k] ** 2
        [power] = power_against(np.array([0.1]), np.array([information]))
        assert power == pytest.approx(theirs[key(*parameter)]["power"], rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_readings_of_loadings_agree_with_semtools(expected, advice, model):
    table = advice[model].table().set_index("freed")["reading"]
    label = {c.name: c.label or c.name for c in advice[model].model.constructs}
    theirs = of(expected, model, "verdict")
    assert theirs
    for (_, construct, item), row in theirs.items():
        assert table[f"{label[construct]} → {item}"] == WORDS[row["value"]]


def test_the_published_indices(advice):
    table = advice["cfa"].table(most=2)
    assert table["freed"].tolist() == ["visual → x9", "x7 ↔ x8"]
    np.testing.assert_allclose(table["modification index"], [36.411, 34.145], atol=5e-4)
    np.testing.assert_allclose(table["expected change"], [0.577, 0.536], atol=5e-4)


def simulate(*, cross=0.0, shared=0.0):
    """Two constructs; b3 loads on the first too, a1 and b1 share something else."""
    noise = np.random.default_rng(11).normal(size=(3000, 9))
    first = noise[:, 0]
    second = 0.4 * first + 0.9 * noise[:, 1]
    columns = {f"a{k}": first + 0.7 * noise[:, 1 + k] for k in (1, 2, 3)}
    columns |= {f"b{k}": second + 0.7 * noise[:, 4 + k] for k in (1, 2, 3)}
    columns["b3"] = columns["b3"] + cross * first
    columns["a1"] = columns["a1"] + shared * noise[:, 8]
    columns["b1"] = columns["b1"] + shared * noise[:, 8]
    return pd.DataFrame(columns)


TWO = (Construct("first", ("a1", "a2", "a3")), Construct("second", ("b1", "b2", "b3")))
PATH = (Path("first", "second"),)


def test_the_index_foretells_the_fall_of_chi2():
    """The index is a first-order guess of the chi2 difference: near where misfit is small."""
    answers = simulate(shared=0.25)
    small = fit_sem(answers, model=StructuralModel(TWO, PATH))
    large = fit_sem(answers, model=StructuralModel(TWO, PATH, "", (("a1", "b1"),)))
    found = suggest_modifications(small).table().set_index("freed").loc["a1 ↔ b1"]
    freed = large.table().set_index(["left", "right"]).loc[("a1", "b1"), "estimate"]
    fall = small.fit.chi2 - large.fit.chi2
    assert fall > 10
    assert found["modification index"] == pytest.approx(fall, rel=0.03)
    assert found["expected change"] == pytest.approx(freed, rel=0.05)


def test_a_planted_cross_loading_is_found():
    result = fit_sem(simulate(cross=0.5), model=StructuralModel(TWO, PATH))
    row = suggest_modifications(result).table().set_index("freed").loc["first → b3"]
    assert row["modification index"] > 100
    assert row["expected change"] > 0
    assert row["p Holm"] < 1e-10


def test_candidates_never_close_a_circle_and_skip_single_items():
    model = StructuralModel(
        (Construct("a", ("a1", "a2")), Construct("b", ("b1",)), Construct("c", ("c1", "c2"))),
        (Path("a", "b"), Path("b", "c")),
    )
    candidates = list_candidates(model)
    paths = [(p.right, p.left) for p, kind in candidates.items() if kind == "path"]
    assert paths == [("a", "c")]
    assert not any("b1" in (p.left, p.right) for p in candidates)


@pytest.mark.parametrize(
    ("p", "power", "change", "word"),
    [
        (0.01, 0.9, 0.5, "misfit"),
        (0.01, 0.9, 0.1, "too small to matter"),
        (0.01, 0.3, 0.1, "misfit"),
        (0.2, 0.9, 0.1, "no misfit"),
        (0.2, 0.3, 0.1, "cannot be told"),
    ],
)
def test_the_four_readings(p, power, change, word):
    assert read_index(p, power=power, change=-change, worth=0.4) == word


def test_order_and_units_do_not_matter(fitted, holzinger, advice):
    turned = holzinger.sample(frac=1.0, random_state=1).assign(x1=lambda d: 100 * d["x1"])
    found = suggest_modifications(fit_sem(turned, model=fitted["cfa"].model))
    np.testing.assert_allclose(found.index, advice["cfa"].index, rtol=1e-6)
    np.testing.assert_allclose(found.standardised, advice["cfa"].standardised, rtol=1e-6)


def test_the_divisor_enters_the_index_only(fitted, advice):
    found = suggest_modifications(fitted["cfa n-1"])
    n = fitted["cfa"].n_used
    np.testing.assert_allclose(found.index, advice["cfa"].index * (n - 1) / n, rtol=1e-8)


@pytest.mark.parametrize("model", MODELS)
def test_residuals_agree_with_lavaan(expected, fitted, model):
    ours = examine_residuals(fitted[model])
    place = {item: k for k, item in enumerate(ours.items)}
    for row in of(expected, model, "residual").values():
        cell = place[row["left"]], place[row["right"]]
        assert ours.residual[cell] == pytest.approx(row["value"], abs=1e-9)
        if abs(row["value"]) > 1e-4:  # lavaan does not divide smaller ones
            assert ours.z[cell] == pytest.approx(row["standardised"], rel=1e-6)


def test_residuals_are_ordered_and_counted(fitted):
    found = examine_residuals(fitted["cfa"])
    assert np.isnan(np.diag(found.z)).all()  # variances are reproduced whatever the data
    table = found.table(most=3)
    assert table["residual correlation"].abs().is_monotonic_decreasing
    assert found.to_metrics()["n_pairs"] == 36
    assert found.to_metrics()["n_large"] == int(
        (found.table()["residual correlation"].abs() > 0.1).sum()
    )
    assert found.matrix().loc["x1", "x9"] == found.matrix().loc["x9", "x1"]


def test_what_cannot_be_shown_is_withheld(fitted):
    absent = NotAvailable("no survey")
    for function in (suggest_modifications, examine_residuals):
        assert "inadmissible" in function(fitted["full"]).reason
        assert function(absent) is absent


def test_gaps_are_refused(fitted, holzinger):
    holes = holzinger.copy()
    holes.loc[:20, "x1"] = np.nan
    result = fit_sem(holes, model=fitted["cfa"].model, missing="fiml")
    for function in (suggest_modifications, examine_residuals):
        assert "complete answers" in function(result).reason
