"""Targeting by segment: by hand, laws, no leakage, recovery of a known response model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.use.responses import hold_out_offers, match_responses
from crmstudy.segmentation.use.targeting import rank_rivals, target_outcomes, target_responses

RATES = {"keen": 0.3, "mild": 0.15, "cool": 0.05}
CUT = "2025-06-30"


def draw_customers(generator, n=300):
    segments = generator.choice(list(RATES), n)
    ids = [f"c{i:04d}" for i in range(n)]
    before = pd.DataFrame(
        {
            "days_since_last_purchase": generator.integers(0, 90, n),
            "n_purchases": generator.integers(1, 30, n),
            "revenue": generator.gamma(2, 50, n),
        },
        index=pd.Index(ids, name="customer_id"),
    )
    return before, pd.Series(segments, index=before.index, name="segment")


def draw_firm(seed, n=300, n_campaigns=4, margin=True):
    """A firm whose customers answer at their segment's rate; half of the campaigns before CUT."""
    generator = np.random.default_rng(seed)
    before, segments = draw_customers(generator, n)
    starts = pd.date_range("2025-02-01", "2025-11-01", periods=n_campaigns).normalize()
    campaigns, responses, lines = [], [], []
    for number, start in enumerate(starts):
        rate = segments.map(RATES).to_numpy()
        answers = generator.random(n) < rate
        end = start + pd.Timedelta(days=20)
        campaigns.append(
            pd.DataFrame(
                {
                    "campaign_id": f"K{number}",
                    "customer_id": before.index,
                    "start_on": start,
                    "end_on": end,
                }
            )
        )
        who = before.index[answers]
        day = start + pd.to_timedelta(generator.integers(0, 21, len(who)), unit="D")
        responses.append(
            pd.DataFrame({"campaign_id": f"K{number}", "customer_id": who, "responded_at": day})
        )
        lines.append(
            pd.DataFrame(
                {
                    "customer_id": who,
                    "ordered_at": day + pd.Timedelta(hours=9),
                    "revenue": generator.gamma(4, 5, len(who)).round(2),
                }
            )
        )
    edge = pd.DataFrame(
        {
            "customer_id": before.index[:2],
            "ordered_at": pd.to_datetime(["2025-01-01", "2025-12-31"]),
            "revenue": 1.0,
        }
    )
    transactions = pd.concat([*lines, edge], ignore_index=True)
    if margin:
        transactions["cost"] = 0.5 * transactions["revenue"]
    return (
        before,
        segments,
        pd.concat(campaigns, ignore_index=True),
        pd.concat(responses, ignore_index=True),
        transactions,
    )


def judge(firm, *, seed=1, n_replicates=60):
    before, segments, campaigns, responses, transactions = firm
    offers = match_responses(campaigns, responses, transactions)
    trial = hold_out_offers(offers, segments, cut_day=CUT, seed=seed)
    return trial, target_responses(trial, before, seed=seed, n_replicates=n_replicates)


# --- held-out periods ----------------------------------------------------------------


def test_outcomes_by_hand():
    ids = pd.Index(list("abcdef"), name="customer_id")
    before = pd.DataFrame(
        {
            "days_since_last_purchase": [1, 2, 3, 4, 5, 6],
            "n_purchases": [6, 5, 4, 3, 2, 1],
            "revenue": [9.0, 11, 5, 3, 1, 1],
        },
        index=ids,
    )
    segments = pd.Series(["x", "x", "y", "y", "z", "z"], index=ids)
    after = pd.DataFrame(
        {"n_purchases": [1, 1, 1, 1, 0, 0], "revenue": [2.0, 4, 10, 2, 0, 2]}, index=ids
    )
    found = target_outcomes(segments, before, after, cut_day=CUT, seed=1, n_replicates=20)
    assert list(found.segments.index) == ["x", "y", "z"]
    assert found.segments["score"].tolist() == [10, 4, 1]
    assert found.segments["mean"].tolist() == [3, 6, 1]
    assert found.segments["lift"].tolist() == pytest.approx([0.9, 1.8, 0.3])
    assert found.segments["share_outcome"].tolist() == pytest.approx([0.3, 0.6, 0.1])
    # Knots (1/3, .3), (2/3, .9), (1, 1): trapezes .05 + .2 + .19/.6 = .566667.
    gini = 2 * (0.05 + 0.2 + 0.95 / 3) - 1
    # Perfect 10, 4, 2, 2, 2, 0: shares .5 .7 .8 .9 1 1, area .7333333.
    perfect = 2 * (0.5 / 2 + 0.6 + 0.75 + 0.85 + 0.95 + 1.0) / 6 - 1
    assert found.methods["gini"].iloc[0] == pytest.approx(gini / perfect)
    assert found.methods["lift_10"].iloc[0] == pytest.approx(0.9)
    assert found.stakes()["value"].tolist() == [3, 6, 1]
    assert not found.checks[0].passed


