"""Panel regressions with unit and period effects, and errors clustered by unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, nearest


@dataclass(frozen=True)
class PanelDesign:
    """A balanced panel as arrays.

    Parameters
    ----------
    outcome : array of shape (n_units, n_periods)
        Units sorted by name, periods in time order.
    treated : bool array of shape (n_units,)
        Who is treated.
    post : bool array of shape (n_periods,)
        Which periods lie after the start of treatment.
    periods : Index
        Names of the periods.
    weights : array of shape (n_units,)
        How much each unit counts; only their ratios matter.
    n_left_out : int
        Units that were not observed in every period, or weigh nothing.
    """

    outcome: np.ndarray
    treated: np.ndarray
    post: np.ndarray
    periods: pd.Index
    weights: np.ndarray
    n_left_out: int

    def before(self) -> PanelDesign:
        """Keep the periods before treatment."""
        pre = ~self.post
        return replace(
            self, outcome=self.outcome[:, pre], post=self.post[pre], periods=self.periods[pre]
        )

    def keep(self, units: np.ndarray) -> PanelDesign:
        """Keep the units flagged true."""
        return replace(
            self,
            outcome=self.outcome[units],
            treated=self.treated[units],
            weights=self.weights[units],
        )


def arrange_panel(
    panel: pd.DataFrame,
    *,
    outcome: str = "revenue",
    unit: str = "customer_id",
    period: str = "period",
    treated: str = "treated",
    post: str = "post",
    weights: pd.Series | None = None,
) -> PanelDesign:
    """Check a long panel and arrange it as arrays.

    Parameters
    ----------
    weights : Series, optional
        Indexed by unit: how much each counts. Units that weigh nothing or are not in
        it are left out and counted. Each unit is one customer whatever its weight.

    Raises
    ------
    DataError
        If a column is absent, a unit stands twice in a period, ``treated`` varies within a
        unit or ``post`` within a period, or one of the two is not true/false; if a weight is
        negative, missing or infinite, or a unit has two.
    ModelError
        If a group has fewer than two complete units, or one side of the start is empty.
    """
    for name in (outcome, unit, period, treated, post):
        if name not in panel.columns:
            hint = nearest(name, map(str, panel.columns))
            raise DataError(f"the panel has no column {name!r}{hint}")
    if panel.duplicated([unit, period]).any():
        raise DataError(f"a {unit} stands twice in one {period}")
    is_treated = _flag_of(panel, treated, unit)
    is_post = _flag_of(panel, post, period)
    cells = pd.MultiIndex.from_product([is_treated.index, is_post.index])
    values = panel.set_index([unit, period])[outcome].astype("float64").reindex(cells)
    wide = values.to_numpy().reshape(len(is_treated), len(is_post))
    weighed = _weigh(is_treated.index, weights)
    complete = ~np.isnan(wide).any(axis=1) & (weighed > 0)
    design = PanelDesign(
        outcome=wide[complete],
        treated=is_treated.to_numpy()[complete],
        post=is_post.to_numpy(),
        periods=is_post.index,
        weights=weighed[complete],
        n_left_out=int(np.count_nonzero(~complete)),
    )
    _refuse_degenerate(design)
    return design


def fit_within(design: PanelDesign, regressors: list[np.ndarray]) -> Any:
    """Regress the outcome on regressors, with an effect for each unit and each period.

    Unit effects leave by taking every variable from its unit's mean; period effects are
    dummy variables, the first left out. The variance is the cluster sandwich times
    ``G / (G - 1) * (N - 1) / (N - K)`` for G units, N observations and K regressors
    with the period dummies; unit effects are nested in the clusters and not counted
    (Cameron & Miller 2015, section III.B; plm calls this correction "sss"). Tests refer
    to Student's t and F with G - 1 degrees of freedom. Weights enter as in weighted least
    squares; they do not change G or N, and are taken as known.

    Parameters
    ----------
    design : PanelDesign
        The panel.
    regressors : list of arrays of shape (n_units, n_periods)
        The regressors of interest come first in the result.

    Returns
    -------
    statsmodels RegressionResults
    """
    from statsmodels.regression.linear_model import WLS

    n_units, n_periods = design.outcome.shape
    dummies = [
        np.broadcast_to(row, design.outcome.shape).astype("float64")
        for row in np.eye(n_periods)[1:]
    ]
    columns = [(x - x.mean(axis=1, keepdims=True)).ravel() for x in [*regressors, *dummies]]
    outcome = (design.outcome - design.outcome.mean(axis=1, keepdims=True)).ravel()
    clusters = np.repeat(np.arange(n_units), n_periods)
    weights = np.repeat(design.weights / design.weights.mean(), n_periods)
    return WLS(outcome, np.column_stack(columns), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True
    )


def _weigh(units: pd.Index, weights: pd.Series | None) -> np.ndarray:
    if weights is None:
        return np.ones(len(units))
    if weights.index.has_duplicates:
        raise DataError(f"{weights.index[weights.index.duplicated()][0]!r} has two weights")
    values = weights.to_numpy(dtype=float)
    if not np.isfinite(values).all() or (values < 0).any():
        raise DataError("a weight is negative, missing or infinite; a unit to leave out weighs 0")
    return weights.astype("float64").reindex(units).fillna(0.0).to_numpy()


def _flag_of(panel: pd.DataFrame, flag: str, owner: str) -> pd.Series:
    if not panel[flag].isin([0, 1]).all():
        raise DataError(f"{flag!r} must be true or false in every row")
    values = panel[flag].astype(bool).groupby(panel[owner])
    if (values.max() & ~values.min()).any():
        raise DataError(f"{flag!r} changes within a {owner}")
    return values.first()


def _refuse_degenerate(design: PanelDesign) -> None:
    n_treated = int(design.treated.sum())
    n_control = len(design.treated) - n_treated
    if min(n_treated, n_control) < 2:
        raise ModelError(
            f"a comparison needs two units on each side observed in every period; there are "
            f"{n_treated} treated and {n_control} control units"
        )
    if design.post.all() or not design.post.any():
        raise ModelError("a comparison needs periods before and after the start of treatment")
    if not np.ptp(design.outcome, axis=1).any():
        raise ModelError("the outcome does not change over time in any unit")
