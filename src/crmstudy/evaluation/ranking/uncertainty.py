"""How firm a ranking is: the same units under other weights and other measured values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.evaluation.ranking.methods import METHODS
from crmstudy.evaluation.ranking.rank import MOST_RECORDED, Ranking, rank_draws
from crmstudy.evaluation.ranking.sampling import ValueDraws, match_values
from crmstudy.evaluation.tabulate import name_metrics
from crmstudy.evaluation.weighting.decisions import Flags, Floats
from crmstudy.statistics.draws import draw_seeds

#: Seeds of drawn weights.
STAGE = 340
#: The methods together, by mean rank.
TOGETHER = "mean rank"
#: Scores that are in memory at a time, about 16 megabytes.
CELLS_AT_A_TIME = 2_000_000
ANY_WEIGHTS = "any weights, all equally likely"


@dataclass(frozen=True, eq=False)
class RankUncertainty:
    """Ranks of units over many sets of weights, of values, or of both.

    Parameters
    ----------
    probabilities : mapping of str to DataFrame of shape (n_units, n_units)
        By method, and by the mean rank of all: how often (rows) a unit takes (columns) a
        rank. Tied units share the better rank, so that a column need not sum to 1.
    ranks : Series
        Rank by mean rank under the ranking's own weights and values.
    n_draws : int
        How many sets were drawn.
    of : str
        What was drawn, in words.
    """

    probabilities: Mapping[str, pd.DataFrame]
    ranks: pd.Series
    n_draws: int
    of: str

    @property
    def together(self) -> pd.DataFrame:
        """How often a unit takes a rank by mean rank."""
        return self.probabilities[TOGETHER]

    @property
    def first(self) -> pd.Series:
        """How often a unit is first by mean rank, ties counted for each."""
        return self.together[1].rename("first")

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a unit, the best first: rank, how it varies, how often first by method."""
        below = self.together.cumsum(axis=1)
        tail = (1 - level) / 2 - 1e-12
        expected = self.together @ self.together.columns.to_numpy(dtype=float)
        table = pd.DataFrame({"rank": self.ranks, "expected rank": expected})
        table = table.assign(
            **{
                f"rank at {tail:.1%}": (below > tail).idxmax(axis=1).astype(int),
                f"rank at {1 - tail:.1%}": (below >= 1 - tail - 1e-9).idxmax(axis=1).astype(int),
            }
        )
        for method, shares in self.probabilities.items():
            table[f"first by {method}"] = shares[1]
        return table.sort_values(["rank", "expected rank"], kind="stable").reset_index(names="unit")

    def to_metrics(self) -> dict[str, float]:
        """Draws, and how often up to 20 units are first by mean rank."""
        first = self.first if len(self.ranks) <= MOST_RECORDED else self.first.nlargest(1)
        return {"n_draws": self.n_draws, **name_metrics("first", first)}


@passes_absence
def draw_any_weights(criteria: Sequence[str], *, n_draws: int, seed: int) -> pd.DataFrame:
    """Draw weights evenly from all that sum to 1, as if nothing were known of them.

    Parameters
    ----------
    criteria : sequence of str
        Names of the columns.
    n_draws, seed : int
        Sets of weights, and the study's seed.

    References
    ----------
    Lahdelma, R., & Salminen, P. (2001). SMAA-2: Stochastic multicriteria acceptability
    analysis for group decision making. Operations Research, 49(3), 444-454.
    """
    _require_draws(n_draws)
    (own,) = draw_seeds(seed, stage=STAGE, n=1)
    drawn = np.random.default_rng(own).dirichlet(np.ones(len(criteria)), size=n_draws)
    return pd.DataFrame(drawn, columns=list(criteria))


