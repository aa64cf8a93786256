"""Are customers given back better by an autoencoder than by principal components?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import passes_absence
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.networks.autoencoder import MOST_EPOCHS, Floats, train_autoencoder
from crmstudy.segmentation.networks.som import principal_axes
from crmstudy.statistics.draws import draw_seeds, sort_points

Z = 1.959963984540054  # of a 95% interval


@dataclass(frozen=True)
class ReconstructionResult:
    """How well customers are given back through a bottleneck.

    Parameters
    ----------
    errors : DataFrame indexed by n_codes
        Mean squared error per dimension on held-out customers: ``mean`` (of the others,
        code 0), ``components`` (as many principal components), ``network``, its
        ``network_best`` and ``network_worst`` seed; ``difference`` (network less
        components, negative is better) with its 95% interval ``lower``, ``upper``.
    checks : tuple of Check
        Whether all networks were stopped by held-out customers.
    n_customers, n_dimensions, n_folds, n_starts : int
        Customers, dimensions, folds of the cross-validation, networks of each fold.
    name : str
        The block of criteria.
    """

    errors: pd.DataFrame
    checks: tuple[Check, ...]
    n_customers: int
    n_dimensions: int
    n_folds: int
    n_starts: int
    name: str

    def table(self) -> pd.DataFrame:
        """Arrange the errors, one row a width of the bottleneck."""
        return self.errors.reset_index().rename(
            columns={
                "n_codes": "codes",
                "mean": "error of the mean",
                "components": "error of components",
                "network": "error of the network",
                "network_best": "best seed",
                "network_worst": "worst seed",
                "difference": "network less components",
                "lower": "95% lower",
                "upper": "95% upper",
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Give the errors by width of the bottleneck."""
        metrics: dict[str, float] = {"n_customers": self.n_customers}
        for n_codes, row in self.errors.iterrows():
            for quantity in ("components", "network", "difference"):
                metrics[f"{quantity}_{n_codes}"] = float(row[quantity])
        return metrics


@passes_absence
def compare_reconstruction(
    space: Space,
    *,
    seed: int,
    widths: Sequence[int] = (2, 3),
    n_folds: int = 3,
    n_starts: int = 2,
) -> ReconstructionResult:
    """Compare autoencoders with principal components on customers that neither saw.

    The customers are split into folds. Each is given back by networks and by components
    that were fitted to the other folds; the error is the squared difference, averaged over
    the dimensions. As many linear components as codes are the honest baseline: a linear
    autoencoder can do no better (Baldi & Hornik, 1989).

    Parameters
    ----------
    space : Space
        Customers and their coordinates.
    seed : int
        Seed of folds and networks.
    widths : sequence of int
        Widths of the bottleneck; those not below the number of dimensions are left out, and
        where none is, one less than the dimensions is taken.
    n_folds, n_starts : int
        Folds of the cross-validation; networks of each fold, from different seeds, whose
        errors are averaged.

    Raises
    ------
    ModelError
        If fewer than 60 customers are left to train on, all are alike, or the block has one
        dimension.

    References
    ----------
    Baldi, P., & Hornik, K. (1989). Neural networks and principal component analysis:
    Learning from examples without local minima. Neural Networks, 2, 53-58.
    """
    from crmstudy.statistics.threads import hold_one_thread

    points = space.points[sort_points(space.points)]
    usable = [width for width in widths if width < points.shape[1]] or [points.shape[1] - 1]
    fold = np.random.default_rng(draw_seeds(seed, stage=31, n=1)[0]).permutation(len(points))
    rows, stopped = [], []
    with hold_one_thread():
        for width in usable:
            row, ends = _cross_validate(points, fold % n_folds, width, seed, n_starts)
            rows.append(row)
            stopped += ends
    return ReconstructionResult(
        errors=pd.DataFrame(rows, index=pd.Index(usable, name="n_codes")),
        checks=(_check_stopped(stopped),),
        n_customers=len(points),
        n_dimensions=points.shape[1],
        n_folds=n_folds,
        n_starts=n_starts,
        name=space.name,
    )


def _cross_validate(
    points: Floats, fold: npt.NDArray[np.intp], width: int, seed: int, n_starts: int
) -> tuple[dict[str, float], list[bool]]:
    n, n_folds = len(points), int(fold.max()) + 1
    mean, linear, network = np.zeros(n), np.zeros(n), np.zeros((n_starts, n))
    seeds = iter(draw_seeds(seed, stage=32 + width, n=n_folds * n_starts))
    stopped = []
    for held in range(n_folds):
        known, new = points[fold != held], points[fold == held]
        mean[fold == held] = _error(new, known.mean(axis=0))
        linear[fold == held] = _error(new, _project(known, new, width))
        for start in range(n_starts):
            trained = train_autoencoder(known, n_codes=width, seed=next(seeds))
            network[start, fold == held] = _error(new, trained.reconstruct(new))
            stopped.append(trained.stopped)
    gain = network.mean(axis=0) - linear
    reach = Z * gain.std(ddof=1) / np.sqrt(n)
    row = {
        "mean": mean.mean(),
        "components": linear.mean(),
        "network": network.mean(),
        "network_best": network.mean(axis=1).min(),
        "network_worst": network.mean(axis=1).max(),
        "difference": gain.mean(),
        "lower": gain.mean() - reach,
        "upper": gain.mean() + reach,
    }
    return {name: float(value) for name, value in row.items()}, stopped


def _error(points: Floats, given_back: Floats) -> Floats:
    return ((points - given_back) ** 2).mean(axis=1)


def _project(known: Floats, new: Floats, n_components: int) -> Floats:
    centre = known.mean(axis=0)
    _, axes = principal_axes(known)
    shown = axes[:, :n_components]
    return centre + (new - centre) @ shown @ shown.T


def _check_stopped(stopped: Sequence[bool]) -> Check:
    share = float(np.mean(stopped))
    return Check(
        name="autoencoder: held-out customers ended the training (share of networks)",
        passed=all(stopped),
        statistic=share,
        threshold="= 1",
        source=f"at most {MOST_EPOCHS} epochs",
        consequence="a network could still improve: its error is an upper limit",
    )
