"""Sentences on transformation, outliers and robustness: true on any data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.segmentation.robustness import (
    read_outliers,
    read_robustness,
    read_transformation,
)
from crmstudy.segmentation.clusters.robustness import Robustness
from crmstudy.segmentation.criteria.outliers import report_outliers
from crmstudy.segmentation.criteria.transform import transform_features


def features(n: int = 200) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    return pd.DataFrame(
        {"n_purchases": draw.normal(50, 5, n), "revenue": draw.lognormal(4.0, 1.2, n)}
    )


def robustness(*rows: tuple[str, float | None, float | None, str]) -> Robustness:
    named = [("as chosen", 1.0, 1.0, ""), *rows]
    table = pd.DataFrame(named, columns=["choice", "adjusted_rand", "order_holds", "note"])
    return Robustness(table.assign(kind="logarithm"), 3, 100, "revenue")


def test_skewed_features_are_named():
    said = read_transformation(transform_features(features(), log="skewed"))
    assert said == (
        "Revenue is strongly skewed (beyond 1) and was logged; none is skewed afterwards."
    )
    both = read_transformation(transform_features(features(), log="none", winsorise=0.01))
    assert both == (
        "Revenue is strongly skewed (beyond 1); none was reshaped; revenue is still skewed. "
        "Winsorising moved 8 values."
    )
    power = read_transformation(transform_features(features(), log="yeo-johnson"))
    assert "number of purchases and revenue were reshaped" in power
    plain = read_transformation(transform_features(features()[["n_purchases"]], log="skewed"))
    assert plain == (
        "No feature is strongly skewed (beyond 1); none was reshaped; none is skewed afterwards."
    )


def test_what_was_logged_is_named_where_it_is_not_what_was_skewed():
    said = read_transformation(transform_features(features(), log="all"))
    assert said.startswith("Revenue is strongly skewed (beyond 1); ")
    assert " were logged; " in said


def test_outliers_are_counted():
    frame = features()
    near = report_outliers(transform_features(frame), frame["revenue"], seed=1)
    assert "No single customer dominates a feature (at most " in read_outliers(near)
    frame.iloc[0, 1] = 1e8
    far = report_outliers(transform_features(frame), frame["revenue"], seed=1)
    alone = far.counts.assign(n_customers=1, share_customers=0.005, share_value=0.9999)
    said = read_outliers(replace(far, counts=alone))
    assert "The 1% of the customers with the most revenue bring " in said
    assert "1 customer (0.5%) lies beyond the .999 point" in said
    assert "about 0.2, and brings more than 99.9% of the revenue." in said
    assert " customers (" in read_outliers(far)
    raw = transform_features(frame, log="none")
    said = read_outliers(report_outliers(raw, frame["revenue"], seed=1))
    assert "One customer makes 99.5% of the spread of revenue: look whether" in said
    frame.iloc[0, 1] = 55.0
    cloud = transform_features(
        pd.DataFrame({"a": np.arange(100) % 10, "b": np.arange(100) // 10}), log=False
    )
    none = read_outliers(report_outliers(cloud, pd.Series(1.0, range(100)), seed=1))
    assert none.startswith("No customer is far from the bulk of all.")
    assert "The one customer with the most revenue brings 1.0% of it." in none


def test_the_top_is_one_customer_of_few_and_nobody_of_a_loss():
    frame = features(60)
    transformed = transform_features(frame)
    few = read_outliers(report_outliers(transformed, frame["revenue"], seed=1))
    assert "The one customer with the most revenue brings" in few
    loss = read_outliers(report_outliers(transformed, -frame["revenue"], seed=1))
    assert "most revenue" not in loss


def test_outliers_that_cannot_be_measured_say_why():
    frame = pd.DataFrame({"a": [1.0] * 15 + list(range(5)), "b": range(20)})
    report = report_outliers(transform_features(frame), pd.Series(1.0, range(20)), seed=1)
    said = read_outliers(report)
    assert said.startswith("Not available: robust distances need customers who differ, but more")


def test_choices_that_matter_are_named_worst_first():
    said = read_robustness(
        robustness(
            ("a", 0.5, 1.0, ""), ("b", 0.2, 0.0, ""), ("c", 0.95, 1.0, ""), ("d", None, None, "no")
        )
    )
    assert said == (
        "2 of 3 choices tried matter (adjusted Rand index with the main segments below 0.80): "
        "b (0.20) and a (0.50). 1 leaves the segments much the same. "
        "The order of the segments by revenue changes under: b. Not tried: d (no)."
    )
    one = read_robustness(robustness(("a", 0.5, 1.0, "")))
    assert one.startswith("1 of 1 choice tried matters (adjusted")
    assert "None leaves the segments much the same." in one
    assert "holds under all of them." in one


def test_nothing_matters_and_nothing_was_tried():
    calm = read_robustness(robustness(("a", 0.9, 1.0, ""), ("b", 0.97, 1.0, "")))
    assert calm.startswith("None of the 2 choices tried changes the segments much: the adjusted")
    assert "is 0.90 or more." in calm
    assert read_robustness(robustness(("a", None, None, "why"))) == (
        "No other choice could be tried. Not tried: a (why)."
    )


def test_absence_is_said():
    gone = NotAvailable("no transactions")
    assert read_robustness(gone) == "Not available: no transactions."
    assert read_outliers(gone) == gone
    assert read_transformation(gone) == gone