def test_outcome_bought_is_a_share_with_wilson_where_nobody_bought():
    generator = np.random.default_rng(5)
    before, segments = draw_customers(generator)
    after = pd.DataFrame(
        {
            "n_purchases": np.where(segments == "cool", 0, generator.integers(0, 2, len(segments))),
            "revenue": 1.0,
        },
        index=before.index,
    )
    found = target_outcomes(
        segments, before, after, cut_day=CUT, seed=1, outcome="bought", n_replicates=40
    )
    cool = found.segments.loc["cool"]
    assert found.is_share
    assert cool["lift"] == cool["lower"] == 0
    assert cool["upper"] > 0


def test_absent_and_refused_outcomes():
    before, segments = draw_customers(np.random.default_rng(0))
    after = pd.DataFrame({"n_purchases": 0, "revenue": 0.0}, index=before.index)
    said = target_outcomes(segments, before, after, cut_day=CUT, seed=1, outcome="margin")
    assert said == NotAvailable("the data have no margin")
    with pytest.raises(ModelError, match="positive sum of revenue after 2025-06-30; it is 0"):
        target_outcomes(segments, before, after, cut_day=CUT, seed=1)
    with pytest.raises(SettingsError, match="outcome = 'sales': allowed are revenue, margin"):
        target_outcomes(segments, before, after, cut_day=CUT, seed=1, outcome="sales")
    twice = pd.concat([segments, segments.iloc[:1]])
    with pytest.raises(DataError, match="'c0000' twice"):
        target_outcomes(twice, before, after + 1, cut_day=CUT, seed=1)
    gone = NotAvailable("no transactions")
    assert target_outcomes(gone, before, after, cut_day=CUT, seed=1) == gone


def test_customers_without_a_segment_or_outcome_are_counted():
    before, segments = draw_customers(np.random.default_rng(0))
    after = pd.DataFrame({"n_purchases": 1, "revenue": before["revenue"]}, index=before.index)
    found = target_outcomes(
        segments.iloc[10:], before, after.iloc[:-5], cut_day=CUT, seed=1, n_replicates=5
    )
    assert found.n_rows == len(before) - 15
    assert found.n_left_out == 5


def test_one_segment_ranks_nobody():
    before, segments = draw_customers(np.random.default_rng(0))
    after = pd.DataFrame({"n_purchases": 1, "revenue": before["revenue"]}, index=before.index)
    found = target_outcomes(
        segments.map(lambda _: "all"), before, after, cut_day=CUT, seed=1, n_replicates=10
    )
    assert found.methods["gini"].iloc[0] == pytest.approx(0)
    assert found.segments["lift"].tolist() == [1]
    assert found.methods.loc["revenue", "gini"] == pytest.approx(1)  # it is the outcome itself


def test_rivals_need_no_rfm():
    before, _ = draw_customers(np.random.default_rng(0))
    assert list(rank_rivals(before)) == ["RFM score", "recency", "frequency", "revenue"]
    assert list(rank_rivals(before.iloc[:6])) == ["recency", "frequency", "revenue"]


