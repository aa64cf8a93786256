"""Sentences on the effect of a campaign say what the numbers say, also turned round."""

from dataclasses import replace

import numpy as np
import pandas as pd

from crmstudy.case.campaigns.windows import WindowPlan
from crmstudy.case.effects.event import estimate_event
from crmstudy.case.effects.honest import bound_effect
from crmstudy.case.effects.placebos import run_placebos
from crmstudy.case.effects.resampling import Resampled
from crmstudy.case.effects.variations import vary_effect
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.case.campaigns import read_panel_windows, read_variations
from crmstudy.report.sentences.case.effects import (
    read_event,
    read_honest,
    read_placebos,
    read_resampled,
)

NONE = NotAvailable("study.yml names none")


def make_panel(path, seed: int = 1) -> pd.DataFrame:
    treated = np.arange(40) < 20
    noise = np.random.default_rng(seed).normal(0, 1, (40, len(path)))
    periods = np.arange(len(path)) - len(path) + 1
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"h{i:02d}" for i in range(40)], len(path)),
            "period": np.tile(periods, 40),
            "treated": np.repeat(treated, len(path)),
            "post": np.tile(periods == 0, 40),
            "revenue": (noise + treated[:, None] * np.array(path)).ravel(),
        }
    )


def test_event_study_with_and_without_a_trend():
    calm = read_event(estimate_event(make_panel([0, 0, 0, 9.0]), seed=1))
    assert "In none of the 2 windows before besides the reference" in calm
    assert "none is proved absent" in calm
    drift = read_event(estimate_event(make_panel([0, 5.0, 10, 15]), seed=1))
    assert "in 2 of the 2 windows before besides the reference (windows −3 and −2)" in drift
    assert "did not move in parallel" in drift
    alone = read_event(estimate_event(make_panel([0, 9.0]), seed=1))
    assert "no window before but the reference" in alone


def test_breakdown_by_its_size():
    found = bound_effect(estimate_event(make_panel([0, 0, 0, 9.0]), seed=1))
    assert "more than was ever seen" in read_honest(replace(found, breakdown=1.5), NONE)
    assert "would undo it" in read_honest(replace(found, breakdown=0.4), NONE)
    assert "no drift is needed" in read_honest(replace(found, breakdown=0.0), NONE)
    assert "outlasts any multiple" in read_honest(replace(found, breakdown=float("inf")), NONE)


def test_placebos_found_and_not():
    calm = read_placebos(run_placebos(make_panel([0, 0, 0, 9.0], seed=3)), NONE)
    assert calm.startswith("Of 2 placebo dates, none shows an effect")
    assert calm.endswith("Placebo outcomes are not available: study.yml names none.")
    moved = read_placebos(run_placebos(make_panel([0, 9.0, 9, 9])), {})
    assert "2 show an effect where there can be none (window −2 and window −1)" in moved


def test_engines_agree_or_not():
    assert "All engines agree, each is below" in read_resampled(
        Resampled(0.01, 0.02, 0.03, 2.5, 99, 40)
    )
    assert "not below .05" in read_resampled(Resampled(0.3, NONE, 0.4, 1.0, 99, 40))
    assert "disagree" in read_resampled(Resampled(0.04, 0.06, 0.05, 2.0, 99, 40))


def test_range_of_other_ways_and_windows():
    found = vary_effect(make_panel([0, 0, 0, 9.0]))
    assert "Every 95% interval leaves out 0" in read_variations(found)
    turned = replace(found, rows=found.rows.assign(estimate=[-1.0, *[1.0] * (len(found.rows) - 1)]))
    assert "Its sign depends" in read_variations(turned)
    day = pd.Timestamp("2024-01-01")
    plan = WindowPlan(10, 2, 1, 4, day, day, day, day)
    assert "4 before were asked for, but the data begin only on 2024-01-01" in read_panel_windows(
        plan
    )
    assert "asked for" not in read_panel_windows(replace(plan, n_asked=2))
    assert "after the last purchase" not in read_panel_windows(plan)
    late = read_panel_windows(replace(plan, ends_on=day + pd.Timedelta(days=1)))
    assert "The last 1 day of the windows lies after the last purchase" in late
