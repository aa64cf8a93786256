"""From many measures to one number of segments, or to the verdict that there are none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.segmentation.clusters.choice import Choice
from crmstudy.segmentation.clusters.gap import Gap
from crmstudy.segmentation.clusters.stability import STABILITY_LIMIT

Verdict = Literal["structure", "no structure"]

SILHOUETTE_LIMIT = 0.25
ALPHA = 0.05
LEAST_GAIN = 0.1  # share of what the cut gains that a cloud does not give
GAP_SKEWED, GAP_UNIFORM = "gap (one skewed cloud)", "gap (uniform box)"
BIC, VARIANCE_RATIO = "BIC of mixtures", "Calinski-Harabasz"
#: Measures that vote. `crmstudy bench n_segments` counts how often each of the eight finds
#: the true number; the other four favour too few segments and are shown beside.
VOTERS = (GAP_SKEWED, GAP_UNIFORM, BIC, VARIANCE_RATIO)


@dataclass(frozen=True)
class Recommendation:
    """How many segments the measures support, and whether they are more than a cut.

    Parameters
    ----------
    n_segments : int
        At least 2; without structure it is the best supported cut.
    verdict : {"structure", "no structure"}
        Whether the customers fall into groups.
    reasons : DataFrame
        One row a measure: ``measure``, ``favours`` (number of segments, 1 for one
        cloud), ``value`` (of the measure at that number), ``votes`` (whether it counts),
        ``at_edge`` (it favours the largest candidate, so that its best value may lie
        beyond, and does not count), ``rule`` and ``source``.
    why : tuple of str
        What speaks against structure, one clause each; empty where nothing does.
    """

    n_segments: int
    verdict: Verdict
    reasons: pd.DataFrame
    why: tuple[str, ...]

    @property
    def n_votes(self) -> int:
        """Measures that count."""
        return int(self.reasons["votes"].sum())

    @property
    def n_agreeing(self) -> int:
        """Measures that count and favour the recommended number."""
        return int((self.reasons["votes"] & (self.reasons["favours"] == self.n_segments)).sum())

    @property
    def is_tied(self) -> bool:
        """Whether another number of segments has as many votes."""
        counted = self.reasons.loc[self.reasons["votes"] & (self.reasons["favours"] > 1), "favours"]
        counts = counted.value_counts()
        return bool(len(counts) and (counts == counts.max()).sum() > 1)

    def table(self) -> pd.DataFrame:
        """Arrange the reasons for a reader."""
        idle = np.where(self.reasons["at_edge"], "no, at the edge", "no, shown beside")
        table = self.reasons.drop(columns="at_edge").assign(
            favours=[str(k) if k > 1 else "1 (no segments)" for k in self.reasons["favours"]],
            votes=np.where(self.reasons["votes"], "yes", idle),
        )
        return table.rename(columns={"favours": "segments favoured", "value": "its value there"})


@dataclass(frozen=True)
class Measure:
    """One measure: its value at each number of segments, and the number it favours.

    Parameters
    ----------
    name, rule, source : str
        In words.
    looks_for : str
        The rule in two or three words, for a figure.
    values : Series indexed by n_segments
    errors : Series indexed by n_segments, or None
        Standard errors, where the measure has them.
    favours : int
        1 for one cloud.
    """

    name: str
    values: pd.Series
    rule: str
    source: str
    favours: int
    looks_for: str
    errors: pd.Series | None = None

    @property
    def at_edge(self) -> bool:
        """Whether it favours the largest candidate: more might be better still."""
        return self.favours == int(self.values.index.max()) > 2

    @property
    def votes(self) -> bool:
        """Whether it counts."""
        return self.name in VOTERS and not self.at_edge


def list_measures(choice: Choice) -> tuple[Measure, ...]:
    """List all measures, those that vote first.

    References
    ----------
    Thorndike, R. L. (1953). Who belongs in the family? Psychometrika, 18(4), 267-276.
    """
    whole = choice.table.loc[: int(choice.gap_skewed.table.index[-1])]  # without a hole
    table = whole if len(whole) > 1 else choice.table
    return (
        _gap(GAP_SKEWED, choice.gap_skewed, "after Hennig & Lin (2015)"),
        _gap(GAP_UNIFORM, choice.gap_uniform, "Tibshirani et al. (2001)"),
        _best(BIC, _with_single(choice, "bic"), "Fraley & Raftery (2002)", low=True),
        _best(VARIANCE_RATIO, table["calinski_harabasz"], "Caliński & Harabasz (1974)"),
        replace(
            _best("silhouette", table["silhouette"], "Rousseeuw (1987)"),
            errors=table["silhouette_error"],
        ),
        _best("Davies-Bouldin", table["davies_bouldin"], "Davies & Bouldin (1979)", low=True),
        _elbow(_with_single(choice, "inertia")),
        _best("stability", table["stability"], "Dolnicar & Leisch (2010)"),
    )


def _with_single(choice: Choice, name: str) -> pd.Series:
    single = pd.Series([choice.single[name]], index=pd.Index([1], name="n_segments"))
    values = pd.concat([single, choice.table[name]])
    return values.loc[: int(choice.gap_skewed.table.index[-1])]


def _gap(name: str, gap: Gap, source: str) -> Measure:
    rule = "the first within one error of the next, or above it"
    table = gap.table
    return Measure(name, table["gap"], rule, source, gap.n_segments, "first top", table["error"])


def _best(name: str, values: pd.Series, source: str, *, low: bool = False) -> Measure:
    numbers = values.to_numpy()
    best = int(values.index[int(numbers.argmin() if low else numbers.argmax())])
    rule = "the smallest" if low else "the largest"
    return Measure(name, values, rule, source, best, "lowest" if low else "highest")


def _elbow(inertia: pd.Series) -> Measure:
    """Find where the logarithm of inertia bends the most: its largest second difference."""
    logs = np.log(np.maximum(inertia.to_numpy(), np.finfo(float).tiny))
    bends = logs[:-2] - 2 * logs[1:-1] + logs[2:]
    favours = int(inertia.index[1 + int(bends.argmax())]) if len(bends) else 2
    rule = "the sharpest bend of its logarithm"
    return Measure("inertia (elbow)", inertia, rule, "Thorndike (1953)", favours, "sharpest bend")


def recommend(choice: Choice) -> Recommendation:
    """Combine the measures into one number and a verdict.

    The number: four measures vote for the one they favour - the gap statistic against one
    skewed cloud and against a uniform box, the BIC of mixtures, Calinski and Harabasz's
    index - unless that is the largest candidate; votes for one cloud are set aside here.
    The number with the most votes is taken; of several, the one whose first voter stands
    first in this list.

    The verdict is "structure" where the customers differ from one skewed cloud surely (the
    Monte Carlo test rejects at 5%) and visibly (a tenth of what the cut gains is not to be
    had from such a cloud), and the recommended segments are apart (silhouette above .25) and
    come back in bootstrap samples (adjusted Rand index of .65 or more). Else it is "no
    structure". `crmstudy bench n_segments` counts how often it is right.
    """
    measures = list_measures(choice)
    n_segments = _count_votes(measures)
    against = _say_against(choice, n_segments)
    rows = [
        {
            "measure": measure.name,
            "favours": measure.favours,
            "value": float(measure.values.loc[measure.favours]),
            "votes": measure.votes,
            "at_edge": measure.at_edge,
            "rule": measure.rule,
            "source": measure.source,
        }
        for measure in measures
    ]
    return Recommendation(
        n_segments=n_segments,
        verdict="no structure" if against else "structure",
        reasons=pd.DataFrame(rows),
        why=against,
    )


def _count_votes(measures: tuple[Measure, ...]) -> int:
    favoured = [measure.favours for measure in measures if measure.votes and measure.favours > 1]
    if not favoured:
        return 2
    return max(favoured, key=favoured.count)  # of equal counts the first


def _say_against(choice: Choice, n_segments: int) -> tuple[str, ...]:
    """Name what speaks against structure; nothing where all conditions hold."""
    gap, row = choice.gap_skewed, choice.row(n_segments)
    conditions = (
        (
            gap.homogeneity.p_value <= ALPHA,
            "a test does not tell the customers from one skewed cloud",
        ),
        (
            gap.gain(n_segments) >= LEAST_GAIN,
            "one skewed cloud would be cut nearly as well",
        ),
        (row["silhouette"] > SILHOUETTE_LIMIT, "the segments are not apart"),
        (row["stability"] >= STABILITY_LIMIT, "bootstrap samples give other segments"),
    )
    return tuple(words for holds, words in conditions if not holds)
