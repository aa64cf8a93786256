"""100,000 Monte Carlo draws of a whole evaluation: ours against a plain loop over the draws.

Seven experts judge four criteria with three indicators each; 1,000 respondents grade six of
the indicators, six are measured with an interval. Every draw takes other respondents, other
values, other experts and other judgements, and grades goal and criteria anew. The loop gets
the drawn weights for nothing, draws respondents and values from the same generators one
draw after the other, and does what each draw needs in NumPy; it runs over the first
``LOOPED`` draws, and its time is counted per draw.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter

import numpy as np
import pandas as pd

from crmstudy.evaluation.comprehensive.draws import find_patterns, spread_value
from crmstudy.evaluation.comprehensive.grades import GRADES
from crmstudy.evaluation.comprehensive.grading import (
    GradedAnswers,
    GradedValue,
    Grading,
    grade_indicators,
)
from crmstudy.evaluation.comprehensive.verdict_draws import count_grades, draw_verdicts
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws, draw_weights
from crmstudy.indicators.definitions import INDICATORS
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.table import IndicatorTable
from crmstudy.statistics.draws import draw_seeds

DRAWS, LOOPED, RESPONDENTS, EXPERTS, REPEATS, SEED = 100_000, 5_000, 1_000, 7, 3, 20261123
ASKED = 6


def draw_study() -> tuple[pd.DataFrame, Grading, dict[str, tuple[str, ...]]]:
    """Draw judgements, answers and measured values of a firm."""
    rng = np.random.default_rng(SEED)
    tree: dict[str, tuple[str, ...]] = {}
    for name, indicator in INDICATORS.items():
        tree[indicator.criterion] = (*tree.get(indicator.criterion, ()), name)
    rows = []
    for matrix, names in {"criteria": tuple(tree), **tree}.items():
        true = np.log(rng.dirichlet(np.full(len(names), 5.0)))
        for expert in range(EXPERTS):
            for i in range(len(names)):
                for j in range(i + 1, len(names)):
                    judged = np.exp(true[i] - true[j] + 0.2 * rng.standard_normal())
                    value = float(np.clip(judged, 1 / 9, 9))
                    rows.append((f"E{expert}", matrix, names[i], names[j], value))
    judgements = pd.DataFrame(rows, columns=["expert", "matrix", "row", "column", "value"])
    feeling = rng.standard_normal((RESPONDENTS, 1))
    scores = 6.8 + 1.2 * feeling + 1.2 * rng.standard_normal((RESPONDENTS, ASKED))
    asked, measured = list(INDICATORS)[:ASKED], list(INDICATORS)[ASKED:]
    answers = pd.DataFrame(np.clip(np.rint(scores), 1, 10), columns=asked)
    values = {name: Measurement(0.62, 500, Interval(0.5, 0.74, 0.95, "drawn")) for name in measured}
    grading = grade_indicators(
        tree,
        measured=IndicatorTable(values, {}, None, None),
        answers=answers,
        instrument={name: {"minimum": 1, "maximum": 10} for name in asked},
        roles={"recommendation": "recommendation_rate", **{name: name for name in asked}},
        limits={n: [1, 0] if INDICATORS[n].better == "smaller" else [0, 1] for n in measured},
    )
    return judgements, grading, tree


def loop(weights: WeightDraws, grading: Grading, n_draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate draw after draw; scores and grades of the goal and the criteria."""
    asking, measuring = (np.random.default_rng(one) for one in draw_seeds(SEED, stage=350, n=2))
    n_grades, points = len(grading.grades), np.array(grading.grades.values)
    asked = {n: o for n, o in grading.evidence.items() if isinstance(o, GradedAnswers)}
    measured = sorted(n for n, o in grading.evidence.items() if isinstance(o, GradedValue))
    # Respondents in the order of their patterns: the same persons are drawn as by ours.
    stacked = np.hstack([asked[n].codes for n in sorted(asked)])
    _, pattern = np.unique(stacked, axis=0, return_inverse=True)
    order, n = np.argsort(pattern, kind="stable"), len(stacked)
    scores, grades = [], []
    for draw in range(n_draws):
        persons = order[asking.integers(n, size=n, dtype=np.uint32)]
        errors = measuring.standard_normal(len(measured))
        rows = {}
        for name, one in asked.items():
            counts = np.bincount(one.codes[persons, 0] // 2, minlength=n_grades)
            rows[name] = counts / counts.sum()
        for place, name in enumerate(measured):
            one = grading.evidence[name]
            value = float(
                spread_value(
                    one.measurement.value, one.measurement.interval, errors[place : place + 1]
                )[0]
            )
            sign = 1.0 if one.typical[-1] > one.typical[0] else -1.0
            rows[name] = np.array(
                [
                    np.interp(sign * value, sign * one.typical, np.eye(n_grades)[grade])
                    for grade in range(n_grades)
                ]
            )
        vectors = []
        for criterion in weights.criterion_names:
            names = list(weights.weights.local[criterion].index)
            vectors.append(weights.local[criterion][draw] @ np.array([rows[k] for k in names]))
        goal = weights.criteria[draw] @ np.array(vectors)
        levels = np.array([goal, *vectors])
        scores.append(levels @ points)
        grades.append(levels.argmax(axis=1))
    return np.array(scores), np.array(grades)


def main() -> int:
    judgements, grading, tree = draw_study()
    panel = prioritise_hierarchy(judgements, hierarchy=tree)
    weighing, evaluating = float("inf"), float("inf")
    for _ in range(REPEATS):
        start = perf_counter()
        weights = draw_weights(panel, n_draws=DRAWS, seed=SEED)
        middle = perf_counter()
        drawn = draw_verdicts(weights, grading, n_draws=DRAWS, seed=SEED)
        weighing = min(weighing, middle - start)
        evaluating = min(evaluating, perf_counter() - middle)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = perf_counter()
    scores, grades = loop(weights, grading, LOOPED)
    looped = (perf_counter() - start) / LOOPED * DRAWS

    agreement = float(np.abs(drawn.scores[:LOOPED] / scores - 1).max())
    same = float((drawn.positions[:LOOPED] == grades).mean())
    goal = count_grades(drawn, GRADES).iloc[0]
    print(f"{DRAWS:,} draws, {len(find_patterns(grading).counts):,} answer patterns")  # type: ignore[union-attr]
    print(f"weights {weighing:.2f} s, evaluation {evaluating:.2f} s, peak {megabytes:.0f} MB")
    print(f"a loop over the evaluation alone: {looped:.1f} s (from {LOOPED:,} draws)")
    print("goal: " + ", ".join(f"{name} {share:.3f}" for name, share in goal.items()))
    print(f"grades equal in {same:.2%} of draws and levels")
    print(f"evaluation ratio {looped / evaluating:.1f} agreement {agreement:.1e}")
    agreed = agreement < 1e-9 and same > 0.999
    if not agreed:
        print("the engines disagree", file=sys.stderr)
    return int(not agreed)


if __name__ == "__main__":
    raise SystemExit(main())
