"""Experts' weights and the data's weights side by side, and made one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.evaluation.require import require_choice, require_same, require_weights
from crmstudy.evaluation.tabulate import name_metrics, rank_weights
from crmstudy.evaluation.weighting.decisions import Floats

if TYPE_CHECKING:
    from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws
    from crmstudy.evaluation.weighting.objective import ObjectiveWeights

Rule = Literal["additive", "multiplicative", "game-theoretic"]
Combination = Literal["experts", "additive", "multiplicative", "game-theoretic"]
RULES: tuple[Rule, ...] = ("additive", "multiplicative", "game-theoretic")

EXPERTS, DATA = "experts", "data"
#: Neither side is trusted more.
EQUAL_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Shares:
    """How much each side counts in the game-theoretic combination.

    Parameters
    ----------
    solution : tuple of float
        Coefficients of the experts' and the data's weights that solve the linear system.
    used : tuple of float
        Their absolute values, brought to a sum of 1.
    """

    solution: tuple[float, float]
    used: tuple[float, float]

    @property
    def negative(self) -> bool:
        """Whether a coefficient was negative, so that its absolute value stands for it."""
        return min(self.solution) < 0


@dataclass(frozen=True, eq=False)
class CombinedWeights:
    """Weights of one comparison from experts, from data, and combined, side by side.

    Parameters
    ----------
    side_by_side : DataFrame
        By criterion: ``experts``, each method of the data, ``data`` (their mean), and the
        combinations; each column sums to 1.
    combination : {"experts", "additive", "multiplicative", "game-theoretic"}
        Which column counts.
    experts_share : float
        Share of the experts in the additive combination.
    shares : Shares or NotAvailable
        Of the game-theoretic combination.
    unavailable : mapping of str to str
        Columns that could not be had, and why. Where the one that was chosen is among them,
        the experts' weights stand in for it, and the data's where nobody judged.
    """

    side_by_side: pd.DataFrame
    combination: Combination
    experts_share: float
    shares: Shares | NotAvailable
    unavailable: Mapping[str, str]

    @property
    def used(self) -> str:
        """The column that counts: the combination, or ``experts`` where it cannot be had."""
        wanted = (self.combination, EXPERTS, DATA)
        return next(name for name in wanted if name in self.side_by_side)

    @property
    def weights(self) -> pd.Series:
        """The weights that count."""
        return self.side_by_side[self.used].rename("weight")

    def combine_draws(self, draws: Floats) -> Floats:
        """Combine each of many sets of experts' weights with the data's in the same way.

        Parameters
        ----------
        draws : ndarray of shape (n_draws, n_criteria)
            Columns in the order of ``weights``; rows sum to 1.
        """
        if self.used == EXPERTS:
            return draws
        data = self.side_by_side[DATA].to_numpy()
        return _combine(draws, data, self.used, self.experts_share)

    @passes_absence
    def draw(self, draws: WeightDraws) -> pd.DataFrame:
        """Combine every draw of the experts' weights; one row a draw, a column a criterion.

        Draws of indicators that are not weighed here are left out.
        """
        drawn = pd.DataFrame(draws.overall, columns=list(draws.indicator_names))
        kept = drawn[list(self.weights.index)]
        shares = kept.div(kept.sum(axis=1), axis=0)
        return pd.DataFrame(self.combine_draws(shares.to_numpy()), columns=kept.columns)

    def table(self) -> pd.DataFrame:
        """One row an indicator: all weights, and the rank under the one that counts."""
        ranked = self.side_by_side.assign(rank=rank_weights(self.weights))
        return ranked.rename_axis("indicator").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Weights that count, how far experts and data are apart, and the sides' shares."""
        metrics: dict[str, float] = name_metrics("weight", self.weights)
        if {EXPERTS, DATA} <= set(self.side_by_side):
            apart = (self.side_by_side[EXPERTS] - self.side_by_side[DATA]).abs().sum() / 2
            metrics["experts_to_data"] = float(apart)
        if isinstance(self.shares, Shares):
            metrics["game_share_of_experts"] = self.shares.used[0]
        return metrics


