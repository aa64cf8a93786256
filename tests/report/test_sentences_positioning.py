from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.segmentation.positioning import read_positioning, word_gaps
from crmstudy.segmentation.positioning.evidence import Evidence
from crmstudy.segmentation.positioning.perceptual import map_positions
from crmstudy.segmentation.positioning.portfolio import rate_segments
from crmstudy.segmentation.positioning.positioning import measure_gaps
from crmstudy.segmentation.positioning.strategy import name_strategies

ABSENT = NotAvailable("no purchases")


def make_firm(tilt: float, seed: int = 0, n: int = 300) -> tuple[Evidence, pd.Series]:
    draw = np.random.default_rng(seed)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    rank = np.arange(n) % 3
    features = pd.DataFrame(
        {
            "revenue": draw.gamma(4.0, 10.0, n) * (1 + tilt * rank),
            "n_purchases": 1 + draw.poisson(2 + tilt * rank),
            "n_departments": 1 + draw.integers(0, 3, n),
        },
        index=index,
    )
    weights = np.ones((n, 3))
    weights[np.arange(n), rank] += 4 * tilt
    spend = pd.DataFrame(draw.gamma(weights, 9.0), index=index, columns=["tea", "coffee", "salt"])
    window = features.assign(tenure_days=180.0)
    later = window[draw.random(n) < 0.4 + 0.25 * tilt * rank]
    evidence = Evidence(features, earlier=window, later=later, departments=spend)
    return evidence, pd.Series(np.array(["a", "b", "c"])[rank], index=index)


def results(tilt: float, seed: int = 0):
    evidence, segments = make_firm(tilt, seed)
    return (
        map_positions(evidence.departments, segments, seed=1, n_draws=60),
        measure_gaps(evidence, segments, seed=1, n_draws=100),
        name_strategies(rate_segments(evidence, segments, seed=1, n_draws=100)),
    )


def test_a_clear_firm():
    positions, gaps, strategies = results(1.0)
    said = read_positioning(positions, gaps, strategies)
    assert "The segments differ in what they buy from each department (p = .005)." in said
    assert "The map shows all differences, as it must with 3 segments and 3 departments;" in said
    n, clear = int(gaps.gaps["lower"].notna().sum()), len(gaps.clear())
    assert f"Of {n} gaps with an interval {clear} leave out 0" in said
    assert "Nothing could be measured of service, brand and channel." in said
    assert "leader for 'c'" in said
    assert "Strength is a proxy: no figure of a competitor is known" in said


def test_gaps_stand_beside_their_reference():
    _, gaps, _ = results(1.0)
    table = word_gaps(gaps)
    row = gaps.gaps.iloc[0]
    first = table[table["measure"] == row["measure"]].iloc[0]
    star = "*" if row["reading"] in ("above", "below") else ""
    assert first[row["segment"]] == f"{row['value']:.2f} ({row['index']:.0f}{star})"
    assert first["its value"] == row["reference_value"]
    assert list(table.columns[5:]) == ["a", "b", "c"]
    absent = table[table["reference"].str.startswith("not available: ")]
    assert len(absent) == len(gaps.absent)
    assert word_gaps(ABSENT) is ABSENT


def test_chance_is_called_chance():
    positions, gaps, strategies = results(0.0, seed=3)
    assert positions.difference.p_value > 0.05
    said = read_positioning(positions, gaps, strategies)
    assert "cannot be told apart" in said
    assert "the map draws chance" in said


def test_undecided_segments_are_named_with_their_rival():
    _, _, strategies = results(1.0)
    segments = strategies.segments.copy()
    segments["strategy"] = "undecided"
    segments["near"] = ["", "strength", "strength, share of revenue"]
    segments["rival"] = ["nicher", "", "leader"]
    segments["by_rule"] = "follower"
    said = read_positioning(ABSENT, ABSENT, replace(strategies, segments=segments))
    assert "The rule gives no segment a strategy that can be relied on." in said
    assert "'a' (follower or nicher), 'b' (follower, near the threshold of strength)" in said
    assert "'c' (follower or leader, near the threshold of strength and share of revenue)" in said


def test_one_undecided_segment_is_singular():
    _, _, strategies = results(1.0)
    segments = strategies.segments.copy()
    segments["strategy"] = ["undecided", "follower", "leader"]
    said = read_positioning(ABSENT, ABSENT, replace(strategies, segments=segments))
    assert "Undecided is 'a'" in said
    assert "leader for 'c'; follower for 'b'" in said


def test_benchmarks_change_what_strength_means():
    _, _, strategies = results(1.0)
    said = read_positioning(ABSENT, ABSENT, replace(strategies, benchmarked=True))
    assert "figures from outside the firm where there are any" in said
    assert "proxy" not in said


def test_one_clear_gap_is_singular():
    _, gaps, _ = results(1.0)
    frame = gaps.gaps.copy()
    frame["reading"] = "no clear gap"
    none = read_positioning(ABSENT, replace(gaps, gaps=frame), ABSENT)
    assert "gaps with an interval 0 leave out 0" in none
    assert "The largest" not in none
    frame.loc[0, "reading"] = "above"
    one = read_positioning(ABSENT, replace(gaps, gaps=frame), ABSENT)
    assert "gaps with an interval 1 leaves out 0" in one
    assert "The largest is departments bought from (product; 'a', index 100)." in one
    frame.loc[0, "reference"] = "benchmark 2025 (an association)"
    beside = read_positioning(ABSENT, replace(gaps, gaps=frame), ABSENT)
    assert ", against benchmark 2025)." in beside
    few = read_positioning(ABSENT, replace(gaps, gaps=frame.head(1)), ABSENT)
    assert "Of 1 gap with an interval 1 leaves out 0, where none or one would" in few


def test_no_interval_at_all():
    _, gaps, _ = results(1.0)
    bare = replace(gaps, gaps=gaps.gaps.assign(lower=np.nan))
    assert "No gap could be given an interval" in read_positioning(ABSENT, bare, ABSENT)


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_what_is_absent_is_said_once(absent):
    found = list(results(1.0))
    found[absent] = ABSENT
    said = read_positioning(*found)
    name = ("Map of what is bought", "Gaps", "Strategies")[absent]
    assert said.count(f"{name}: not available: no purchases.") == 1
    assert said.lower().count("not available") == 1
    assert read_positioning(ABSENT, ABSENT, ABSENT) == "Not available: no purchases."
