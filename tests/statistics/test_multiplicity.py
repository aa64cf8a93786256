"""Adjusted p-values against statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from crmstudy.errors import ModelError
from crmstudy.statistics.multiplicity import adjust_p_values


@pytest.mark.parametrize("n", [1, 2, 7, 200])
def test_both_are_those_of_statsmodels(n):
    draw = np.random.default_rng(n)
    p_values = pd.Series(np.round(draw.beta(0.5, 3, n), 3))  # with ties
    found = adjust_p_values(p_values)
    for name, method in (("p_holm", "holm"), ("p_bh", "fdr_bh")):
        expected = multipletests(p_values, method=method)[1]
        np.testing.assert_allclose(found[name], expected, rtol=1e-14)


def test_a_missing_p_value_counts_for_nothing():
    p_values = pd.Series([0.01, np.nan, 0.04], index=["a", "b", "c"])
    found = adjust_p_values(p_values)
    assert found.loc["b"].isna().all()
    assert found["p_holm"].dropna().tolist() == pytest.approx([0.02, 0.04])
    assert adjust_p_values(pd.Series([np.nan])).isna().all(axis=None)


def test_what_is_no_probability_is_refused():
    with pytest.raises(ModelError, match=r"between 0 and 1, not at 1\.2"):
        adjust_p_values(pd.Series([0.5, 1.2]))
