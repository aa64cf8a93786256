"""Answers joined with purchases."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import Construct
from crmstudy.loyalty.moderation.factor_scores import (
    BY_FACTORS,
    BY_MEANS,
    score_respondents,
    weigh_items,
)
from crmstudy.loyalty.moderation.follow_up import follow_respondents
from crmstudy.loyalty.moderation.repurchase import join_repurchase, regress_purchases

ITEMS = ["s1", "s2", "s3"]
INSTRUMENT = {
    "constructs": {"satisfaction": {"label": "Satisfaction", "items": ITEMS}},
    "focus": {"satisfaction": "satisfaction", "loyalty": ""},
}
SCALES = {item: {"minimum": 1.0, "maximum": 10.0} for item in ITEMS}
DAY = pd.Timestamp("2025-09-01")


def lines(*rows):
    """Write ledger lines: customer, days from the first of September, revenue."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "revenue"])
    moments = DAY + pd.to_timedelta(frame["day"], unit="D") + pd.Timedelta(hours=14)
    return frame.assign(ordered_at=moments).drop(columns="day")


def draw_ledger(scores, *, slope, seed, days=91):
    """Draw purchase days with rate exp(log .3 + slope score) a quarter, half of them earlier."""
    rng = np.random.default_rng(seed)
    rows = []
    for k, score in enumerate(scores):
        count = rng.poisson(0.3 * np.exp(slope * score))
        rows += [(f"C{k}", int(day), 5.0) for day in rng.choice(days, count, replace=False) + 1]
        rows += [(f"C{k}", -int(day), 5.0) for day in rng.integers(1, 300, 1 + rng.poisson(1))]
    return lines(*rows, ("C0", days, 5.0))


def draw_survey(scores, *, seed, loading=0.8):
    rng = np.random.default_rng(seed)
    noise = np.sqrt(1 - loading**2)
    n = len(scores)
    items = {i: 5 + loading * scores + noise * rng.standard_normal(n) for i in ITEMS}
    customers = [f"C{k}" for k in range(n)]
    return pd.DataFrame({"customer_id": customers, "answered_on": DAY, **items})


def test_purchases_are_counted_on_the_right_days():
    survey = pd.DataFrame(
        {
            "customer_id": ["A", "A", None, "X", "B", "C", "D"],
            "answered_on": DAY + pd.to_timedelta([3, 0, 0, 0, None, 50, 0], unit="D"),
        },
        index=[10, 11, 12, 13, 14, 15, 16],
    )
    ledger = lines(
        *(("A", 0, 1.0), ("A", 1, 1.0), ("A", 1, 2.0), ("A", 28, 1.0), ("A", 29, 1.0)),
        *(("A", -1, 1.0), ("A", -363, 1.0), ("A", -364, 1.0), ("A", 5, -9.0)),
        *(("B", 1, 1.0), ("C", 1, 1.0), ("D", 60, 1.0)),
    )
    found = follow_respondents(survey, ledger, weeks=4)
    assert found.counts == {
        "anonymous": 1,
        "not in the ledger": 1,
        "without a date": 1,
        "second answers": 1,
        "followed too briefly": 1,
        "followed": 2,
    }
    assert sum(found.counts.values()) == len(survey)
    # days 1 and 28 count once each; day 0, the day before and day -363 are earlier
    # row 11 is customer A's first answer, row 10 the second
    assert found.cases.loc[11].tolist() == [2, 3]
    assert found.cases.loc[16].tolist() == [0, 0]


def test_cancelled_and_returned_lines_are_no_purchases():
    survey = pd.DataFrame({"customer_id": ["A"], "answered_on": [DAY]})
    ledger = lines(("A", 1, 1.0), ("A", 2, 1.0), ("A", 3, 1.0), ("A", 60, 1.0))
    ledger["status"] = ["completed", "cancelled", "returned", "completed"]
    assert follow_respondents(survey, ledger, weeks=2).cases["purchases"].tolist() == [1]


def test_surveys_that_cannot_be_joined_are_refused():
    survey = pd.DataFrame({"respondent_id": ["1"], "answered_on": [DAY]})
    with pytest.raises(ModelError, match="no customer_id"):
        follow_respondents(survey, lines(("A", 1, 1.0)), weeks=2)
    with pytest.raises(ModelError, match="no answered_on"):
        follow_respondents(pd.DataFrame({"customer_id": ["A"]}), lines(("A", 1, 1.0)), weeks=2)
    linked = pd.DataFrame({"customer_id": ["A"], "answered_on": [DAY]})
    with pytest.raises(ModelError, match="no purchases"):
        follow_respondents(linked, lines(("A", 1, -1.0)), weeks=2)


def join(survey, ledger, **changes):
    return join_repurchase(
        survey, ledger, **({"instrument": INSTRUMENT, "scales": SCALES, "weeks": 13} | changes)
    )


