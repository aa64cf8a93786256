"""Sentences on the lifecycle: true in singular and plural, when nothing happened, when absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable, attempt
from crmstudy.report.sentences.value.lifecycle import read_lifecycle, read_survival
from crmstudy.value.lifecycle.agreement import compare_alive
from crmstudy.value.lifecycle.hazards import fit_hazards
from crmstudy.value.lifecycle.lapse import choose_lapse
from crmstudy.value.lifecycle.lapses import LapseTimes
from crmstudy.value.lifecycle.stages import Lifecycle, stage_customers
from crmstudy.value.lifecycle.survival import compare_survival, estimate_survival
from crmstudy.value.lifecycle.transitions import estimate_transitions

ABSENT = NotAvailable("no table transactions")


def lines(histories: dict[str, list[int]]) -> pd.DataFrame:
    rows = [(name, day) for name, days in histories.items() for day in days]
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    return frame.assign(ordered_at=day, revenue=10.0)


def many(n: int = 120, seed: int = 1) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    histories = {
        f"c{i:03d}": sorted(draw.choice(366, draw.integers(1, 12), replace=False).tolist())
        for i in range(n)
    }
    return lines({**histories, "keeper": [*range(0, 364, 7), 365]})


def stages_of(frame: pd.DataFrame, weeks: int = 10, **given) -> Lifecycle:
    return stage_customers(frame, choose_lapse(frame, lapse_weeks=weeks), **given)


def say(lifecycle, alive: pd.Series | None = None) -> str:
    agreement = ABSENT if alive is None else attempt(compare_alive, lifecycle, alive, seed=1)
    return read_lifecycle(lifecycle, attempt(estimate_transitions, lifecycle, seed=1), agreement)


def times_of(weeks, lapsed, returned=False) -> LapseTimes:
    index = pd.Index([f"c{i:05d}" for i in range(len(weeks))], name="customer_id")
    frame = pd.DataFrame(
        {
            "entered": pd.Timestamp("2024-01-01"),
            "weeks": np.asarray(weeks, float),
            "lapsed": np.asarray(lapsed, bool),
            "returned": returned,
        },
        index=index,
    )
    return LapseTimes(frame, lapse_weeks=4, until="2025-01-01", n_late=0, n_old=0)


def test_what_is_absent_is_said_once():
    assert read_lifecycle(ABSENT, ABSENT, ABSENT) == "Not available: no table transactions."
    said = read_survival(ABSENT, ABSENT, ABSENT, ABSENT)
    assert said == "Not available: no table transactions."


def test_many_customers():
    frame = many()
    lifecycle = stages_of(frame)
    alive = pd.Series(np.linspace(0, 1, 121), index=sorted(frame["customer_id"].unique()))
    said = say(lifecycle, alive)
    assert "A customer counts as lost after 10 weeks without a purchase, as given;" in said
    assert "In 2024Q4 the most frequent stage is" in said
    assert "Being lost is not the end:" in said
    assert "of 121 customers are lost, by P(alive) below 0.5" in said
    assert "agreement beyond chance)" in said
    assert "nan" not in said


def test_the_limit_from_the_data():
    frame = many()
    said = say(stage_customers(frame, choose_lapse(frame)))
    assert "weeks without a purchase; by then all but" in said


def test_one_customer_one_week_one_stage():
    frame = lines({"a": list(range(366))})
    lifecycle = stages_of(frame, weeks=1)
    said = say(lifecycle, pd.Series({"a": 0.9}))
    assert "lost after 1 week without" in said
    assert "In 2024Q4 all customers are in the stage 'stable-mature'." in said
    assert "Nobody was lost in any step" in said
    assert "of 1 customer are lost" in said
    assert "How far both agree cannot be measured" in said


def test_one_period():
    frame = lines({"a": list(range(91)), "b": [0, 5]})
    said = say(stages_of(frame, weeks=4))
    assert "In 2024Q1 all customers are in the stage 'new'." in said
    assert "Not available: nobody has a stage in two quarters in a row" in said


def test_nobody_lost_yet_and_ties():
    frame = lines({"a": list(range(366)), "b": [360, 361]})
    said = say(stages_of(frame, weeks=4))
    assert "no stage is the most frequent alone ('new' holds 50.0%); nobody is lost yet." in said


def test_lost_for_good_and_lost_at_the_end():
    gone = {f"g{i}": [i, 45 + i] for i in range(5)}
    frame = lines({"a": list(range(366)), **gone})
    said = say(stages_of(frame, weeks=20))
    assert "None of 5 steps led out of the stage 'lost'." in said
    late = lines({"a": list(range(366)), "b": [0, 100, 200]})
    said = say(stages_of(late, weeks=23))
    assert "they appear in the last period only" in said


def test_customers_whom_the_model_cannot_lose():
    frame = lines({"a": list(range(366)), "b": [5], "c": [6]})
    lifecycle = stages_of(frame)
    one = say(lifecycle, pd.Series({"a": 0.9, "b": 1.0, "c": 0.2}))
    assert "1 customer lost by the rule has P(alive) 1" in one
    two = say(lifecycle, pd.Series({"a": 0.9, "b": 1.0, "c": 1.0}))
    assert "2 customers lost by the rule have P(alive) 1" in two


def test_a_chain_that_holds_and_one_that_does_not():
    lifecycle = stages_of(many())
    found = estimate_transitions(lifecycle, seed=1, n_replicates=20)
    names = list(found.tests)

    def with_p(first: float, second: float) -> str:
        tests = {
            name: replace(found.tests[name], p_value=p)
            for name, p in zip(names, (first, 0.0, second), strict=True)
        }
        return read_lifecycle(lifecycle, replace(found, tests=tests), ABSENT)

    assert "nothing speaks against one Markov chain" in with_p(0.5, 0.5)
    assert "do not differ detectably between steps (p = .500) and the stage before" in with_p(
        0.5, 0.01
    )
    assert "differ between steps (p = .010) and one stage back is enough" in with_p(0.01, 0.5)
    none = replace(found, tests=dict.fromkeys(names, NotAvailable("few")))
    assert "too few moves to ask" in read_lifecycle(lifecycle, none, ABSENT)


def read(times: LapseTimes, starts: pd.DataFrame) -> str:
    return read_survival(
        times,
        attempt(estimate_survival, times),
        attempt(compare_survival, times, starts),
        attempt(fit_hazards, times, starts),
    )


def test_a_difference_is_named_and_chance_is_not():
    draw = np.random.default_rng(0)
    kind = np.repeat(["a", "b"], 150)
    weeks = np.ceil(draw.exponential(np.where(kind == "a", 10, 30)))
    times = times_of(weeks, draw.random(300) < 0.9, returned=False)
    starts = pd.DataFrame({"kind": kind}, index=times.customers.index)
    said = read(times, starts)
    assert "none of the lapsed came back." in said
    assert "nobody did so right after the first purchase" in said
    assert "The median time from the first purchase to a lapse is" in said
    assert "Of 1 grouping the curves differ by 'kind'" in said
    assert "The hazard of lapse differs with 'kind: b (against a)' (ratio 0." in said
    mixed = pd.DataFrame({"kind": draw.permutation(kind)}, index=times.customers.index)
    said = read(times, mixed)
    assert "The curves do not differ detectably by 1 grouping" in said
    assert "No hazard ratio differs detectably from 1" in said


def test_more_differences_than_can_be_named():
    draw = np.random.default_rng(0)
    traits = draw.integers(0, 2, (800, 5))
    weeks = np.ceil(draw.exponential(20 / np.exp(traits @ np.full(5, 0.5))) + 0.01)
    times = times_of(weeks, np.ones(800, bool), returned=True)
    words = {f"t{i}": np.where(traits[:, i] == 1, "yes", "no") for i in range(5)}
    said = read(times, pd.DataFrame(words, index=times.customers.index))
    assert ", and 2 more (log-rank tests" in said
    assert "The hazard of lapse differs most with" in said
    assert "(2 further ratios are in the table)" in said
    assert "100.0% of the lapsed came back later" in said


def test_medians_at_the_start_in_the_middle_and_never():
    at_once = estimate_survival(times_of([0.0] * 20 + [5.0] * 10, [True] * 30))
    assert "Half of the customers or more lapse after their first purchase." in read_survival(
        ABSENT, at_once, ABSENT, ABSENT
    )
    never = estimate_survival(
        times_of(np.arange(100.0), (np.arange(100) % 9 == 0) & (np.arange(100) < 99))
    )
    assert "The median time to lapse is not reached: after 99 weeks" in read_survival(
        ABSENT, never, ABSENT, ABSENT
    )
    open_end = replace(never, median=30.0, median_lower=20.0)
    said = read_survival(ABSENT, open_end, ABSENT, ABSENT)
    assert "30.0 weeks (95% interval 20.0 weeks upward; the upper end is not seen)" in said


def test_nobody_and_few_lapsed():
    none = times_of([3.0, 4.0], [False, False])
    assert read_survival(none, ABSENT, ABSENT, ABSENT).startswith(
        "Of 2 customers observed none lapsed."
    )
    said = read_survival(times_of([0.0], [True]), ABSENT, ABSENT, ABSENT)
    assert said.startswith("Of 1 customer observed 100.0% lapsed; 100.0% of all did so")
    few = times_of([1.0] * 5, [True] * 5)
    assert "5 of 5 customers lapsed; 10 lapses are needed" in read(
        few, pd.DataFrame(index=few.customers.index)
    )


@pytest.mark.parametrize("weeks", [4, 20])
def test_no_sentence_shows_a_missing_number(weeks):
    frame = many(seed=weeks)
    said = say(stages_of(frame, weeks=weeks, period="month"))
    for word in ("nan", "inf", "None", "NotAvailable"):
        assert word not in said
