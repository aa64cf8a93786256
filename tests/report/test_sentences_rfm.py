"""Sentences on RFM and moves: true on any data, in singular and plural, when nothing happened."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.segmentation.rfm import (
    read_agreement,
    read_journey,
    read_migration,
    read_rfm,
)
from crmstudy.segmentation.rfm.cutpoints import give_cuts
from crmstudy.segmentation.rfm.journey import follow_segments
from crmstudy.segmentation.rfm.migration import migrate_segments
from crmstudy.segmentation.rfm.rfm import score_rfm
from crmstudy.segmentation.rfm.scorings import compare_scorings

CUTS = give_cuts(days=(50, 100), purchases=(3, 6), revenue=(100, 200))


def features(n: int = 100, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "days_since_last_purchase": draw.permutation(n),
            "n_purchases": draw.permutation(n) + 1,
            "revenue": draw.permutation(n) + 1.0,
        }
    )


def move(before: dict, after: dict, value: float = 10.0):
    first, second = pd.Series(before, dtype="str"), pd.Series(after, dtype="str")
    amounts = {"A": 10 * value, "B": value}
    return migrate_segments(
        first,
        second,
        value_before=first.map(amounts).astype(float),
        value_after=second.map(amounts).astype(float),
        order=["A", "B"],
    )


def test_without_ties():
    said = read_rfm(score_rfm(features()))
    assert said.startswith("100 customers are scored. The segment 'potential loyalists' brings")
    assert said.endswith("Ties are no trouble: no customers are tied across a cut.")


def test_many_and_few_ties():
    frame = features()
    frame["n_purchases"] = [1] * 60 + [2] * 40
    frame.iloc[0, 2] = np.nan
    said = read_rfm(score_rfm(frame))
    assert "99 customers are scored and 1 left out for a missing value." in said
    assert "across a cut of frequency (59.6% of the customers)" in said
    assert "Nobody stands on steps 2, 4 and 5 of frequency." in said
    few = features()
    few.loc[few["n_purchases"] == 20, "n_purchases"] = 21
    assert "at most 2.0% of the customers are tied across any one cut" in read_rfm(score_rfm(few))


def test_fixed_cut_points_and_negative_revenue():
    one = features(1).assign(revenue=5.0)
    said = read_rfm(score_rfm(one, cuts=CUTS))
    assert said.startswith("1 customer is scored. All of them are in the segment 'promising'.")
    assert "Ties" not in said
    assert "Nobody stands on steps 1 and 2 of recency" in said
    back = features()
    back.iloc[3, 2] = -4.0
    assert "1 customer has negative revenue" in read_rfm(score_rfm(back))
    back.iloc[4, 2] = -4.0
    assert "2 customers have negative revenue" in read_rfm(score_rfm(back))


def test_agreement_names_the_closest_and_the_farthest_pair():
    frame = features()
    three = {
        "quantiles": score_rfm(frame, n_bins=3),
        "nested": score_rfm(frame, n_bins=3, nested=True),
        "cut-points": score_rfm(frame, cuts=CUTS),
    }
    table = compare_scorings(three)
    said = read_agreement(table)
    ordered = table.sort_values("share in the same segment", ascending=False)
    first, last = ordered.iloc[0], ordered.iloc[-1]
    assert said.startswith(f"Closest are {first['first']} and {first['second']}: ")
    assert f"Farthest apart are {last['first']} and {last['second']}: " in said
    two = compare_scorings({"a": three["quantiles"], "b": three["quantiles"]})
    said = read_agreement(two)
    assert (
        "100.0% of the customers are in the same segment by both (adjusted Rand index 1.00)" in said
    )
    assert said.endswith("least for recency, 1.00, almost perfect agreement.")
    assert "Farthest" not in said
    nothing = two.assign(**{name: None for name in two if name.startswith("kappa")})
    assert read_agreement(nothing).endswith("(adjusted Rand index 1.00).")
    assert read_agreement(two.assign(**{"kappa of money": -0.1})).endswith("−0.10, no agreement.")


def test_moves():
    before = {f"c{i}": "A" if i < 30 else "B" for i in range(60)}
    after = {f"c{i}": "A" if i % 2 else "B" for i in range(61)}
    said = read_migration(move(before, after))
    assert "Of 60 customers of the first period 50.0% stayed in their segment" in said
    assert "25.0% rose to one of higher value, 25.0% fell to one of lower value and 0.0%" in said
    assert "1 customer of the second period (1.6%) bought in it only." in said
    assert "the largest part is that of customers who fell" in said or "who rose" in said
    assert "did not change detectably (Stuart-Maxwell, p = 1.000)" in said
    assert "balanced as far as can be told (Bowker, p = 1.000)" in said
    assert "approximate" not in said


def test_nobody_moved():
    same = {"a": "A", "b": "B"}
    said = read_migration(move(same, same))
    assert "100.0% stayed in their segment" in said
    assert "Nobody bought in the second period only." in said
    assert "brought what the first did, direction by direction." in said
    assert said.endswith("Nobody moved between two segments.")


def test_one_way_moves_and_few_customers():
    before = {f"c{i}": "A" for i in range(12)} | {"z": "B"}
    after = {f"c{i}": "B" for i in range(12)} | {"z": "B"}
    said = read_migration(move(before, after))
    assert "the sizes of the segments changed (Stuart-Maxwell, p < .001)" in said
    assert "are not balanced (Bowker, p < .001)" in said
    assert "less than the first. The largest change is that of customers who fell: " in said
    assert "beyond the 20% that Cochran's rule allows: the tests are approximate." in said


def test_value_without_a_positive_sum_is_not_said():
    said = read_migration(move({"a": "A", "b": "B"}, {"a": "B", "b": "B"}, value=-1.0))
    assert "than the first" not in said


@pytest.mark.parametrize(
    ("n", "start"), [(2, "From one period to the next 100.0%"), (3, "Over 2 steps")]
)
def test_journey(n, start):
    labels = pd.Series({"a": "A", "b": "B"})
    value = pd.Series({"a": 2.0, "b": 1.0})
    said = read_journey(follow_segments([labels] * n, [value] * n))
    assert said.startswith(start)
    assert "0.0%" in said


def test_absence_is_said():
    gone = NotAvailable("no transactions")
    for read in (read_rfm, read_migration):
        assert read(gone) == "Not available: no transactions."
    assert read_agreement(gone) == gone
    assert read_journey(gone) == gone
