"""Event study: the difference between the groups in every window, before and after the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.effects.contrasts import Contrasts, Floats, compare_contrasts
from crmstudy.case.effects.within import PanelDesign, arrange_panel
from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.statistics.draws import draw_seeds

STAGE = 400
N_BAND_DRAWS = 20_000


@dataclass(frozen=True)
class EventStudy:
    """Differences of treated and control units, window by window.

    Parameters
    ----------
    outcome : str
        What was measured.
    windows : DataFrame
        Indexed by window in time order: ``estimate`` (treated less control, relative to the
        reference, where it is 0), ``standard_error``, ``lower``, ``upper`` (pointwise),
        ``band_lower``, ``band_upper`` (simultaneous), ``after``.
    covariance : array of shape (n_windows - 1, n_windows - 1)
        Of the estimates without the reference, clustered by unit.
    reference : object
        The last window before the start.
    before, after : Hypothesis or None
        All differences before (None with one window before) and all after are 0.
    critical : float
        Half width of the simultaneous band in standard errors (sup-t).
    pointwise : float
        The same of the pointwise intervals.
    level : float
        Of both.
    n_units, n_treated, n_left_out : int
        Units; those treated; those not observed in every window or without weight.
    """

    outcome: str
    windows: pd.DataFrame
    covariance: Floats
    reference: object
    before: Hypothesis | None
    after: Hypothesis
    critical: float
    pointwise: float
    level: float
    n_units: int
    n_treated: int
    n_left_out: int

    @property
    def n_before(self) -> int:
        """Windows before the start, the reference among them."""
        return int((~self.windows["after"]).sum())

    @property
    def leads(self) -> Floats:
        """Differences before the start, without the reference."""
        rows = self.windows[~self.windows["after"]].drop(index=self.reference)
        return rows["estimate"].to_numpy(dtype=float)

    @property
    def lags(self) -> Floats:
        """Differences from the start on."""
        return self.windows.loc[self.windows["after"], "estimate"].to_numpy(dtype=float)

    def table(self) -> pd.DataFrame:
        """Arrange one row a window."""
        level = f"{100 * self.level:g}%"
        place = np.where(self.windows["after"], "after", "before")
        place = np.where(self.windows.index == self.reference, "reference", place)
        names = {
            "standard_error": "standard error",
            "lower": f"lower {level}",
            "upper": f"upper {level}",
            "band_lower": f"band, lower {level}",
            "band_upper": f"band, upper {level}",
        }
        frame = self.windows.drop(columns="after").rename(columns=names)
        frame.insert(0, "place", place)
        return frame.rename_axis("window").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give both joint tests, the mean lag and the width of the band."""
        metrics = {
            "after_p_value": self.after.p_value,
            "mean_after": float(self.lags.mean()),
            "critical": self.critical,
            "n_units": self.n_units,
            "n_windows": len(self.windows),
        }
        return metrics | ({"before_p_value": self.before.p_value} if self.before else {})


@passes_absence
def estimate_event(
    panel: pd.DataFrame,
    *,
    outcome: str = "revenue",
    unit: str = "customer_id",
    period: str = "period",
    treated: str = "treated",
    post: str = "post",
    weights: pd.Series | None = None,
    level: float = 0.95,
    seed: int,
) -> EventStudy:
    """Estimate the difference between the groups in every window in one regression.

    ``outcome = unit effect + window effect + sum_k delta_k * treated * [window = k] + error``
    over all windows but the last before the start, to which all ``delta`` are relative.
    Errors are clustered by unit. Beside pointwise intervals stands a simultaneous band: with
    the stated probability it holds the whole path (sup-t, from the multivariate Student
    distribution of the estimates), so that a reader who looks for the one window that
    sticks out is not misled.

    Parameters
    ----------
    panel, outcome, unit, period, treated, post, weights
        As in :func:`~crmstudy.case.effects.did.estimate_did`.
    level : float
        Of the intervals and of the band.
    seed : int
        The study's seed; for the band.

    Raises
    ------
    SettingsError
        If ``level`` is not between 0 and 1.
    DataError, ModelError
        As in :func:`~crmstudy.case.effects.did.estimate_did`.

    References
    ----------
    Montiel Olea, J. L., & Plagborg-Møller, M. (2019). Simultaneous confidence bands: Theory,
    implementation, and an application to SVARs. J. of Applied Econometrics, 34, 1-17.
    """
    if not 0 < level < 1:
        raise SettingsError(f"level = {level}: must be between 0 and 1")
    design = arrange_panel(
        panel,
        outcome=outcome,
        unit=unit,
        period=period,
        treated=treated,
        post=post,
        weights=weights,
    )
    if design.post[: int(np.argmax(design.post))].any() or not design.post[-1]:
        raise ModelError("an event study needs all windows before the start to come first")
    n_periods, n_before = len(design.post), int((~design.post).sum())
    rows = np.delete(np.eye(n_periods), n_before - 1, axis=0)
    rows[:, n_before - 1] = -1
    found = compare_contrasts(design, rows)
    critical = _bound_path(found, level=level, seed=draw_seeds(seed, stage=STAGE, n=1)[0])
    return EventStudy(
        outcome=outcome,
        windows=_arrange_windows(found, design, critical=critical, level=level),
        covariance=found.covariance,
        reference=design.periods[n_before - 1],
        before=_test(found, slice(0, n_before - 1), "before") if n_before > 1 else None,
        after=_test(found, slice(n_before - 1, None), "after"),
        critical=critical,
        pointwise=found.reach(level),
        level=level,
        n_units=found.n_units,
        n_treated=int(design.treated.sum()),
        n_left_out=design.n_left_out,
    )


def _test(found: Contrasts, windows: slice, side: str) -> Hypothesis:
    f, p_value, rank = found.f_test(np.eye(len(found.estimates))[windows])
    return Hypothesis(
        null=f"the difference is that of the reference in all windows {side} the start",
        statistic=f,
        p_value=p_value,
        distribution=f"F({rank}, {found.n_units - 1})",
    )


def _bound_path(found: Contrasts, *, level: float, seed: int) -> float:
    """Quantile of the largest absolute t among all windows."""
    errors = np.where(found.errors > 0, found.errors, 1.0)
    values, axes = np.linalg.eigh(found.covariance / np.outer(errors, errors))
    draw = np.random.default_rng(seed)
    normal = draw.standard_normal((N_BAND_DRAWS, len(errors)))
    largest = np.abs(normal @ (axes * np.sqrt(np.clip(values, 0, None))).T).max(axis=1)
    freedom = found.n_units - 1
    largest /= np.sqrt(draw.chisquare(freedom, N_BAND_DRAWS) / freedom)
    return max(float(np.quantile(largest, level)), found.reach(level))


def _arrange_windows(
    found: Contrasts, design: PanelDesign, *, critical: float, level: float
) -> pd.DataFrame:
    n_before = int((~design.post).sum())
    estimate = np.insert(found.estimates, n_before - 1, 0.0)
    error = np.insert(found.errors, n_before - 1, 0.0)
    return pd.DataFrame(
        {
            "estimate": estimate,
            "standard_error": error,
            "lower": estimate - found.reach(level) * error,
            "upper": estimate + found.reach(level) * error,
            "band_lower": estimate - critical * error,
            "band_upper": estimate + critical * error,
            "after": design.post,
        },
        index=design.periods,
    )
