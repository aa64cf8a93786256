"""A measure that reached everybody at once: interrupted time series.

References
----------
Wagner, A. K., Soumerai, S. B., Zhang, F., & Ross-Degnan, D. (2002). Segmented regression
analysis of interrupted time series studies in medication use research. J. Clinical Pharmacy
and Therapeutics, 27(4), 299-309.
Bernal, J. L., Cummins, S., & Gasparrini, A. (2017). Interrupted time series regression for
the evaluation of public health interventions: a tutorial. International J. of Epidemiology,
46(1), 348-355.
Newey, W. K., & West, K. D. (1987). A simple, positive semi-definite, heteroskedasticity and
autocorrelation consistent covariance matrix. Econometrica, 55(3), 703-708.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.series.windows import When, read_day
from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import DataError, ModelError, NotAvailable, attempt, passes_absence

Floats = npt.NDArray[np.float64]
FEWEST = 8  # windows on each side (Penfold & Zhang 2013)
ALPHA = 0.05
WITHIN = 0.5  # of the windows after: beyond, the comparison is with what was never seen
YEAR_DAYS = 365.25
HORIZONS = (1, 3, 6)  # windows after the change at which the effect is told
ASSOCIATION = "describe a change over time, claim no effect"


@dataclass(frozen=True)
class SeriesResult:
    """Level and slope of a series before and after a change.

    Parameters
    ----------
    outcome : str
        What is measured per window.
    changed_on : Timestamp
        First day after the change.
    coefficients : DataFrame
        Indexed by term (``level before``, ``slope before``, ``change of level``,
        ``change of slope``, season): ``estimate``, ``standard_error`` (Newey-West),
        ``lower``, ``upper``, ``p_value``. Slopes per window.
    path : DataFrame
        Indexed by window: ``observed``, ``fitted``, ``without`` (what the trend before
        continues to), ``lower``, ``upper`` (interval of that continuation).
    effects : DataFrame
        ``windows after``, ``effect``, ``lower``, ``upper``: at some distances from the
        change, and the sum over all windows after it (``windows after`` "all, summed").
    together : Hypothesis
        Neither level nor slope changed.
    serial : DataFrame
        The same changes with first-order autoregressive errors (Prais-Winsten):
        ``estimate``, ``standard_error``, indexed by term.
    rho, durbin_watson : float
        First-order autocorrelation of the errors; Durbin and Watson's statistic.
    leftover : Hypothesis
        Nothing is autocorrelated in what the autoregressive errors leave.
    placebo : Hypothesis or NotAvailable
        Neither level nor slope changed in the middle of the time before.
    placebos : DataFrame or NotAvailable
        Every date before that leaves six windows on both sides: ``date``, ``change of
        level``.
    bend : Hypothesis
        The trend before is straight.
    lags : int
        Windows over which the errors may hang together.
    n_before, n_after : int
        Windows.
    n_missing : int
        Windows without a value, left out.
    seasonal : bool
        Whether a yearly wave was part of the model: only where the data span two years.
    checks : tuple of Check
        What reading the change as an effect rests on.
    confidence : float
    """

    outcome: str
    changed_on: pd.Timestamp
    coefficients: pd.DataFrame
    path: pd.DataFrame
    effects: pd.DataFrame
    together: Hypothesis
    serial: pd.DataFrame
    rho: float
    durbin_watson: float
    leftover: Hypothesis
    placebo: Hypothesis | NotAvailable
    placebos: pd.DataFrame | NotAvailable
    bend: Hypothesis
    lags: int
    n_before: int
    n_after: int
    n_missing: int
    seasonal: bool
    checks: tuple[Check, ...]
    confidence: float

    @property
    def n(self) -> int:
        """Windows used."""
        return self.n_before + self.n_after

    @property
    def claim_allowed(self) -> bool:
        """Whether every check passed; nothing else may have happened at that time."""
        return all(check.passed for check in self.checks)

    def table(self) -> pd.DataFrame:
        """Arrange one row a term, Newey-West beside the autoregressive errors."""
        frame = self.coefficients.rename(columns={"p_value": "p-value"})
        frame = frame.rename(columns=lambda name: name.replace("_", " "))
        frame = frame.join(
            self.serial.rename(
                columns={
                    "estimate": "estimate, AR(1)",
                    "standard_error": "standard error, AR(1)",
                }
            )
        )
        return frame.rename_axis("term").reset_index()

    @property
    def placebo_share(self) -> float | NotAvailable:
        """Share of the placebo dates whose change of level is at least as large."""
        if isinstance(self.placebos, NotAvailable):
            return self.placebos
        actual = abs(float(self.coefficients["estimate"]["change of level"]))
        return float((self.placebos["change of level"].abs() >= actual).mean())

    def to_metrics(self) -> dict[str, float]:
        """Give both changes, their tests, and whether they may be read as an effect."""
        columns = self.coefficients.T
        names = {"level_change": "change of level", "slope_change": "change of slope"}
        metrics: dict[str, float] = {}
        for key, term in names.items():
            row = columns[term].to_dict()
            metrics[key] = float(row["estimate"])
            metrics[f"{key}_lower"] = float(row["lower"])
            metrics[f"{key}_upper"] = float(row["upper"])
            metrics[f"{key}_p_value"] = float(row["p_value"])
        return metrics | {
            "together_p_value": self.together.p_value,
            "level_change_autoregressive": float(self.serial["estimate"]["change of level"]),
            "rho": self.rho,
            "durbin_watson": self.durbin_watson,
            "n_before": self.n_before,
            "n_after": self.n_after,
            "claim_allowed": int(self.claim_allowed),
        }


@passes_absence
def fit_interruption(
    series: pd.DataFrame,
    *,
    outcome: str,
    changed_on: When,
    lags: int | None = None,
    confidence: float = 0.95,
) -> SeriesResult:
    """Fit a straight trend with a change of level and of slope (segmented regression).

    ``y_t = a + b t + c after_t + d after_t (t - t0) + wave + error``, by least squares with
    Newey-West errors, which allow for spread that changes and for errors that hang
    together over ``lags`` windows; ``n / (n - k)`` corrects them for few windows. ``c`` is
    the effect in the first window after, ``c + (h - 1) d`` in the h-th.

    Parameters
    ----------
    series : DataFrame
        Indexed by first day of equal windows, as from
        :func:`~crmstudy.case.series.windows.sum_purchases`. Windows without a value are
        left out and counted.
    outcome : str
        Its column.
    changed_on : date
        First day after the change.
    lags : int, optional
        Windows over which errors hang together; ``floor(4 (n / 100)^(2/9))`` unless given
        (Newey & West, 1994).

    Raises
    ------
    DataError
        If the column is absent or a window stands twice.
    ModelError
        If fewer than three windows lie on a side, or the series never changes.
    """
    if outcome not in series:
        raise ModelError(f"there is no series of {outcome.replace('_', ' ')}")
    if not series.index.is_unique:
        raise DataError("a window stands twice in the series; sum up each window once")
    all_values = series[outcome].sort_index().astype(float)
    values, day = all_values.dropna(), read_day(changed_on)
    after = np.asarray(values.index >= day)
    n_before, n_after = int((~after).sum()), int(after.sum())
    if min(n_before, n_after) < 3 or np.ptp(values.to_numpy()) == 0:
        raise ModelError(
            f"{n_before} windows before and {n_after} after the change hold a value of "
            f"{outcome.replace('_', ' ')}; three each, not all alike, are needed"
        )
    time = _count_windows(pd.DatetimeIndex(values.index), day)
    seasonal = _spans_two_years(values)
    n_terms = 4 + 2 * seasonal
    if len(values) <= n_terms + 2:
        raise ModelError(f"{len(values)} windows are too few for {n_terms} terms")
    lags = int(4 * (len(values) / 100) ** (2 / 9)) if lags is None else lags
    design = _design(time, after, pd.DatetimeIndex(values.index), seasonal)
    numbers: Floats = np.array(values, dtype=np.float64)
    fit = _fit(numbers, design, lags)
    if fit.mse_resid < 1e-20 * (1 + float(np.abs(values).max()) ** 2):
        raise ModelError("the series lies on straight lines: there is no error to judge by")
    serial, rho, leftover = _fit_serial(numbers, design)
    dates = pd.DatetimeIndex(values.index[~after])
    placebo = attempt(_try_middle, numbers[~after], time[~after], dates, lags)
    bend = _try_bend(numbers[~after], time[~after], lags)
    path = _trace(fit, design, values, after, confidence)
    return SeriesResult(
        outcome=outcome,
        changed_on=day,
        coefficients=_tabulate(fit, list(design), confidence),
        path=path,
        effects=_list_effects(fit, time, after, confidence),
        together=_together(fit),
        serial=serial,
        rho=rho,
        durbin_watson=_durbin_watson(fit.resid),
        leftover=leftover,
        placebo=placebo,
        placebos=attempt(_try_dates, numbers[~after], time[~after], dates, lags),
        bend=bend,
        lags=lags,
        n_before=n_before,
        n_after=n_after,
        n_missing=len(all_values) - len(values),
        seasonal=seasonal,
        checks=_check(
            min(n_before, n_after), bend, placebo, leftover, _share_within(path, n_before)
        ),
        confidence=confidence,
    )


def _count_windows(index: pd.DatetimeIndex, day: pd.Timestamp) -> Floats:
    """Number the windows, the first after the change being 0."""
    gaps = np.diff(index.to_numpy()).astype("timedelta64[D]").astype(float)
    # Calendar months are of unequal length; a gap of two is a window without a value.
    steps = np.round(gaps / np.median(gaps))
    numbers = np.concatenate([[0.0], np.cumsum(np.maximum(steps, 1.0))])
    return np.asarray(numbers - numbers[int((index < day).sum())])


def _spans_two_years(values: pd.Series) -> bool:
    index = pd.DatetimeIndex(values.index)
    step = np.diff(index.to_numpy()).astype("timedelta64[D]").astype(float).min()
    return bool((index[-1] - index[0]).days + step >= 2 * YEAR_DAYS - step / 2 and step < 92)


def _design(
    time: Floats, after: npt.NDArray[np.bool_], index: pd.DatetimeIndex, seasonal: bool
) -> dict[str, Floats]:
    terms = {
        "level before": np.ones(time.size),
        "slope before": time,
        "change of level": after.astype(float),
        "change of slope": np.where(after, time, 0.0),
    }
    if seasonal:
        angle = 2 * np.pi * index.day_of_year.to_numpy(dtype=float) / YEAR_DAYS
        terms |= {"season, sine": np.sin(angle), "season, cosine": np.cos(angle)}
    return terms


def _fit(values: Floats, design: dict[str, Floats], lags: int) -> Any:
    import statsmodels.api as sm

    matrix = np.column_stack(list(design.values()))
    options = {"maxlags": lags, "use_correction": True}
    return sm.OLS(values, matrix).fit(cov_type="HAC", cov_kwds=options, use_t=True)


def _tabulate(fit: Any, terms: list[str], confidence: float) -> pd.DataFrame:
    bounds = fit.conf_int(alpha=1 - confidence)
    return pd.DataFrame(
        {
            "estimate": fit.params,
            "standard_error": fit.bse,
            "lower": bounds[:, 0],
            "upper": bounds[:, 1],
            "p_value": fit.pvalues,
        },
        index=pd.Index(terms, name="term"),
    )


def _trace(
    fit: Any,
    design: dict[str, Floats],
    values: pd.Series,
    after: npt.NDArray[np.bool_],
    confidence: float,
) -> pd.DataFrame:
    """Continue the trend before over the time after, with its interval."""
    from scipy.special import stdtrit

    rows = np.column_stack(list(design.values()))
    without = rows.copy()
    without[:, 2:4] = 0.0
    mean = without @ fit.params
    error = np.sqrt(np.einsum("ij,jk,ik->i", without, fit.cov_params(), without))
    reach = float(stdtrit(fit.df_resid, 0.5 + confidence / 2)) * error
    return pd.DataFrame(
        {
            "observed": values.to_numpy(),
            "fitted": fit.fittedvalues,
            "without": mean,
            "lower": mean - reach,
            "upper": mean + reach,
            "after": after,
        },
        index=values.index,
    )


def _list_effects(
    fit: Any, time: Floats, after: npt.NDArray[np.bool_], confidence: float
) -> pd.DataFrame:
    reached = int(time.max()) + 1
    contrasts = {str(h): (1.0, h - 1.0) for h in HORIZONS if h <= reached}
    contrasts[str(reached)] = (1.0, reached - 1.0)
    contrasts["all, summed"] = (float(after.sum()), float(time[after].sum()))
    rows = []
    for name, (level, slope) in contrasts.items():
        contrast = np.zeros(len(fit.params))
        contrast[2:4] = level, slope
        test = fit.t_test(contrast)
        lower, upper = test.conf_int(alpha=1 - confidence)[0]
        rows.append(
            {
                "windows after": name,
                "effect": float(test.effect[0]),
                "lower": float(lower),
                "upper": float(upper),
                "p-value": float(test.pvalue),
            }
        )
    return pd.DataFrame(rows)


def _together(fit: Any) -> Hypothesis:
    contrast = np.zeros((2, len(fit.params)))
    contrast[0, 2] = contrast[1, 3] = 1.0
    test = fit.f_test(contrast)
    return Hypothesis(
        null="neither level nor slope changed",
        statistic=float(np.squeeze(test.fvalue)),
        p_value=float(test.pvalue),
        distribution=f"F(2, {int(fit.df_resid)})",
    )


def _durbin_watson(errors: Floats) -> float:
    return float((np.diff(errors) ** 2).sum() / (errors**2).sum())


def _fit_serial(
    values: Floats, design: dict[str, Floats]
) -> tuple[pd.DataFrame, float, Hypothesis]:
    """Fit again with first-order autoregressive errors by Prais and Winsten's method.

    It keeps the first window, which counts where windows are few; the Newey-West fit
    needs no model of the errors and is the one that decides.
    """
    import statsmodels.api as sm
    from statsmodels.stats.diagnostic import acorr_ljungbox

    matrix = np.column_stack(list(design.values()))
    rho = 0.0
    for _ in range(100):
        beta = np.linalg.lstsq(_filter(matrix, rho), _filter(values, rho), rcond=None)[0]
        errors = values - matrix @ beta
        new = float(errors[1:] @ errors[:-1] / (errors[:-1] @ errors[:-1]))
        new = float(np.clip(new, -0.99, 0.99))
        if abs(new - rho) < 1e-10:
            break
        rho = new
    fit = sm.OLS(_filter(values, rho), _filter(matrix, rho)).fit()
    n_lags = max(2, min(10, len(values) // 5))
    # A spread that changes with the measure would look like autocorrelation.
    sides = (matrix[:, 2] == 0, matrix[:, 2] == 1)
    spread = np.select(sides, [max(float(fit.resid[side].std()), 1e-300) for side in sides])
    test = acorr_ljungbox(fit.resid / spread, lags=[n_lags], model_df=1)
    leftover = Hypothesis(
        null="nothing is autocorrelated in what the autoregressive errors leave",
        statistic=float(test["lb_stat"].iloc[0]),
        p_value=float(test["lb_pvalue"].iloc[0]),
        distribution=f"chi2({n_lags - 1})",
    )
    frame = pd.DataFrame(
        {"estimate": fit.params, "standard_error": fit.bse}, index=pd.Index(design, name="term")
    )
    return frame, rho, leftover


def _filter(values: Floats, rho: float) -> Floats:
    first = np.sqrt(1 - rho**2) * values[:1]
    return np.concatenate([first, values[1:] - rho * values[:-1]])


def _try_middle(values: Floats, time: Floats, index: pd.DatetimeIndex, lags: int) -> Hypothesis:
    """Pretend that the change came in the middle of the time before."""
    half = len(values) // 2
    if half < 4:
        raise ModelError(f"{len(values)} windows before are too few for a placebo date")
    return _together(_fit_at(values, time, index, half, lags))


def _fit_at(values: Floats, time: Floats, index: pd.DatetimeIndex, at: int, lags: int) -> Any:
    after = np.arange(len(values)) >= at
    design = _design(time - time[at], after, index, seasonal=False)
    return _fit(values, design, min(lags, len(values) // 4))


def _try_dates(values: Floats, time: Floats, index: pd.DatetimeIndex, lags: int) -> pd.DataFrame:
    """Pretend that the change came on other dates before, with six windows on each side."""
    places = range(6, len(values) - 5)
    if not places:
        raise ModelError(f"{len(values)} windows before are too few for placebo dates")
    fits = {index[at]: _fit_at(values, time, index, at, lags) for at in places}
    levels = [float(fit.params[2]) for fit in fits.values()]
    return pd.DataFrame({"date": list(fits), "change of level": levels})


def _try_bend(values: Floats, time: Floats, lags: int) -> Hypothesis:
    import statsmodels.api as sm

    if len(values) < 5 or np.ptp(values) == 0:
        return Hypothesis("the trend before is straight", 0.0, 1.0, "too few windows for a test")
    centred = time - time.mean()
    matrix = np.column_stack([np.ones(time.size), centred, centred**2])
    options = {"maxlags": min(lags, len(values) // 4), "use_correction": True}
    fit = sm.OLS(values, matrix).fit(cov_type="HAC", cov_kwds=options, use_t=True)
    return Hypothesis(
        null="the trend before is straight",
        statistic=float(fit.tvalues[2]),
        p_value=float(fit.pvalues[2]),
        distribution=f"t({int(fit.df_resid)})",
    )


def _share_within(path: pd.DataFrame, n_before: int) -> float:
    """Share of the windows after in which the continued trend stays where it was seen before."""
    seen, later = path["observed"].iloc[:n_before], path["without"].iloc[n_before:]
    return float(later.between(seen.min(), seen.max()).mean())


def _check(
    n_smaller: int,
    bend: Hypothesis,
    placebo: Hypothesis | NotAvailable,
    leftover: Hypothesis,
    within: float,
) -> tuple[Check, ...]:
    checks = [
        Check(
            "windows on the shorter side of the change",
            n_smaller >= FEWEST,
            n_smaller,
            f">= {FEWEST}",
            "Penfold & Zhang (2013)",
            ASSOCIATION,
        ),
        Check(
            "the continued trend stays where the series was before (share of windows)",
            within >= WITHIN,
            within,
            f">= {WITHIN}",
            "no extreme counterfactual (King & Zeng 2006)",
            ASSOCIATION,
        ),
    ]
    tested = {
        "the trend before is straight (p-value)": (bend, "test of a square term"),
        "no change at a placebo date, the middle of the time before (p-value)": (
            placebo,
            "Bernal et al. (2017)",
        ),
        "errors are of first order at most (Ljung-Box, p-value)": (leftover, "Ljung & Box (1978)"),
    }
    for name, (test, source) in tested.items():
        if isinstance(test, NotAvailable):
            checks.append(Check(name, False, 0.0, f">= {ALPHA}", test.reason, ASSOCIATION))
        else:
            passed = test.p_value >= ALPHA
            rule = f">= {ALPHA}"
            checks.append(Check(name, passed, test.p_value, rule, source, ASSOCIATION))
    return tuple(checks)


@dataclass(frozen=True)
class Interruptions:
    """The same change in several series.

    Parameters
    ----------
    fits : dict of str to SeriesResult or NotAvailable
        By outcome.
    """

    fits: dict[str, SeriesResult | NotAvailable]

    def of(self, outcome: str) -> SeriesResult | NotAvailable:
        """Return the fit of one series, or why there is none."""
        there = NotAvailable(f"there is no series of {outcome.replace('_', ' ')}")
        return self.fits.get(outcome, there)

    def table(self) -> pd.DataFrame | NotAvailable:
        """Arrange one row a series: both changes with intervals, and whether the checks hold."""
        rows = [
            _summarise(name, fit)
            for name, fit in self.fits.items()
            if not isinstance(fit, NotAvailable)
        ]
        if not rows:
            reasons = [fit for fit in self.fits.values() if isinstance(fit, NotAvailable)]
            return reasons[0] if reasons else NotAvailable("no series is given")
        return pd.DataFrame(rows)


@passes_absence
def fit_interruptions(
    series: pd.DataFrame, *, changed_on: When, confidence: float = 0.95
) -> Interruptions:
    """Fit every series that a table holds, see :func:`fit_interruption`."""
    return Interruptions(
        {
            str(name): attempt(
                fit_interruption,
                series,
                outcome=str(name),
                changed_on=changed_on,
                confidence=confidence,
            )
            for name in series.columns
        }
    )


def _summarise(name: str, fit: SeriesResult) -> dict[str, object]:
    level = fit.coefficients.loc["change of level"]
    slope = fit.coefficients.loc["change of slope"]
    return {
        "series": name,
        "windows before": fit.n_before,
        "windows after": fit.n_after,
        "change of level": level["estimate"],
        "lower": level["lower"],
        "upper": level["upper"],
        "change of slope": slope["estimate"],
        "slope, lower": slope["lower"],
        "slope, upper": slope["upper"],
        "p-value of both": fit.together.p_value,
        "checks hold": "yes" if fit.claim_allowed else "no",
    }