def rank_over_draws(
    ranking: Ranking | NotAvailable,
    *,
    of: str,
    weights: pd.DataFrame | NotAvailable | None = None,
    values: ValueDraws | NotAvailable | None = None,
) -> RankUncertainty | NotAvailable:
    """Rank the units of a comparison anew under every draw of weights, of values, or both.

    Parameters
    ----------
    ranking : Ranking
        The comparison; its methods are used, and its own weights or values where none are
        drawn.
    of : str
        What the draws are of, in words, for instance "the panel's judgements"; of both, the
        weights before the values: "judgements and sampling".
    weights : DataFrame of shape (n_draws, n_criteria), optional
        One set of weights a row; criteria that the comparison left out are left out here,
        and the rest brought to a sum of 1. Where they are absent because nobody judged, the
        values are drawn alone.
    values : ValueDraws, optional
        Values of the units; with weights too, the first go with the first, as far as the
        shorter reaches.

    Raises
    ------
    DataError
        If a criterion or a unit of the comparison was not drawn.
    ModelError
        If a draw gives no weight to any criterion of the comparison.
    SettingsError
        If nothing was drawn.
    """
    if isinstance(weights, NotAvailable) and values is not None:
        of, weights = of.rpartition(" and ")[2], None
    if isinstance(ranking, NotAvailable):
        return ranking
    if isinstance(weights, NotAvailable):
        return weights
    if isinstance(values, NotAvailable):
        return values
    given = None if weights is None else _match(ranking, weights)
    drawn = (
        None
        if values is None
        else match_values(values, units=ranking.units, criteria=ranking.decisions.criteria)
    )
    n_draws = (
        min(len(each) for each in (given, drawn) if each is not None)
        if (given is not None or drawn is not None)
        else 0
    )
    _require_draws(n_draws)
    methods = list(map(str, ranking.scores.columns))
    n_units = len(ranking.units)
    counts = {name: np.zeros((n_units, n_units)) for name in [*methods, TOGETHER]}
    for rows in _parts(n_draws, n_units * len(ranking.weights)):
        part = _take(ranking, given, drawn, rows)
        for name, ranks in _rank_part(part, ranking.decisions.better_larger, methods).items():
            counts[name] += _count(ranks, n_units)
    places = pd.RangeIndex(1, n_units + 1)
    shares = {
        name: pd.DataFrame(found / n_draws, ranking.scores.index, places)
        for name, found in counts.items()
    }
    return RankUncertainty(shares, ranking.consensus, n_draws, of)


def _take(
    ranking: Ranking, weights: Floats | None, values: Floats | None, rows: slice
) -> tuple[Floats, Floats]:
    own = ranking.weights.to_numpy(dtype=float)[None]
    measured = ranking.decisions.values.to_numpy()
    return (
        measured if values is None else values[rows],
        own if weights is None else weights[rows],
    )


def _rank_part(
    part: tuple[Floats, Floats], better_larger: Flags, methods: Sequence[str]
) -> dict[str, Floats]:
    values, weights = part
    scores = {name: METHODS[name].score(values, better_larger, weights) for name in methods}
    means = np.mean([rank_draws(found, "average") for found in scores.values()], axis=0)
    ranks = {name: rank_draws(found) for name, found in scores.items()}
    return {**ranks, TOGETHER: rank_draws(-means)}


def _count(ranks: Floats, n_units: int) -> Floats:
    """Count how often each unit takes each rank, from ranks of shape (n_draws, n_units)."""
    places = np.arange(n_units) * n_units + ranks.astype(int) - 1
    found = np.bincount(places.ravel(), minlength=n_units**2)
    return found.reshape(n_units, n_units).astype(float)


def _match(ranking: Ranking, draws: pd.DataFrame) -> Floats:
    for name in ranking.weights.index:
        if name not in draws.columns:
            raise DataError(f"the drawn weights have no column {name!r}, which is compared")
    values = draws[list(ranking.weights.index)].to_numpy(dtype=float)
    total = values.sum(axis=1, keepdims=True)
    if (total <= 0).any():
        raise ModelError("a draw gives no weight to any criterion of the comparison")
    return np.asarray(values / total)


def _parts(n_draws: int, cells: int) -> Iterator[slice]:
    rows = max(1, CELLS_AT_A_TIME // cells)
    for start in range(0, n_draws, rows):
        yield slice(start, min(start + rows, n_draws))


def _require_draws(n_draws: int) -> None:
    if n_draws < 1:
        raise SettingsError(f"{n_draws} draws; allowed: 1 or more")
