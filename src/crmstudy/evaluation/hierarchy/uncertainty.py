"""How firm the weights are: other experts could have been asked, and asked another day.

Each draw resamples the experts behind the weights and perturbs what each judged, then
derives all weights of the hierarchy anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmstudy.errors import SettingsError, passes_absence
from crmstudy.evaluation.groups.batches import to_one, weigh_batch
from crmstudy.evaluation.groups.panel import HierarchyResult
from crmstudy.evaluation.hierarchy.resampling import (
    count_resamples,
    draw_resamples,
)
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, RebuiltHierarchy
from crmstudy.statistics.draws import draw_seeds

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightDraws:
    """Weights of a hierarchy as they could have come out, one row a draw.

    Parameters
    ----------
    weights : HierarchyWeights
        The weights themselves; they give the order of the columns.
    criteria : ndarray of shape (n_draws, n_criteria)
        Weights of the criteria; each row sums to 1.
    local : mapping of str to ndarray of shape (n_draws, n_indicators of the criterion)
        Weights under each criterion; each row sums to 1.
    n_experts : int
        Experts behind the weights.
    n_resamples : int
        Panels that differ among those that can be drawn; 1 if experts are not resampled.
    enumerated : bool
        Whether each of these was drawn as often as it is probable, instead of at random.
    noise : float
        Standard deviation of the perturbation of a judgement's logarithm.
    """

    weights: HierarchyWeights
    criteria: Floats
    local: Mapping[str, Floats]
    n_experts: int
    n_resamples: int
    enumerated: bool
    noise: float

    @property
    def n_draws(self) -> int:
        """How many draws there are."""
        return len(self.criteria)

    @property
    def varies(self) -> bool:
        """Whether anything differs between draws."""
        return self.n_resamples > 1 or self.noise > 0

    @property
    def criterion_names(self) -> tuple[str, ...]:
        """Names of the columns of ``criteria``."""
        return tuple(map(str, self.weights.criteria.index))

    @property
    def indicator_names(self) -> tuple[str, ...]:
        """Names of the columns of ``overall``: criterion by criterion."""
        return tuple(
            str(name)
            for criterion in self.criterion_names
            for name in self.weights.local[criterion].index
        )

    @property
    def overall(self) -> Floats:
        """Weights of the indicators in the goal, shape (n_draws, n_indicators)."""
        parts = [
            self.criteria[:, [column]] * self.local[criterion]
            for column, criterion in enumerate(self.criterion_names)
        ]
        return np.hstack(parts)

    @passes_absence
    def reweigh(self, rebuilt: RebuiltHierarchy) -> WeightDraws:
        """Restrict every draw to what remains, each level brought back to a sum of 1."""
        columns = [self.criterion_names.index(criterion) for criterion in rebuilt.hierarchy]
        local = {}
        for criterion, names in rebuilt.hierarchy.items():
            known = list(self.weights.local[criterion].index)
            places = [known.index(name) for name in names]
            local[criterion] = to_one(self.local[criterion][:, places])
        return WeightDraws(
            weights=rebuilt.reweigh(self.weights),
            criteria=to_one(self.criteria[:, columns]),
            local=local,
            n_experts=self.n_experts,
            n_resamples=self.n_resamples,
            enumerated=self.enumerated,
            noise=self.noise,
        )


@passes_absence
def draw_weights(
    panel: HierarchyResult,
    *,
    n_draws: int,
    seed: int,
    noise: float = 0.2,
    resample: bool = True,
) -> WeightDraws:
    """Draw all weights of a hierarchy as they could have come out.

    Experts are drawn whole, with all their matrices, among those behind the weights; how
    much each counts goes with them. A judgement is perturbed by a normal error of its
    logarithm, anew for every place in the panel: an expert drawn twice stands for two people
    of one opinion, who err each for himself. It is not put back on Saaty's scale: the
    error stands for what the grain of the scale hides, and from 1 to 2 that grain is
    coarser than most errors, so that rounding would remove them. With one expert only the
    judgements vary; without noise only the experts do.

    Parameters
    ----------
    panel : HierarchyResult
        Result of ``prioritise_hierarchy``; experts whom its rule left out stay out.
    n_draws : int
        How many draws.
    seed : int
        The study's seed.
    noise : float
        Standard deviation of the logarithm of a judgement; 0.2 is a factor of 1.22.
    resample : bool
        Whether experts are resampled.

    Raises
    ------
    SettingsError
        If there is no draw, or the noise is negative.
    """
    if n_draws < 1 or not noise >= 0 or not np.isfinite(noise):
        raise SettingsError(
            f"n_draws {n_draws} and noise {noise:g}; allowed: 1 draw or more, noise 0 or more"
        )
    experts = sorted(panel.used)
    first, *others = draw_seeds(seed, stage=330, n=1 + len(panel.panels))
    counts = np.ones((n_draws, len(experts)), dtype=np.intp)
    if resample:
        rng = np.random.default_rng(first)
        counts = draw_resamples(len(experts), n_draws=n_draws, rng=rng)
    shares = to_one(counts * panel.shares[experts].to_numpy(dtype=float))
    drawn = weigh_batch(panel, shares, counts=counts, noise=noise, seeds=others)
    alone = np.ones((n_draws, 1))
    n_resamples = count_resamples(len(experts)) if resample else 1
    return WeightDraws(
        weights=panel.weights,
        criteria=drawn.get(panel.goal, alone),
        local={criterion: drawn.get(criterion, alone) for criterion in panel.hierarchy},
        n_experts=len(experts),
        n_resamples=n_resamples,
        enumerated=n_resamples <= n_draws,
        noise=float(noise),
    )