def test_order_and_names_of_customers_and_currency_change_nothing():
    before, segments = draw_customers(np.random.default_rng(7))
    noise = np.random.default_rng(8).gamma(1, 20, len(before)).round(2)
    after = pd.DataFrame(
        {"n_purchases": 1, "revenue": before["revenue"] + noise}, index=before.index
    )
    one = target_outcomes(segments, before, after, cut_day=CUT, seed=1, n_replicates=30)
    mixed = np.random.default_rng(1).permutation(len(before))
    names = {name: f"k{9999 - i}" for i, name in enumerate(before.index)}
    other = target_outcomes(
        segments.iloc[mixed].rename(names),
        before.iloc[mixed].rename(names),
        after.rename(names),
        cut_day=CUT,
        seed=1,
        n_replicates=30,
    )
    pd.testing.assert_frame_equal(one.methods, other.methods, rtol=1e-12)
    pd.testing.assert_frame_equal(one.segments, other.segments, rtol=1e-12)
    euro = after.assign(revenue=7 * after["revenue"])
    dear = target_outcomes(segments, before, euro, cut_day=CUT, seed=1, n_replicates=30)
    pd.testing.assert_frame_equal(one.methods, dear.methods, rtol=1e-9)


# --- campaign responses --------------------------------------------------------------


def test_responses_are_matched_by_hand():
    campaigns = pd.DataFrame(
        {
            "campaign_id": ["K", "K", "K", "L"],
            "customer_id": ["a", "b", "c", "a"],
            "start_on": pd.to_datetime(["2025-01-10"] * 3 + ["2025-01-25"]),
            "end_on": pd.to_datetime(["2025-01-20"] * 3 + ["2025-02-28"]),
            "treated": [True, True, False, True],
        }
    )
    responses = pd.DataFrame(
        {
            "campaign_id": ["K", "K", "K", "K", "L", "K"],
            "customer_id": ["a", "a", "b", "d", "a", "c"],
            "responded_at": pd.to_datetime(
                [
                    *("2025-01-20 23:00", "2025-01-20 10:00", "2025-01-21 00:00"),
                    *("2025-01-12 00:00", "2025-02-01 00:00", "2025-01-15 00:00"),
                ]
            ),
        }
    )
    transactions = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "c", None, "b"],
            "ordered_at": pd.to_datetime(
                [
                    *("2025-01-20 09:00", "2025-01-20 10:00", "2025-01-22 00:00"),
                    *("2025-01-15 00:00", "2025-01-20 00:00", "2025-01-01 00:00"),
                ]
            ),
            "revenue": [5.0, 7.0, 50.0, 8.0, 99.0, 1.0],
            "cost": [1.0, 2.0, 3.0, 4.0, 5.0, 0.5],
        }
    )
    offers = match_responses(campaigns, responses, transactions)
    rows = offers.rows.set_index(["campaign_id", "customer_id"])
    assert rows["responded"].to_dict() == {
        ("K", "a"): True,
        ("K", "b"): False,  # answered a day late
        ("K", "c"): False,  # held back: a purchase is not an answer
        ("L", "a"): True,  # answered, but bought nothing that day
    }
    assert rows["revenue"].tolist() == [12.0, 0.0, 0.0, 0.0]
    assert rows["margin"].tolist() == [9.0, 0.0, 0.0, 0.0]
    assert offers.n_outside == 1
    assert offers.n_unaddressed == 1 + 1  # d, and c who was held back
    facts = offers.campaigns.loc["K"]
    assert (facts["n_addressed"], facts["n_held_back"], facts["n_responded"]) == (2, 1, 1)
    assert facts["share_seen"] == 1
    assert offers.campaigns.loc["L", "share_seen"] == 0  # the data end before it begins
    windows = offers.windows.set_index("customer_id")
    assert windows["revenue"].to_dict() == {"a": 12.0, "b": 0.0, "c": 8.0}
    assert windows["n_purchase_days"].to_dict() == {"a": 1.0, "b": 0.0, "c": 1.0}


