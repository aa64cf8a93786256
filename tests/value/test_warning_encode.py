"""Features written as numbers: against scikit-learn, and what is learnt from training alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from crmstudy.value.warning.encode import learn_encoder


@pytest.fixture
def features():
    generator = np.random.default_rng(1)
    n = 200
    frame = pd.DataFrame(
        {
            "n_purchases": generator.poisson(4, n),
            "revenue": generator.normal(50, 80, n),
            "mean_days_between_purchases": generator.gamma(2, 10, n),
            "sd_days_between_purchases": generator.gamma(2, 5, n),
            "discount_share": generator.random(n),
            "constant": 3.0,
            "unknown": np.nan,
            "main_channel": generator.choice(["web", "shop", "app"], n, p=[0.6, 0.38, 0.02]),
        }
    )
    frame.loc[:19, ["mean_days_between_purchases", "sd_days_between_purchases"]] = np.nan
    return frame


def test_numbers_are_those_of_a_scikit_learn_pipeline(features):
    encoder = learn_encoder(features)
    logged = ["n_purchases", "revenue", "mean_days_between_purchases", "sd_days_between_purchases"]
    peer = make_pipeline(
        FunctionTransformer(lambda x: np.sign(x) * np.log1p(np.abs(x))),
        SimpleImputer(strategy="median"),
        StandardScaler(),
    )
    wanted = peer.fit_transform(features[logged].to_numpy(dtype=float))
    np.testing.assert_allclose(encoder.encode(features)[:, :4], wanted, atol=1e-12)
    share = StandardScaler().fit_transform(features[["discount_share"]])
    np.testing.assert_allclose(encoder.encode(features)[:, [4]], share, atol=1e-12)


def test_what_does_not_vary_or_is_unknown_is_left_out_and_rare_names_are_the_rest(features):
    encoder = learn_encoder(features)
    assert "constant" not in encoder.owners
    assert "unknown" not in encoder.owners
    assert encoder.levels == {"main_channel": ("shop", "web")}
    last = encoder.encode(features)[:, -2:]
    names = features["main_channel"]
    np.testing.assert_array_equal(last[:, 0], names == "shop")
    np.testing.assert_array_equal(last[:, 1], names == "web")


def test_features_missing_for_the_same_customers_are_flagged_once(features):
    encoder = learn_encoder(features)
    assert encoder.flagged == ("mean_days_between_purchases",)
    flag = encoder.encode(features)[:, encoder.owners.index("mean_days_between_purchases", 3)]
    np.testing.assert_array_equal(flag, features["mean_days_between_purchases"].isna())


def test_new_rows_are_written_by_what_training_taught(features):
    encoder = learn_encoder(features)
    alone = encoder.encode(features.iloc[[7]])
    np.testing.assert_array_equal(alone, encoder.encode(features)[[7]])
    new = features.iloc[[30]].assign(main_channel="fax", revenue=np.nan)
    written = encoder.encode(new)
    assert np.isfinite(written).all()
    assert not written[0, -2:].any()
    place = encoder.numeric.index("revenue")
    filled = (encoder.median[place] - encoder.mean[place]) / encoder.spread[place]
    assert written[0, place] == pytest.approx(filled)
    missing = features.iloc[[30]].assign(main_channel=pd.NA).astype({"main_channel": "str"})
    assert not encoder.encode(missing)[0, -2:].any()


def test_one_of_all_levels_is_left_out_when_they_are_everything():
    names = pd.DataFrame({"n": range(40), "channel": ["web", "shop"] * 20})
    assert learn_encoder(names).levels == {"channel": ("web",)}


def test_rows_that_are_all_alike_have_no_columns():
    encoder = learn_encoder(pd.DataFrame({"a": [1.0] * 20, "b": [np.nan] * 20}))
    assert encoder.owners == ()
    assert encoder.encode(pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})).shape == (2, 0)