@passes_absence
def compare_weights(
    experts: pd.Series,
    objective: Mapping[str, ObjectiveWeights | NotAvailable],
    *,
    combination: Combination = "additive",
    experts_share: float = EQUAL_SHARE,
) -> CombinedWeights:
    """Set experts' and data's weights beside each other and combine them in every way.

    The data's side has one voice: the mean of its methods.

    Parameters
    ----------
    experts : Series
        Weights by criterion, of the indicators that the units have; they sum to 1.
    objective : mapping of str to ObjectiveWeights or NotAvailable
        As :func:`weigh_objectively` gives them; criteria beyond the experts' are left out
        and the rest brought back to a sum of 1.
    combination : {"experts", "additive", "multiplicative", "game-theoretic"}
        Which weights count.
    experts_share : float
        Share of the experts in the additive combination, 0 to 1.

    Raises
    ------
    DataError
        If the experts' weights do not sum to 1, or name a criterion that the data lack.
    SettingsError
        If the combination is unknown or the share is not between 0 and 1.
    """
    require_choice(combination, Combination, "combination")
    _require_share(experts_share)
    require_weights(experts, of="the experts")
    columns: dict[str, pd.Series] = {EXPERTS: experts.astype(float)}
    unavailable = {}
    for name, found in objective.items():
        try:
            columns[name] = _match(found, experts)
        except ModelError as error:
            unavailable[name] = str(error)
    if len(columns) > 1:
        columns[DATA] = pd.DataFrame(columns).drop(columns=EXPERTS).mean(axis=1)
    shares = _add_combinations(columns, unavailable, experts_share)
    return CombinedWeights(pd.DataFrame(columns), combination, experts_share, shares, unavailable)


def weigh_units(
    objective: Mapping[str, ObjectiveWeights | NotAvailable],
    *,
    experts: pd.Series | NotAvailable,
    combination: Combination = "additive",
) -> CombinedWeights:
    """Weigh the indicators of a comparison by experts and data, or by the data where none judged.

    Parameters
    ----------
    objective, experts, combination
        As for :func:`compare_weights`; the experts' weights may be absent.

    Raises
    ------
    ModelError
        If neither experts nor data give weights.
    """
    if not isinstance(experts, NotAvailable):
        return compare_weights(experts, objective, combination=combination)
    known = {name: w.weights for name, w in objective.items() if not isinstance(w, NotAvailable)}
    reasons = {name: w.reason for name, w in objective.items() if isinstance(w, NotAvailable)}
    if not known:
        why = "; ".join(dict.fromkeys([experts.reason, *reasons.values()]))
        raise ModelError(f"neither experts nor data give weights: {why}")
    columns = pd.DataFrame(known).fillna(0.0)
    return CombinedWeights(
        columns.assign(**{DATA: columns.mean(axis=1)}),
        combination,
        EQUAL_SHARE,
        experts,
        {**reasons, **dict.fromkeys((EXPERTS, *RULES), experts.reason)},
    )


@passes_absence
def combine_weights(
    subjective: pd.Series,
    objective: pd.Series,
    *,
    rule: Rule = "multiplicative",
    subjective_share: float = EQUAL_SHARE,
) -> pd.Series:
    """Combine judged with objective weights.

    Parameters
    ----------
    subjective, objective : Series
        Over the same names; each sums to 1.
    rule : {"multiplicative", "additive", "game-theoretic"}
        In proportion to the product, which asks for both; the weighted mean; or the mean
        whose shares bring it nearest to both (see :func:`share_by_game`).
    subjective_share : float
        Share of the judged weights in the additive mean; of no effect on the others.

    Raises
    ------
    DataError
        If names differ or weights do not sum to 1.
    SettingsError
        If the share is not between 0 and 1.
    ModelError
        If no criterion has weight in both, for the product.
    """
    require_choice(rule, Rule, "rule")
    _require_share(subjective_share)
    require_weights(subjective, of="the judgements")
    require_weights(objective, of="the data")
    require_same(list(subjective.index), list(objective.index), "judged weights", "data's weights")
    data = objective[subjective.index].to_numpy(dtype=float)
    judged = subjective.to_numpy(dtype=float)
    found = _combine(judged[None], data, rule, subjective_share)[0]
    return pd.Series(found, index=subjective.index, name="weight")


