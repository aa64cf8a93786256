"""Mardia's measures against psych, the textbook formula, and normal answers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable
from crmstudy.loyalty.questionnaire.normality import assess_normality, measure_mardia

NINE = [f"x{k}" for k in range(1, 10)]


@pytest.fixture(scope="module")
def reference():
    """R's numbers, by topic, name and column."""
    file = Path(__file__).parents[1] / "reference" / "questionnaire" / "expected.csv"
    table = pd.read_csv(file, dtype={"name": str})
    return table.set_index(["topic", "name", "column"]).sort_index()


def test_holzinger_as_published_for_psych(holzinger):
    found = assess_normality(holzinger, items=NINE)
    assert found.skewness == pytest.approx(6.806892, abs=5e-7)
    assert found.kurtosis == pytest.approx(102.9037, abs=5e-5)


@pytest.mark.parametrize("name", ["holzinger", "mobi"])
def test_all_numbers_of_psych(name, holzinger, mobi, reference):
    data, items = (holzinger, NINE) if name == "holzinger" else (mobi, [*mobi])
    found = assess_normality(data, items=items)
    expected = reference.loc[("mardia", name), "value"]
    assert found.skewness == pytest.approx(expected["b1p"], rel=1e-9)
    assert found.kurtosis == pytest.approx(expected["b2p"], rel=1e-9)
    assert found.skewness_test.statistic == pytest.approx(expected["skew"], rel=1e-9)
    assert found.corrected_test.statistic == pytest.approx(expected["small.skew"], rel=1e-9)
    assert found.kurtosis_test.statistic == pytest.approx(expected["kurtosis"], rel=1e-9)
    assert found.skewness_test.p_value == pytest.approx(expected["p.skew"], rel=1e-5, abs=1e-15)
    assert found.corrected_test.p_value == pytest.approx(expected["p.small"], rel=1e-5, abs=1e-15)


def test_the_sum_over_pairs_of_respondents():
    answers = np.random.default_rng(1).gamma(2.0, 1.0, (60, 4))
    centred = answers - answers.mean(axis=0)
    products = centred @ np.linalg.inv(np.cov(answers, rowvar=False)) @ centred.T
    skewness, kurtosis = measure_mardia(answers)
    assert skewness == pytest.approx(np.mean(products**3))
    assert kurtosis == pytest.approx(np.mean(np.diag(products) ** 2))


def test_units_and_order_do_not_matter():
    answers = np.random.default_rng(1).gamma(2.0, 1.0, (5000, 4))
    moved = (answers * [1, 10, 0.1, 7] + 3)[::-1, ::-1]
    assert measure_mardia(moved) == pytest.approx(measure_mardia(answers), rel=1e-9)


def test_normal_answers_pass_and_skewed_ones_fail():
    rng = np.random.default_rng(5)
    normal = pd.DataFrame(rng.normal(size=(2000, 5)), columns=list("abcde"))
    found = assess_normality(normal, items=list("abcde"))
    assert found.check.passed
    assert found.corrected_test.p_value > 0.001
    assert found.kurtosis_test.p_value > 0.001
    skewed = assess_normality(np.exp(normal), items=list("abcde"))
    assert not skewed.check.passed
    assert skewed.skewness_test.p_value < 1e-10


def test_gaps_are_left_out_and_the_table_says_all(holzinger):
    data = holzinger[NINE].copy()
    data.iloc[:4, 0] = np.nan
    found = assess_normality(data, items=NINE)
    assert found.n_used == len(data) - 4
    table = found.table()
    assert list(table) == [
        *("measure", "value", "if normal", "statistic", "distribution", "p value")
    ]
    assert table["distribution"].tolist() == ["chi2(165)", "chi2(165)", "normal"]
    assert found.to_metrics()["n_items"] == 9


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.head(9), "9 complete respondents are too few for 9 items"),
        (lambda d: d.assign(x2=1.0), "not constant"),
        (lambda d: d.assign(x2=d["x1"] + d["x3"]), "determine each other"),
        (lambda d: d.drop(columns="x2"), "item 'x2' is not a column of the survey"),
    ],
)
def test_degenerate_answers_are_refused(holzinger, change, said):
    with pytest.raises(ModelError, match=said):
        assess_normality(change(holzinger[NINE]), items=NINE)


def test_text_is_refused_and_absence_passed_on(holzinger):
    with pytest.raises(DataError, match="item 'x1', row 0: 'often' is not a finite number"):
        assess_normality(holzinger.astype({"x1": object}).assign(x1="often"), items=NINE)
    gone = NotAvailable("no survey")
    assert assess_normality(gone, items=NINE) is gone
    assert assess_normality(holzinger, items=gone) is gone