def test_campaigns_serve_learning_or_judging_but_not_both():
    _, segments, campaigns, responses, transactions = draw_firm(1, n_campaigns=6)
    spans = campaigns["campaign_id"] == "K2"
    campaigns.loc[spans, ["start_on", "end_on"]] = [
        pd.Timestamp("2025-06-20"),
        pd.Timestamp("2025-07-10"),
    ]
    late = campaigns["campaign_id"] == "K5"
    campaigns.loc[late, "end_on"] = pd.Timestamp("2026-03-01")
    offers = match_responses(campaigns, responses, transactions)
    trial = hold_out_offers(offers, segments, cut_day=CUT, seed=1)
    assert trial.uses.to_dict() == {
        "K0": "learn",
        "K1": "learn",
        "K2": "spans the cut day",
        "K3": "test",
        "K4": "test",
        "K5": "not wholly in the data",
    }
    assert set(trial.learn["campaign_id"]) == {"K0", "K1"}
    assert set(trial.test["campaign_id"]) == {"K3", "K4"}
    assert trial.kind == "later campaigns"


def test_nothing_later_leaks_into_what_is_learnt():
    firm = draw_firm(3)
    before, segments, campaigns, responses, transactions = firm
    trial, found = judge(firm)
    later = responses["responded_at"] > pd.Timestamp(CUT)
    moved = responses[~later]
    bought = transactions["ordered_at"] > pd.Timestamp(CUT)
    spent = transactions.assign(
        revenue=transactions["revenue"].where(~bought, 1000 - transactions["revenue"])
    )
    extra = campaigns[campaigns["start_on"] > pd.Timestamp(CUT)][["campaign_id", "customer_id"]]
    answered = extra.iloc[::3].assign(responded_at=pd.Timestamp("2025-11-10"))
    changed = (before, segments, campaigns, pd.concat([moved, answered]), spent)
    other_trial, other = judge(changed)
    columns = ["campaign_id", "customer_id", "segment", "responded", "revenue"]
    pd.testing.assert_frame_equal(trial.learn[columns], other_trial.learn[columns])
    assert other.segments["score"].to_dict() == found.segments["score"].to_dict()
    assert other.segments["mean"].to_dict() != found.segments["mean"].to_dict()


def test_scores_are_learnt_on_the_earlier_campaigns_only():
    trial, found = judge(draw_firm(4))
    raw = trial.learn.groupby("segment")["responded"].mean()
    later = trial.test.groupby("segment")["responded"].mean()
    assert found.segments["score"].to_dict() == pytest.approx(raw.to_dict(), abs=0.02)
    assert found.segments["mean"].to_dict() == pytest.approx(later.to_dict())
    assert list(found.segments.index) == ["keen", "mild", "cool"]


def test_one_campaign_is_split_by_customers():
    before, segments, campaigns, responses, transactions = draw_firm(2, n_campaigns=2)
    only = campaigns["campaign_id"] == "K1"
    offers = match_responses(
        campaigns[only], responses[responses["campaign_id"] == "K1"], transactions
    )
    trial = hold_out_offers(offers, segments, cut_day=CUT, seed=1)
    assert trial.kind == "other customers"
    assert not set(trial.learn["customer_id"]) & set(trial.test["customer_id"])
    assert len(trial.learn) + len(trial.test) == only.sum()
    assert target_responses(trial, before, seed=1, n_replicates=5).learnt_on == (
        "one half of the customers"
    )
    with pytest.raises(ModelError, match="no campaign after 2025-12-31"):
        hold_out_offers(offers, segments, cut_day="2025-12-31", seed=1)


def test_a_campaign_that_reached_nobody():
    _, segments, campaigns, responses, transactions = draw_firm(2)
    held = campaigns.assign(treated=campaigns["campaign_id"] != "K3")
    offers = match_responses(held, responses, transactions)
    assert offers.campaigns.loc["K3", "n_addressed"] == 0
    assert offers.campaigns.loc["K3", "n_responded"] == 0
    assert offers.table()["response rate"].notna().all()
    trial = hold_out_offers(offers, segments, cut_day=CUT, seed=1)
    assert set(trial.test["campaign_id"]) == {"K2"}
    with pytest.raises(ModelError, match="no campaign addressed a customer"):
        match_responses(campaigns.assign(treated=False), responses, transactions)


