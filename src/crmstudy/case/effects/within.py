"""Panel regressions with unit and period effects, and errors clustered by unit."""

from __future__ import annotations

from dataclasses import dataclass
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
    n_left_out : int
        Units that were not observed in every period.
    """

    outcome: np.ndarray
    treated: np.ndarray
    post: np.ndarray
    periods: pd.Index
    n_left_out: int

    def before(self) -> PanelDesign:
        """Keep the periods before treatment."""
        pre = ~self.post
        return PanelDesign(
            self.outcome[:, pre], self.treated, self.post[pre], self.periods[pre], self.n_left_out
        )


def arrange_panel(
    panel: pd.DataFrame, *, outcome: str, unit: str, period: str, treated: str, post: str
) -> PanelDesign:
    """Check a long panel and arrange it as arrays.

    Raises
    ------
    DataError
        If a column is absent, a unit stands twice in a period, ``treated`` varies within a
        unit or ``post`` within a period, or one of the two is not true/false.
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
    complete = ~np.isnan(wide).any(axis=1)
    design = PanelDesign(
        outcome=wide[complete],
        treated=is_treated.to_numpy()[complete],
        post=is_post.to_numpy(),
        periods=is_post.index,
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
    to Student's t and F with G - 1 degrees of freedom.

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
    from statsmodels.regression.linear_model import OLS

    n_units, n_periods = design.outcome.shape
    dummies = [
        np.broadcast_to(row, design.outcome.shape).astype("float64")
        for row in np.eye(n_periods)[1:]
    ]
    columns = [(x - x.mean(axis=1, keepdims=True)).ravel() for x in [*regressors, *dummies]]
    outcome = (design.outcome - design.outcome.mean(axis=1, keepdims=True)).ravel()
    clusters = np.repeat(np.arange(n_units), n_periods)
    return OLS(outcome, np.column_stack(columns)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True
    )


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