def share_by_game(experts: Floats, data: Floats) -> Shares:
    """Shares of two sets of weights in the combination that is nearest to both.

    Each side wants the combination ``a1 w1 + a2 w2`` as near to its own weights as
    possible; the conditions of both form the linear system
    ``a1 (wi . w1) + a2 (wi . w2) = wi . wi``. A coefficient comes out negative where
    ``w1 . w2`` exceeds the smaller of ``w1 . w1`` and ``w2 . w2``: where both point alike and
    one is flatter. Absolute values are brought to a sum of 1, as is common; the combination
    then lies between both sets, but is no longer the solution. Equal weights share evenly.

    Parameters
    ----------
    experts, data : ndarray of shape (n_criteria,)
        Weights; each sums to 1.

    References
    ----------
    Lai, C., Chen, X., Chen, X., Wang, Z., Wu, X., & Zhao, S. (2015). A fuzzy comprehensive
    evaluation model for flood risk based on the combination weight of game theory. Natural
    Hazards, 77(2), 1243-1259.
    """
    solution = _solve_game(experts[None], data)[0]
    used = np.abs(solution) / np.abs(solution).sum()
    return Shares((float(solution[0]), float(solution[1])), (float(used[0]), float(used[1])))


def _solve_game(experts: Floats, data: Floats) -> Floats:
    """Solve the system for every row of the experts' weights; shape (n_draws, 2)."""
    first, second = (experts**2).sum(axis=1), float(data @ data)
    cross = experts @ data
    gram = np.stack(
        [np.stack([first, cross], axis=1), np.stack([cross, np.full_like(cross, second)], axis=1)],
        axis=1,
    )
    wanted = np.stack([first, np.full_like(first, second)], axis=1)
    # The pseudo-inverse gives the smallest solution, an even one, where both are alike.
    return np.einsum("dij,dj->di", np.linalg.pinv(gram, rcond=1e-10, hermitian=True), wanted)


def _combine(experts: Floats, data: Floats, rule: str, share: float) -> Floats:
    """Combine rows of experts' weights with the data's."""
    if rule == "multiplicative":
        product = experts * data
        total = product.sum(axis=1, keepdims=True)
        if (total <= 0).any():
            raise ModelError("no criterion has weight both in the judgements and in the data")
        return np.asarray(product / total)
    if rule == "additive":
        return share * experts + (1 - share) * data
    solution = np.abs(_solve_game(experts, data))
    used = solution / solution.sum(axis=1, keepdims=True)
    return np.asarray(used[:, :1] * experts + used[:, 1:] * data)


def _add_combinations(
    columns: dict[str, pd.Series], unavailable: dict[str, str], share: float
) -> Shares | NotAvailable:
    if DATA not in columns:
        reason = next(iter(unavailable.values()), "no weights from the data")
        unavailable |= dict.fromkeys(RULES, reason)
        return NotAvailable(reason)
    experts, data = columns[EXPERTS], columns[DATA]
    for rule in RULES:
        try:
            columns[rule] = combine_weights(experts, data, rule=rule, subjective_share=share)
        except ModelError as error:
            unavailable[rule] = str(error)
    return share_by_game(experts.to_numpy(), data.to_numpy())


def _match(found: ObjectiveWeights | NotAvailable, experts: pd.Series) -> pd.Series:
    """Restrict the data's weights to the criteria that the experts weighed."""
    if isinstance(found, NotAvailable):
        raise ModelError(found.reason)
    lacking = [str(name) for name in experts.index if name not in found.weights.index]
    if lacking:
        raise DataError(f"experts weigh {lacking[0]!r}, which the decision matrix does not have")
    kept = found.weights[experts.index]
    if kept.sum() <= 0:
        raise ModelError("the units do not differ in what the experts weigh")
    return kept / kept.sum()


def _require_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise SettingsError(f"share of judged weights is {share}; allowed: 0 to 1")