def test_no_later_response_is_refused():
    before, segments, campaigns, responses, transactions = draw_firm(2)
    early = responses[responses["responded_at"] <= pd.Timestamp(CUT)]
    offers = match_responses(campaigns, early, transactions)
    trial = hold_out_offers(offers, segments, cut_day=CUT, seed=1)
    with pytest.raises(ModelError, match="positive sum of responses"):
        target_responses(trial, before, seed=1)


def test_order_of_offers_and_names_change_nothing():
    firm = draw_firm(6)
    _, one = judge(firm)
    before, segments, campaigns, responses, transactions = firm
    names = {name: f"k{9999 - i}" for i, name in enumerate(before.index)}
    mixed = campaigns.sample(frac=1, random_state=1)
    other = (
        before.iloc[::-1].rename(names),
        segments.rename(names),
        mixed.assign(customer_id=mixed["customer_id"].map(names)),
        responses.iloc[::-1].assign(customer_id=lambda f: f["customer_id"].map(names)),
        transactions.assign(customer_id=transactions["customer_id"].map(names)),
    )
    _, two = judge(other)
    pd.testing.assert_frame_equal(one.methods, two.methods, rtol=1e-12)
    pd.testing.assert_frame_equal(one.segments, two.segments, rtol=1e-12)


def test_intervals_resample_customers_not_offers():
    """Customers who always answer alike: three campaigns tell no more than one."""
    generator = np.random.default_rng(1)
    before, segments = draw_customers(generator, 200)
    keen = generator.random(200) < segments.map(RATES).to_numpy() + 0.2
    found = []
    for copies in (1, 4):
        days = pd.to_datetime([f"2025-{month:02d}-05" for month in range(7, 7 + copies)])
        campaigns = pd.concat(
            [
                pd.DataFrame(
                    {
                        "campaign_id": f"K{i}",
                        "customer_id": before.index,
                        "start_on": day,
                        "end_on": day,
                    }
                )
                for i, day in enumerate([pd.Timestamp("2025-03-05"), *days])
            ]
        )
        responses = campaigns[campaigns["customer_id"].isin(before.index[keen])].rename(
            columns={"start_on": "responded_at"}
        )
        bought = responses.rename(columns={"responded_at": "ordered_at"}).assign(revenue=1.0)
        _, result = judge((before, segments, campaigns, responses, bought), n_replicates=200)
        found.append(result.methods["gini_upper"].iloc[0] - result.methods["gini_lower"].iloc[0])
    assert found[1] == pytest.approx(found[0], rel=0.15)


@pytest.mark.slow
def test_intervals_cover_the_true_lift():
    true = pd.Series(RATES)
    covered = []
    for seed in range(60):
        _, found = judge(draw_firm(seed, n=400), n_replicates=200)
        shares = found.segments["share_rows"]
        lift = true[shares.index] / (true[shares.index] * shares).sum()
        covered.extend(found.segments["lower"].le(lift) & found.segments["upper"].ge(lift))
    assert 0.90 <= np.mean(covered) <= 0.985


def test_names_do_not_decide_who_of_equal_customers_is_held_out():
    before, segments, campaigns, responses, transactions = draw_firm(5, n_campaigns=1)
    campaigns["start_on"] += pd.Timedelta(days=150)  # after the cut: customers are halved
    campaigns["end_on"] += pd.Timedelta(days=150)
    backwards = {name: f"p{999 - place:03}" for place, name in enumerate(before.index)}
    halves = []
    for names in ({}, backwards):
        named = [
            frame.assign(customer_id=frame["customer_id"].replace(names))
            for frame in (campaigns, responses, transactions)
        ]
        labels = segments.rename(names)
        trial = hold_out_offers(match_responses(*named), labels, cut_day=CUT, seed=1)
        assert trial.kind == "other customers"
        halves.append(set(trial.learn["customer_id"].replace({v: k for k, v in names.items()})))
    assert halves[0] == halves[1]
