"""Second opinions on the error of an effect: permuted labels and a wild cluster bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.effects.contrasts import Floats, compare_contrasts, contrast_after
from crmstudy.case.effects.within import PanelDesign, arrange_panel
from crmstudy.errors import ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.statistics.draws import draw_seeds, sort_points

STAGE = 401
BLOCK = 250


@dataclass(frozen=True)
class Resampled:
    """p-values of one effect by three engines.

    Parameters
    ----------
    clustered : float
        From the cluster sandwich and Student's t.
    permutation : float or NotAvailable
        From labels dealt anew among the units; not with weights, which belong to the
        labels.
    bootstrap : float
        From the wild cluster bootstrap with the null imposed.
    statistic : float
        The t that all three refer.
    n_draws, n_units : int
        Draws; units.
    """

    clustered: float
    permutation: float | NotAvailable
    bootstrap: float
    statistic: float
    n_draws: int
    n_units: int

    def table(self) -> pd.DataFrame:
        """Arrange one row an engine."""
        rows = {
            "clustered by customer, Student's t": (self.clustered, "0 mean effect"),
            "permuted labels": (self.permutation, "0 effect on every customer, labels by lot"),
            "wild cluster bootstrap": (self.bootstrap, "0 mean effect"),
        }
        return pd.DataFrame(
            [
                {"engine": name, "null": null, "t": self.statistic, "p value": p}
                for name, (p, null) in rows.items()
                if not isinstance(p, NotAvailable)
            ]
        )

    def to_metrics(self) -> dict[str, float]:
        """Give the p-values."""
        metrics = {"clustered_p_value": self.clustered, "bootstrap_p_value": self.bootstrap}
        if not isinstance(self.permutation, NotAvailable):
            metrics["permutation_p_value"] = self.permutation
        return metrics


@passes_absence
def resample_effect(
    panel: pd.DataFrame,
    *,
    outcome: str = "revenue",
    unit: str = "customer_id",
    period: str = "period",
    treated: str = "treated",
    post: str = "post",
    weights: pd.Series | None = None,
    n_draws: int = 2000,
    seed: int,
) -> Resampled:
    """Test an effect by permutation and by a wild cluster bootstrap.

    *Permutation* deals the labels "treated" anew among the units and counts how often the
    t of the difference is as far from 0 as the one found. It is exact where labels were
    dealt by lot, and because it permutes t, right in large samples also where the groups
    vary unequally (Chung & Romano 2013). *Bootstrap*: each unit's deviations under the null
    keep or turn their sign by a coin (Cameron, Gelbach & Miller 2008). Both p-values are
    ``(1 + count) / (1 + draws)``.

    Parameters
    ----------
    panel, outcome, unit, period, treated, post, weights
        As in :func:`~crmstudy.case.effects.did.estimate_did`.
    n_draws : int
        At least 99.
    seed : int
        The study's seed.

    Raises
    ------
    SettingsError
        If there are fewer than 99 draws.
    DataError, ModelError
        As in :func:`~crmstudy.case.effects.did.estimate_did`; also if no unit's change differs
        from another's.

    References
    ----------
    Cameron, A. C., Gelbach, J. B., & Miller, D. L. (2008). Bootstrap-based improvements for
    inference with clustered errors. Review of Economics and Statistics, 90, 414-427.
    Chung, E., & Romano, J. P. (2013). Exact and asymptotically robust permutation tests.
    Annals of Statistics, 41, 484-507.
    """
    if n_draws < 99:
        raise SettingsError(f"n_draws = {n_draws}: must be at least 99")
    design = _sort(
        arrange_panel(
            panel,
            outcome=outcome,
            unit=unit,
            period=period,
            treated=treated,
            post=post,
            weights=weights,
        )
    )
    change = design.outcome @ contrast_after(design.post)
    if not np.ptp(change):
        raise ModelError("the outcome changes alike in all units: there is nothing to resample")
    found = compare_contrasts(design, contrast_after(design.post)[None])
    weighted = bool(np.ptp(design.weights) > 0)
    seeds = draw_seeds(seed, stage=STAGE, n=2)
    reason = NotAvailable("labels dealt anew would need weights of their own")
    actual = _studentise(design)
    return Resampled(
        clustered=float(found.p_values[0]),
        permutation=reason if weighted else _permute(design, change, actual, n_draws, seeds[0]),
        bootstrap=_turn_signs(design, change, actual, n_draws, seeds[1]),
        statistic=float(found.estimates[0] / found.errors[0]),
        n_draws=n_draws,
        n_units=len(change),
    )


def _sort(design: PanelDesign) -> PanelDesign:
    """Order units by what they did, so that names do not matter."""
    order = sort_points(np.column_stack([design.treated, design.weights, design.outcome]))
    return design.keep(order)


def _studentise(design: PanelDesign) -> float:
    """Size of t without the small-sample factor, which is the same in every draw."""
    found = compare_contrasts(design, contrast_after(design.post)[None])
    n_units, n_periods = design.outcome.shape
    n_rows = n_units * n_periods
    factor = n_units / (n_units - 1) * (n_rows - 1) / (n_rows - n_periods)
    return abs(float(found.estimates[0] / found.errors[0])) * factor**0.5


def _permute(design: PanelDesign, change: Floats, actual: float, n_draws: int, seed: int) -> float:
    """Deal labels: only sums over the dealt units are needed, since all weigh alike."""
    draw, n, n_one = np.random.default_rng(seed), len(change), int(design.treated.sum())
    centred = change - change.mean()
    sums = np.column_stack([centred, centred**2])
    total, beyond = sums.sum(0), 0
    for done in range(0, n_draws, BLOCK):
        size = min(BLOCK, n_draws - done)
        dealt = np.argpartition(draw.random((size, n), dtype=np.float32), n_one - 1, axis=1)
        one = sums[dealt[:, :n_one]].sum(1)
        mean, spread = _welch(one, n_one)
        base, noise = _welch(total - one, n - n_one)
        beyond += _count(mean - base, spread + noise, actual)
    return (1 + beyond) / (1 + n_draws)


def _welch(sums: Floats, n: int) -> tuple[Floats, Floats]:
    mean = sums[:, 0] / n
    return mean, np.clip(sums[:, 1] / n - mean**2, 0, None) / n


def _count(shift: Floats, spread: Floats, actual: float) -> int:
    # As far as the one found, but for rounding: the draw that deals it again counts.
    return int((np.abs(shift) >= actual * np.sqrt(spread) * (1 - 1e-9)).sum())


def _turn_signs(
    design: PanelDesign, change: Floats, actual: float, n_draws: int, seed: int
) -> float:
    """Turn the signs of deviations from the mean that both groups share under the null."""
    draw = np.random.default_rng(seed)
    groups = [design.treated, ~design.treated]
    shares = [np.where(g, design.weights, 0.0) / design.weights[g].sum() for g in groups]
    deviation = change - design.weights @ change / design.weights.sum()
    linear = np.column_stack([s * deviation for s in shares] + [s**2 * deviation for s in shares])
    squares = [float((s**2) @ deviation**2) for s in shares]
    sizes = [float(s @ s) for s in shares]
    beyond = 0
    for done in range(0, n_draws, BLOCK):
        size = min(BLOCK, n_draws - done)
        signs = 2.0 * draw.integers(0, 2, (size, len(change)), dtype=np.int8) - 1.0
        one, other, cross, across = (signs @ linear).T
        spread = squares[0] - 2 * one * cross + one**2 * sizes[0]
        noise = squares[1] - 2 * other * across + other**2 * sizes[1]
        beyond += _count(one - other, np.clip(spread + noise, 0, None), actual)
    return (1 + beyond) / (1 + n_draws)
