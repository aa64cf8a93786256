"""A strategy for each segment by a printed rule: leader, follower, nicher, diversification.

The four names are Kotler's competitive positions (the challenger, who attacks the leader,
is counted among the followers) and Ansoff's diversification; which segment gets which is a
rule of this house.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.segmentation.positioning.portfolio import Portfolio

#: Score from which a segment is attractive, and the firm strong in it: the reference's.
HIGH = 0.5
#: Distance from a threshold within which a case is not decided.
NEAR = 0.02
#: Share of the bootstrap samples that must give the same name.
AGREEMENT = 0.8
UNDECIDED = "undecided"
CONDITIONS = ("attractiveness", "strength", "share_value")


class StrategyRule(NamedTuple):
    """One strategy: its name in two languages, its conditions, and what it asks for."""

    strategy: str
    chinese: str
    attractiveness: str
    strength: str
    share_of_revenue: str
    reading: str


STRATEGY_RULES = (
    StrategyRule(
        "leader",
        "領導者",
        "at least .5",
        "at least .5",
        "at least an equal share",
        "defend and enlarge: the best service, new uses, first with what is new",
    ),
    StrategyRule(
        "follower",
        "追隨者",
        "at least .5",
        "below .5",
        "any",
        "close the gaps that count, by imitation or attack; gain share where it is cheap",
    ),
    StrategyRule(
        "nicher",
        "利基者",
        "any",
        "at least .5",
        "below an equal share",
        "specialise: serve the few better than a general offer can",
    ),
    StrategyRule(
        "diversification",
        "多元化",
        "below .5",
        "below .5",
        "any",
        "do not press the same offer: seek growth in other offers or with other customers",
    ),
    StrategyRule(
        "diversification",
        "多元化",
        "below .5",
        "at least .5",
        "at least an equal share",
        "use the position to earn, and the earnings for other offers or other customers",
    ),
)
#: The four names.
STRATEGIES = tuple(dict.fromkeys(rule.strategy for rule in STRATEGY_RULES))


@dataclass(frozen=True)
class Strategies:
    """The strategy of each segment, and everything it rests on.

    Parameters
    ----------
    segments : DataFrame
        Indexed by segment: ``strategy`` (or ``undecided``), ``by_rule`` (what the rule gives
        without regard to doubt), ``attractiveness``, ``strength``, ``share_value``,
        ``share_draws`` and ``share_weights`` (bootstrap samples, and sets of random weights,
        that give the same name), ``rival`` (the name that comes second in the samples; empty
        where there is none), ``near`` (thresholds that decide and are near).
    conditions : DataFrame
        One row a segment and condition: ``segment``, ``condition``, ``value``,
        ``threshold``, ``met``, ``distance``, ``decisive`` (whether the other answer would
        change the name), ``share_met`` (of the bootstrap samples).
    shares : DataFrame
        Segments by strategy: share of the bootstrap samples that give each name.
    benchmarked : bool
        Whether a figure from outside the firm is among the references of strength.
    """

    segments: pd.DataFrame
    conditions: pd.DataFrame
    shares: pd.DataFrame
    benchmarked: bool

    def table(self) -> pd.DataFrame:
        """Arrange the strategies, one row a segment."""
        names = {
            "strategy": "strategy",
            "by_rule": "by the rule alone",
            "attractiveness": "attractiveness",
            "strength": "strength",
            "share_value": "share of revenue",
            "share_draws": "same name in samples",
            "share_weights": "same name with other weights",
            "rival": "next name",
            "near": "near a threshold",
        }
        return self.segments[list(names)].rename(columns=names).reset_index()

    def rests_on(self) -> pd.DataFrame:
        """Print every threshold met or missed."""
        names = {"share_met": "met in samples", "decisive": "decides the name"}
        return self.conditions.rename(columns=names)

    def rules(self) -> pd.DataFrame:
        """Print the rule: the four strategies and their conditions, each case once."""
        names = {"chinese": "in Chinese", "share_of_revenue": "share of revenue"}
        return pd.DataFrame(STRATEGY_RULES).rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Count the segments by strategy."""
        found = self.segments["strategy"].value_counts()
        return {f"n_{name}": int(found.get(name, 0)) for name in (*STRATEGIES, UNDECIDED)}


