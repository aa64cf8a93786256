"""How sure a verdict is: the probability of each grade, the interval of the score, and why.

Each draw takes other respondents, other values within their intervals, other experts and
other judgements of theirs, and evaluates the whole hierarchy anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import SettingsError, passes_absence
from crmstudy.evaluation.comprehensive.evaluate import evaluate_fuzzy_hierarchy
from crmstudy.evaluation.comprehensive.grades import GradeScale
from crmstudy.evaluation.comprehensive.grading import GradedAnswers, GradedValue, Grading
from crmstudy.evaluation.comprehensive.operators import Operator
from crmstudy.evaluation.comprehensive.verdict import GOAL, FuzzyHierarchyResult
from crmstudy.evaluation.comprehensive.verdict_draws import (
    VerdictDraws,
    count_grades,
    draw_verdicts,
)
from crmstudy.evaluation.groups.panel import HierarchyResult
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, RebuiltHierarchy
from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws, draw_weights
from crmstudy.evaluation.require import require_choice
from crmstudy.evaluation.tabulate import name_metrics
from crmstudy.indicators.intervals import Interval

ROUNDING = 1e-12
SOURCES = ("respondents", "measured values", "experts", "judgement noise")
TOGETHER = "all together"
FEWEST_DRAWS = 100


@dataclass(frozen=True, eq=False)
class VerdictUncertainty:
    """How sure a verdict is.

    Parameters
    ----------
    verdict : FuzzyHierarchyResult
        The verdict on the data as they are.
    probabilities : DataFrame of shape (n_levels, n_grades)
        Share of the draws in which a level has a grade; goal first, rows sum to 1.
    scores : DataFrame of shape (n_levels, 4)
        ``score`` as it is, ``lower`` and ``upper`` end of its percentile interval, ``sd``.
    sources : DataFrame
        One row a source, drawn alone: ``source``, ``sd of the score``, ``share``,
        ``remark``. Shares of the variances' sum; the last row is all sources together,
        its share what they come to in that sum.
    n_draws : int
        How many draws.
    level : float
        Level of the intervals.
    """

    verdict: FuzzyHierarchyResult
    probabilities: pd.DataFrame
    scores: pd.DataFrame
    sources: pd.DataFrame
    n_draws: int
    level: float

    @property
    def grades(self) -> GradeScale:
        """The grades and their values."""
        return self.verdict.goal.grades

    @property
    def p_grade(self) -> float:
        """Probability of the goal's grade as it is."""
        return float(self.probabilities[self.verdict.goal.grade].loc[GOAL])

    def table(self) -> pd.DataFrame:
        """One row a level: grade, its probability, that of every grade, score, interval."""
        rows = [
            {
                "level": name.replace("_", " "),
                "grade": one.grade,
                "probability": self.probabilities.loc[name, one.grade],
                **self.probabilities.loc[name].to_dict(),
                "score": one.score,
                "lower": self.scores.loc[name, "lower"],
                "upper": self.scores.loc[name, "upper"],
            }
            for name, one in self.verdict.levels.items()
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Grade probabilities, interval of the score, shares of the sources."""
        shares = self.sources.set_index("source")["share"].drop(TOGETHER).dropna()
        goal = self.scores.loc[[GOAL]].iloc[0]
        return {
            "n_draws": self.n_draws,
            "p_grade": self.p_grade,
            **name_metrics("p", self.probabilities.loc[[GOAL]].iloc[0]),
            "score_lower": float(goal["lower"]),
            "score_upper": float(goal["upper"]),
            "score_sd": float(goal["sd"]),
            **name_metrics("share", shares.astype(float)),
        }


@passes_absence
def evaluate_uncertainty(
    panel: HierarchyResult,
    rebuilt: RebuiltHierarchy,
    grading: Grading,
    *,
    operator: Operator = "product-sum",
    noise: float = 0.2,
    n_draws: int = 5000,
    seed: int,
    level: float = 0.95,
) -> VerdictUncertainty:
    """Draw respondents, measured values, experts and their judgements together, and apart.

    Assumed: respondents and experts are each independent draws from those who could have
    been asked; measured values vary independently of each other and of the survey; limits,
    scale and operator are fixed. Experts who differ because they judge with noise show that
    noise already; drawn together, experts and noise err on the wide side.

    Parameters
    ----------
    panel : HierarchyResult
        The experts behind the weights.
    rebuilt : RebuiltHierarchy
        What of the hierarchy can be graded.
    grading : Grading
        What the memberships rest on.
    operator : str
        Key of :data:`OPERATORS`.
    noise : float
        Standard deviation of the logarithm of a judgement.
    n_draws : int
        Draws of all together, and of each source alone.
    seed : int
        The study's seed.
    level : float
        Level of the intervals, between 0 and 1.

    Raises
    ------
    SettingsError
        If there are fewer than 100 draws, or the level is not between 0 and 1.
    """
    require_choice(operator, Operator, "operator")
    if n_draws < FEWEST_DRAWS or not 0 < level < 1:
        raise SettingsError(
            f"n_draws {n_draws} and level {level:g}; allowed: {FEWEST_DRAWS} draws or more, a "
            "level between 0 and 1"
        )
    weights = rebuilt.reweigh(panel.weights)
    verdict = evaluate_fuzzy_hierarchy(
        weights, grading.memberships, operator=operator, grades=grading.grades
    )

    drawn = {
        source: _draw_source(
            panel,
            rebuilt,
            grading,
            wanted,
            operator=operator,
            noise=noise,
            n_draws=n_draws,
            seed=seed,
        )
        for source, wanted in (*((one, (one,)) for one in SOURCES), (TOGETHER, SOURCES))
    }
    together = drawn[TOGETHER]
    spreads = {source: float(one.scores[:, 0].std()) for source, one in drawn.items()}
    return VerdictUncertainty(
        verdict=verdict,
        probabilities=count_grades(together, grading.grades),
        scores=_summarise(together, verdict, level),
        sources=_compare_sources(spreads, panel, grading),
        n_draws=n_draws,
        level=level,
    )


def _summarise(drawn: VerdictDraws, verdict: FuzzyHierarchyResult, level: float) -> pd.DataFrame:
    lower, upper = np.quantile(drawn.scores, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame(
        {
            "score": [verdict.levels[name].score for name in drawn.levels],
            "lower": lower,
            "upper": upper,
            "sd": drawn.scores.std(axis=0),
        },
        index=list(drawn.levels),
    )


def _draw_source(
    panel: HierarchyResult,
    rebuilt: RebuiltHierarchy,
    grading: Grading,
    wanted: Sequence[str],
    *,
    operator: Operator,
    noise: float,
    n_draws: int,
    seed: int,
) -> VerdictDraws:
    """Evaluate draws in which only the wanted sources vary."""
    weights: WeightDraws | HierarchyWeights = rebuilt.reweigh(panel.weights)
    if "experts" in wanted or "judgement noise" in wanted:
        weights = draw_weights(
            panel,
            n_draws=n_draws,
            seed=seed,
            noise=noise if "judgement noise" in wanted else 0.0,
            resample="experts" in wanted,
        ).reweigh(rebuilt)
    return draw_verdicts(
        weights,
        grading,
        operator=operator,
        n_draws=n_draws,
        seed=seed,
        respondents="respondents" in wanted,
        values="measured values" in wanted,
    )


def _compare_sources(
    spreads: dict[str, float], panel: HierarchyResult, grading: Grading
) -> pd.DataFrame:
    """One row a source: how much of the score's variance it brings when drawn alone."""
    # Draws of equal numbers differ by rounding, which is no variance.
    spreads = {source: sd if sd > ROUNDING else 0.0 for source, sd in spreads.items()}
    total = sum(spreads[source] ** 2 for source in SOURCES)
    remarks = _remark_sources(panel, grading)
    rows = [
        {
            "source": source,
            "sd of the score": sd,
            "share": sd**2 / total if total > 0 else None,
            "remark": remarks.get(source, ""),
        }
        for source, sd in spreads.items()
    ]
    return pd.DataFrame(rows).astype({"share": "Float64"})


def _remark_sources(panel: HierarchyResult, grading: Grading) -> dict[str, str]:
    """Say where a source cannot vary, although it may be uncertain."""
    evidence = grading.evidence.values()
    measured = [one for one in evidence if isinstance(one, GradedValue)]
    counted = sum(not isinstance(one.measurement.interval, Interval) for one in measured)
    remarks = {}
    if not any(isinstance(one, GradedAnswers) for one in evidence):
        remarks["respondents"] = "no indicator is graded by answers"
    if not measured:
        remarks["measured values"] = "no indicator is graded by a measured value"
    elif counted:
        remarks["measured values"] = f"{counted} of {len(measured)} without an interval: held fixed"
    if len(panel.used) == 1:
        remarks["experts"] = "one expert: how experts differ cannot be seen"
    return remarks
