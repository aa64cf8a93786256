import numpy as np
import pandas as pd
import pytest

from crmstudy.case import balance_treated
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError


def test_differences_worked_by_hand():
    features = pd.DataFrame(
        {
            "treated": [True] * 4 + [False] * 5,
            "spend": [2.0, 4, 6, 8, 1, 2, 3, 4, 5],  # means 5, 3; variances 20/3, 5/2
            "region": list("nnns") + list("nnsss"),  # share of n: 3/4, 2/5
        }
    )
    result = balance_treated(features)
    rows = result.covariates.set_index("covariate")
    spend, north = rows.loc["spend"], rows.loc["region: n"]
    assert spend["standardised_difference"] == pytest.approx(2 / np.sqrt((20 / 3 + 2.5) / 2))
    assert spend["variance_ratio"] == pytest.approx((20 / 3) / 2.5)
    expected = (0.75 - 0.4) / np.sqrt((0.75 * 0.25 + 0.4 * 0.6) / 2)
    assert north["standardised_difference"] == pytest.approx(expected)
    assert rows.loc["region: s", "standardised_difference"] == pytest.approx(-expected)
    assert result.largest_difference == pytest.approx(2 / np.sqrt((20 / 3 + 2.5) / 2))
    assert [check.passed for check in result.checks] == [False, False]
    assert result.table()["covariate"].tolist()[0] == "spend"
    assert result.to_metrics()["balance_n_beyond_limit"] == 3


def test_units_and_swap_do_what_they_must():
    draw = np.random.default_rng(0)
    features = pd.DataFrame({"treated": draw.random(80) < 0.4, "spend": draw.gamma(2, 50, 80)})
    base = balance_treated(features).covariates.loc[0]
    cents = balance_treated(features.assign(spend=100 * features["spend"] + 7)).covariates.loc[0]
    swapped = balance_treated(features.assign(treated=~features["treated"])).covariates.loc[0]
    assert cents["standardised_difference"] == pytest.approx(base["standardised_difference"])
    assert cents["variance_ratio"] == pytest.approx(base["variance_ratio"])
    assert swapped["standardised_difference"] == pytest.approx(-base["standardised_difference"])
    assert swapped["variance_ratio"] == pytest.approx(1 / base["variance_ratio"])


def test_random_assignment_is_balanced_and_selection_is_not():
    draw = np.random.default_rng(1)
    spend = draw.gamma(2, 50, 5_000)
    fair = pd.DataFrame({"spend": spend, "treated": draw.random(5_000) < 0.5})
    assert all(check.passed for check in balance_treated(fair).checks)
    chosen = pd.DataFrame({"spend": spend, "treated": spend > draw.gamma(2, 50, 5_000)})
    assert not balance_treated(chosen).checks[0].passed


def test_missing_values_are_compared_too():
    features = pd.DataFrame(
        {
            "treated": [True, True, True, False, False, False],
            "spend": [1.0, np.nan, 3.0, 1.0, 2.0, 3.0],
            "age": [None, "old", "old", "young", None, None],
            "member": [True, False, True, True, False, True],
        }
    )
    rows = balance_treated(features).covariates.set_index("covariate")
    assert rows.index.tolist() == [
        "spend",
        "spend is missing",
        "age: (missing)",
        "age: old",
        "age: young",
        "member",
    ]
    assert rows.loc["spend", ["n_treated", "n_control"]].tolist() == [2, 3]
    assert rows.loc["spend is missing", "treated"] == pytest.approx(1 / 3)
    assert rows.loc["age: (missing)", "control"] == pytest.approx(2 / 3)
    assert rows.loc["member", "standardised_difference"] == 0


def test_groups_that_do_not_vary():
    features = pd.DataFrame(
        {"treated": [1, 1, 0, 0], "same": [5.0] * 4, "apart": [2.0, 2.0, 1.0, 1.0]}
    )
    rows = balance_treated(features).covariates.set_index("covariate")
    assert rows.loc["same", "standardised_difference"] == 0
    assert rows.loc["same", "variance_ratio"] == 1
    assert rows.loc["apart", "standardised_difference"] == np.inf


def test_refusals():
    features = pd.DataFrame({"treated": [True, True, False, False], "spend": [1.0, 2, 3, 4]})
    with pytest.raises(SettingsError, match="limit = 0: must be positive"):
        balance_treated(features, limit=0)
    with pytest.raises(DataError, match=r"lack the column 'treat'; did you mean 'treated'\?"):
        balance_treated(features, treated="treat")
    with pytest.raises(DataError, match="'spend' must be true or false in every row"):
        balance_treated(features, treated="spend")
    with pytest.raises(ModelError, match="4 treated, 0 control, 1 covariates"):
        balance_treated(features.assign(treated=True))
    with pytest.raises(DataError, match="covariate 'spend' holds an infinite value"):
        balance_treated(features.assign(spend=np.inf))
    with pytest.raises(ModelError, match="covariate 'spend' has fewer than two values"):
        balance_treated(features.assign(spend=[1.0, np.nan, 2.0, 3.0]))
    assert not balance_treated(NotAvailable("no features"))