@passes_absence
def name_strategies(portfolio: Portfolio) -> Strategies:
    """Name the strategy of each segment by :data:`STRATEGY_RULES`, or call it undecided.

    A segment is undecided where the rule gives the same name in less than ``AGREEMENT`` of
    the bootstrap samples of customers, or where a score lies within ``NEAR`` of a threshold
    whose other side would change the name. An equal share is one part in as many as there
    are segments.

    References
    ----------
    Kotler, P., & Keller, K. L. (2016). Marketing Management (15th ed.). Pearson.
    Ansoff, H. I. (1957). Strategies for diversification. Harvard Business Review, 35(5),
    113-124.
    """
    positions = portfolio.positions
    thresholds = np.array([HIGH, HIGH, 1 / len(positions)])
    observed = positions[list(CONDITIONS)].to_numpy(dtype=float)
    met = reach(observed, thresholds)
    names = apply_rule(met)
    drawn = apply_rule(reach(portfolio.draws, thresholds))
    weighted = apply_rule(reach(portfolio.weighted, thresholds))
    shares = _count_names(drawn, positions.index)
    decisive = np.stack([apply_rule(_flip(met, one)) != names for one in range(3)], axis=-1)
    distance = observed - thresholds
    near = (np.abs(distance) < NEAR) & decisive
    agreed = (drawn == names).mean(axis=0)
    settled = (agreed >= AGREEMENT) & ~near.any(axis=1)
    segments = positions[list(CONDITIONS)].assign(
        strategy=np.where(settled, names, UNDECIDED),
        by_rule=names,
        share_draws=agreed,
        share_weights=(weighted == names).mean(axis=0),
        rival=[
            _second(shares.loc[one], name) for one, name in zip(shares.index, names, strict=True)
        ],
        near=[", ".join(_words(np.array(CONDITIONS)[row])) for row in near],
    )
    conditions = _list_conditions(
        observed, thresholds, decisive, reach(portfolio.draws, thresholds), positions.index
    )
    return Strategies(segments, conditions, shares, portfolio.benchmarked)


def reach(
    points: npt.NDArray[np.float64], thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Say which conditions are met; a hair below a threshold is rounding."""
    return np.asarray(points >= thresholds - 1e-9)


def apply_rule(met: npt.NDArray[np.bool_]) -> npt.NDArray[np.str_]:
    """Name strategies from conditions met, of shape (..., 3): attractive, strong, large.

    Every combination has exactly one name.
    """
    attractive, strong, large = met[..., 0], met[..., 1], met[..., 2]
    return np.select(
        [strong & ~large, attractive & strong, attractive],
        ["nicher", "leader", "follower"],
        "diversification",
    )


def _flip(met: npt.NDArray[np.bool_], condition: int) -> npt.NDArray[np.bool_]:
    other = met.copy()
    other[..., condition] = ~other[..., condition]
    return other


def _count_names(drawn: npt.NDArray[np.str_], segments: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({name: (drawn == name).mean(axis=0) for name in STRATEGIES}, index=segments)


def _second(shares: pd.Series, name: str) -> str:
    rest = shares.drop(name)
    return str(rest.idxmax()) if rest.max() > 0 else ""


def _words(names: npt.NDArray[np.str_]) -> list[str]:
    return [str(name).replace("share_value", "share of revenue") for name in names]


def _list_conditions(
    observed: npt.NDArray[np.float64],
    thresholds: npt.NDArray[np.float64],
    decisive: npt.NDArray[np.bool_],
    drawn: npt.NDArray[np.bool_],
    segments: pd.Index,
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "segment": segment,
                "condition": _words(np.array([condition]))[0],
                "value": observed[row, column],
                "threshold": thresholds[column],
                "met": "yes" if observed[row, column] >= thresholds[column] - 1e-9 else "no",
                "distance": observed[row, column] - thresholds[column],
                "decisive": "yes" if decisive[row, column] else "no",
                "share_met": float(drawn[:, row, column].mean()),
            }
            for row, segment in enumerate(segments)
            for column, condition in enumerate(CONDITIONS)
        ]
    )