def test_true_rate_is_recovered_from_items_with_error():
    rates, paths = [], []
    for seed in range(12):
        scores = np.random.default_rng(seed).standard_normal(500)
        ledger = draw_ledger(scores, slope=0.4, seed=seed)
        found = join(draw_survey(scores, seed=seed + 100), ledger)
        rates.append(list(found.effect(measure="rate ratio", controlled=False).values())[:2])
        paths.append(found.effect(measure="standardised path", controlled=False)["effect"])
    effect, se = np.array(rates).T
    assert abs(effect.mean() - 0.4) < 3 * effect.std() / np.sqrt(len(effect))
    assert (np.abs(effect - 0.4) < 1.96 * se).sum() >= 9
    assert np.mean(paths) > 0.1


def test_no_relation_is_not_found():
    scores = np.random.default_rng(0).standard_normal(600)
    found = join(draw_survey(scores, seed=1), draw_ledger(scores, slope=0.0, seed=2))
    for controlled in (True, False):
        effect = found.effect(controlled=controlled)
        assert effect["lower"] < 0 < effect["upper"]


def test_result_does_not_depend_on_the_order_of_respondents():
    scores = np.random.default_rng(3).standard_normal(300)
    survey, ledger = draw_survey(scores, seed=4), draw_ledger(scores, slope=0.4, seed=5)
    one = join(survey, ledger)
    other = join(survey.sample(frac=1, random_state=0), ledger.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(one.table(), other.table(), rtol=1e-6)
    pd.testing.assert_frame_equal(one.bands, other.bands)
    assert one.flow()["n"].iloc[-1] == 300
    assert one.to_metrics() == pytest.approx(other.to_metrics(), rel=1e-5)


def test_ratios_are_told_as_ratios():
    scores = np.random.default_rng(3).standard_normal(300)
    found = join(draw_survey(scores, seed=4), draw_ledger(scores, slope=0.4, seed=5))
    told = found.table().set_index(["measure", "earlier purchases"])["effect"]
    effect = found.effect(measure="rate ratio")["effect"]
    assert told["rate ratio", "held equal"] == pytest.approx(np.exp(effect))
    assert set(found.table()["predictor"]) == {"Satisfaction"}


def test_one_outcome_only_is_refused():
    scores = np.random.default_rng(3).standard_normal(50)
    survey = draw_survey(scores, seed=4)
    ledger = lines(*((f"C{k}", -3, 1.0) for k in range(50)), ("C0", 91, 1.0))
    with pytest.raises(ModelError, match="at least 10 who did"):
        join(survey, ledger)
    absent = NotAvailable("no table transactions in mobi")
    assert join(survey, absent) is absent


def test_logistic_regression_of_one_share_is_its_odds():
    event = np.array([1.0] * 30 + [0.0] * 70 + [1.0] * 60 + [0.0] * 40)
    group = np.repeat([0.0, 1.0], 100)
    design = np.column_stack([np.ones(200), group])
    coefficients, covariance = regress_purchases(event, design, family="logit")
    assert coefficients[1] == pytest.approx(np.log((60 / 40) / (30 / 70)))
    # the variance of a log odds ratio (Woolf, 1955)
    assert covariance[1, 1] == pytest.approx(1 / 30 + 1 / 70 + 1 / 60 + 1 / 40)


def test_separated_and_constant_predictors_are_refused():
    design = np.column_stack([np.ones(40), np.repeat([0.0, 1.0], 20)])
    with pytest.raises(ModelError, match="cannot be explained"):
        regress_purchases(np.repeat([0.0, 1.0], 20), design, family="logit")
    with pytest.raises(ModelError, match="constant"):
        regress_purchases(np.repeat([0.0, 1.0], 20), np.ones((40, 2)), family="logit")


def test_factor_scores_have_the_regression_methods_variance():
    # Thurstone's scores: variance is the reliability of the weighted sum
    loadings, errors = np.array([1.0, 0.8]), np.array([0.5, 0.6])
    weights = weigh_items(loadings, errors, 2.0)
    sigma = 2.0 * np.outer(loadings, loadings) + np.diag(errors)
    information = 2.0 * (loadings**2 / errors).sum()
    assert weights @ sigma @ weights == pytest.approx(information / (1 + information))
    # and covariance with the latent variable of SD 1 the same
    assert weights @ loadings * np.sqrt(2.0) == pytest.approx(information / (1 + information))


def test_scores_fall_back_on_means_and_say_so():
    rng = np.random.default_rng(0)
    answers = pd.DataFrame(rng.standard_normal((60, 3)), columns=ITEMS)
    _, method = score_respondents(answers, constructs=[Construct("s", ITEMS[:2])])
    assert method == BY_MEANS
    scores = rng.standard_normal(200)
    survey = draw_survey(scores, seed=1)
    found, method = score_respondents(survey, constructs=[Construct("s", ITEMS)])
    assert method == BY_FACTORS
    assert np.corrcoef(found["s"], scores)[0, 1] > 0.85
