"""Placebos: the same estimate where the measure can have changed nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.effects.contrasts import Contrasts, Floats, compare_contrasts, contrast_after
from crmstudy.case.effects.evidence import ASSOCIATION
from crmstudy.case.effects.within import PanelDesign, arrange_panel
from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.statistics.multiplicity import adjust_p_values

ALPHA = 0.05
DATE, OUTCOME, ACTUAL = "date", "outcome", "campaign"


@dataclass(frozen=True)
class Placebos:
    """Effects estimated where there can be none, beside the one in question.

    Parameters
    ----------
    rows : DataFrame
        ``kind`` ("campaign", "date" or "outcome"), ``name``, ``estimate``, ``standard_error``,
        ``lower``, ``upper``, ``p_value``, ``p_holm`` (over all placebos; missing for the
        campaign).
    outcome : str
        What was measured.
    without : tuple of str
        Placebo outcomes that nobody ever bought, or only in one window.
    level : float
        Of the intervals.
    n_units : int
        Units.
    """

    rows: pd.DataFrame
    outcome: str
    without: tuple[str, ...]
    level: float
    n_units: int

    @property
    def placebos(self) -> pd.DataFrame:
        """The rows without the campaign itself."""
        return self.rows[self.rows["kind"] != ACTUAL]

    @property
    def found(self) -> pd.DataFrame:
        """Placebos with an effect, after Holm's correction."""
        return self.placebos[self.placebos["p_holm"] < ALPHA]

    @property
    def n_larger(self) -> int:
        """Placebo dates whose t is at least as large as the campaign's, signs aside."""
        t = (self.rows["estimate"] / self.rows["standard_error"]).abs()
        actual = float(t[self.rows["kind"] == ACTUAL].iloc[0])
        return int((t[self.rows["kind"] == DATE] >= actual).sum())

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether no placebo shows an effect."""
        smallest = float(self.placebos["p_holm"].min())
        return (
            Check(
                name="placebos are null (smallest p-value, Holm)",
                passed=smallest >= ALPHA,
                statistic=smallest,
                threshold=f">= {ALPHA}",
                source="placebo dates and outcomes; a pass is no proof",
                consequence=ASSOCIATION,
            ),
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row an estimate, the campaign first."""
        level = f"{100 * self.level:g}%"
        names = {
            "name": "estimated for",
            "standard_error": "standard error",
            "lower": f"lower {level}",
            "upper": f"upper {level}",
            "p_value": "p value",
            "p_holm": "p value (Holm)",
        }
        kinds = {ACTUAL: "the campaign", DATE: "placebo date", OUTCOME: "placebo outcome"}
        return self.rows.assign(kind=self.rows["kind"].map(kinds)).rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give how many placebos there are, and how many show an effect."""
        kinds = self.placebos["kind"]
        return {
            "placebo_dates": int((kinds == DATE).sum()),
            "placebo_outcomes": int((kinds == OUTCOME).sum()),
            "placebos_found": len(self.found),
            "placebo_smallest_p_holm": float(self.placebos["p_holm"].min()),
            "placebo_dates_larger": self.n_larger,
        }


def run_placebos(
    panel: pd.DataFrame,
    *,
    outcome: str = "revenue",
    unit: str = "customer_id",
    period: str = "period",
    treated: str = "treated",
    post: str = "post",
    weights: pd.Series | None = None,
    outcomes: Mapping[str, pd.DataFrame] | NotAvailable | None = None,
    level: float = 0.95,
) -> Placebos:
    """Estimate effects on dates and of outcomes that the measure cannot have moved.

    *Dates*: every window before the start but the first is taken for the campaign and
    compared with the windows before it; later windows are not used, so that the true start
    cannot leak in. *Outcomes*: the same estimate of what the measure did not promote.
    One that shows an effect speaks against reading the estimate in question as one: the groups
    differ in something else. All p-values are Holm's over all placebos.

    Parameters
    ----------
    panel, outcome, unit, period, treated, post, weights
        As in :func:`~crmstudy.case.effects.did.estimate_did`.
    outcomes : mapping of str to DataFrame, optional
        By name: panels of the same units and windows, as from
        :func:`~crmstudy.case.effects.unmoved.build_unmoved`. One that never changes is left
        out and named.
    level : float
        Of the intervals.

    Raises
    ------
    SettingsError
        If ``level`` is not between 0 and 1.
    DataError
        As in :func:`~crmstudy.case.effects.did.estimate_did`.
    ModelError
        Also if there is neither a second window before the start nor a placebo outcome.
    """
    # Not @passes_absence: without placebo outcomes there still are dates.
    if isinstance(panel, NotAvailable):
        return panel
    if not 0 < level < 1:
        raise SettingsError(f"level = {level}: must be between 0 and 1")
    columns = {"unit": unit, "period": period, "treated": treated, "post": post}
    design = arrange_panel(panel, outcome=outcome, weights=weights, **columns)
    rows = [_estimate(design, contrast_after(design.post)[None], ACTUAL, [ACTUAL], level)]
    rows.append(_shift(design, level))
    given = {} if outcomes is None or isinstance(outcomes, NotAvailable) else outcomes
    without = []
    for name, other in given.items():
        try:
            found = arrange_panel(other, outcome=outcome, weights=weights, **columns)
        except ModelError:
            without.append(name)
            continue
        rows.append(_estimate(found, contrast_after(found.post)[None], OUTCOME, [name], level))
    frame = pd.concat([row for row in rows if len(row)], ignore_index=True)
    if len(frame) == 1:
        raise ModelError("a placebo needs two windows before the start, or an outcome not promoted")
    placebo = frame["kind"] != ACTUAL
    frame["p_holm"] = adjust_p_values(frame["p_value"].where(placebo))["p_holm"]
    return Placebos(frame, outcome, tuple(without), level, len(design.treated))


def _shift(design: PanelDesign, level: float) -> pd.DataFrame:
    """Take each window before the start, but the first, for the campaign."""
    n_periods, n_before = len(design.post), int((~design.post).sum())
    contrasts = np.zeros((max(n_before - 1, 0), n_periods))
    for row in range(n_before - 1):
        contrasts[row, : row + 1] = -1 / (row + 1)
        contrasts[row, row + 1] = 1
    names = [f"window {place}" for place in design.periods[1:n_before]]
    return _estimate(design, contrasts, DATE, names, level)


def _estimate(
    design: PanelDesign, contrasts: Floats, kind: str, names: list[str], level: float
) -> pd.DataFrame:
    found: Contrasts = compare_contrasts(design, contrasts, n_regressors=1)
    frame = found.frame(level)
    frame.insert(0, "kind", kind)
    frame.insert(1, "name", names)
    return frame
