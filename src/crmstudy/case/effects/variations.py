"""The effect under other, equally defensible ways to estimate it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crmstudy.case.effects.contrasts import Floats, compare_contrasts, contrast_after
from crmstudy.case.effects.within import PanelDesign, arrange_panel
from crmstudy.errors import ModelError, NotAvailable, SettingsError

WINSOR = 0.99
MAIN = "as estimated"


@dataclass(frozen=True)
class Variations:
    """One row a way to estimate the same effect.

    Parameters
    ----------
    rows : DataFrame
        ``way``, ``estimate``, ``standard_error``, ``lower``, ``upper``, ``p_value``, ``n_units``.
    outcome : str
        What was measured.
    level : float
        Of the intervals.
    """

    rows: pd.DataFrame
    outcome: str
    level: float

    @property
    def others(self) -> pd.DataFrame:
        """All rows but the main one."""
        return self.rows[self.rows["way"] != MAIN]

    def table(self) -> pd.DataFrame:
        """Arrange one row a way."""
        level = f"{100 * self.level:g}%"
        names = {
            "standard_error": "standard error",
            "lower": f"lower {level}",
            "upper": f"upper {level}",
            "p_value": "p value",
            "n_units": "customers",
        }
        return self.rows.rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give the smallest and the largest estimate."""
        return {
            "variations": len(self.others),
            "variations_smallest": float(self.rows["estimate"].min()),
            "variations_largest": float(self.rows["estimate"].max()),
        }


def vary_effect(
    panel: pd.DataFrame,
    *,
    outcome: str = "revenue",
    weights: pd.Series | None = None,
    touched: Iterable[str] | NotAvailable = (),
    level: float = 0.95,
) -> Variations:
    """Estimate the effect again in ways that one assumption less touches.

    * *Without the last window before*: customers who knew of the measure may have waited for
      it or bought ahead (anticipation).
    * *Without the windows after the first*: an effect that fades is diluted by later ones.
    * *Without customers whom other campaigns addressed meanwhile*: in both groups.
    * *Only customers who bought before*: in the windows before the start.
    * *Largest amounts cut*: amounts a window above the 99% quantile of those before the
      start are set to it, so that no few customers make the difference.

    A way that does not apply, or leaves a group too small, has no row.

    Parameters
    ----------
    panel, outcome, weights
        As in :func:`~crmstudy.case.effects.did.estimate_did`.
    touched : iterable of str
        Customers whom other campaigns addressed during this one.
    level : float
        Of the intervals.

    Raises
    ------
    SettingsError
        If ``level`` is not between 0 and 1.
    DataError, ModelError
        As in :func:`~crmstudy.case.effects.did.estimate_did`.
    """
    if isinstance(panel, NotAvailable):
        return panel
    if not 0 < level < 1:
        raise SettingsError(f"level = {level}: must be between 0 and 1")
    design = arrange_panel(panel, outcome=outcome, weights=weights)
    contrast = contrast_after(design.post)
    bought = design.outcome[:, ~design.post].sum(axis=1) > 0
    ways = [
        _estimate(MAIN, design, contrast, level),
        _estimate("without the last window before", design, _without_last(design.post), level),
        _estimate("without the windows after the first", design, _only_first(design.post), level),
        _without_touched(panel, touched, outcome=outcome, weights=weights, level=level),
        _estimate("only customers who bought before", _keep(design, bought), contrast, level),
        _estimate("largest amounts cut", _cut(design), contrast, level),
    ]
    rows = pd.concat([way for way in ways if way is not None], ignore_index=True)
    return Variations(rows, outcome, level)


def _estimate(
    way: str, design: PanelDesign | None, contrast: Floats | None, level: float
) -> pd.DataFrame | None:
    if design is None or contrast is None:
        return None
    frame = compare_contrasts(design, contrast[None]).frame(level)
    frame.insert(0, "way", way)
    return frame.assign(n_units=len(design.treated))


def _without_touched(
    panel: pd.DataFrame,
    touched: Iterable[str] | NotAvailable,
    *,
    outcome: str,
    weights: pd.Series | None,
    level: float,
) -> pd.DataFrame | None:
    ids = [] if isinstance(touched, NotAvailable) else sorted(touched)
    free = panel[~panel["customer_id"].isin(ids)]
    if len(free) == len(panel):
        return None
    try:
        design = arrange_panel(free, outcome=outcome, weights=weights)
    except ModelError:
        return None
    row = contrast_after(design.post)
    return _estimate("without customers of other campaigns", design, row, level)


def _keep(design: PanelDesign, units: np.ndarray) -> PanelDesign | None:
    """Keep some of the units, if that leaves out any and keeps two in each group."""
    kept = design.keep(units)
    enough = min(int(kept.treated.sum()), int((~kept.treated).sum())) >= 2
    return kept if enough and not units.all() else None


def _cut(design: PanelDesign) -> PanelDesign | None:
    limit = float(np.quantile(design.outcome[:, ~design.post], WINSOR))
    cut = np.minimum(design.outcome, limit)
    return replace(design, outcome=cut) if limit > 0 and np.ptp(cut, axis=1).any() else None


def _without_last(post: np.ndarray) -> Floats | None:
    """Weigh the last window before by 0."""
    n_before = int((~post).sum())
    if n_before < 2:
        return None
    row = np.where(post, 1 / post.sum(), -1 / (n_before - 1))
    row[n_before - 1] = 0
    return row


def _only_first(post: np.ndarray) -> Floats | None:
    n_before, n_after = int((~post).sum()), int(post.sum())
    if n_after < 2:
        return None
    row = np.where(post, 0.0, -1 / n_before)
    row[n_before] = 1
    return row
