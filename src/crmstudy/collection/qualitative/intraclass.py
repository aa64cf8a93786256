"""Do assessors give the same scores? Intraclass correlations from an analysis of variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crmstudy.collection.fieldwork.intervals import Interval, limits, require_confidence
from crmstudy.errors import ModelError, NotAvailable, passes_absence

#: What each form says: of one assessor or of their mean; do levels of assessors count?
FORMS = {
    "ICC(1)": "one assessor, assessors differ from target to target",
    "ICC(A,1)": "one assessor, absolute agreement",
    "ICC(C,1)": "one assessor, agreement up to a constant",
    "ICC(k)": "mean of the assessors, assessors differ from target to target",
    "ICC(A,k)": "mean of the assessors, absolute agreement",
    "ICC(C,k)": "mean of the assessors, agreement up to a constant",
}


@dataclass(frozen=True)
class Correlation:
    """One intraclass correlation.

    Parameters
    ----------
    value : float or NotAvailable
        Share of the variance of scores that lies between targets.
    interval : Interval or NotAvailable
        Limits from the F distribution.
    """

    value: float | NotAvailable
    interval: Interval | NotAvailable


@dataclass(frozen=True)
class Intraclass:
    """Intraclass correlations of assessors who scored the same targets.

    Parameters
    ----------
    forms : dict of str to Correlation
        By the names of McGraw & Wong (1996): ICC(1), ICC(A,1), ICC(C,1) of one assessor,
        ICC(k), ICC(A,k), ICC(C,k) of the mean of k.
    mean_squares : dict of str to float
        Between targets, within targets, between assessors, residual.
    n_targets, n_raters, n_left_out : int
        Targets that all assessors scored; assessors a target; targets left out.
    confidence : float
        Coverage of the intervals.
    """

    forms: dict[str, Correlation]
    mean_squares: dict[str, float]
    n_targets: int
    n_raters: int
    n_left_out: int
    confidence: float

    def table(self) -> pd.DataFrame:
        """Arrange one row a form: coefficient, meaning, value, interval, note."""
        rows = []
        for name, form in self.forms.items():
            lower, upper = limits(form.interval)
            missing = form.value if isinstance(form.value, NotAvailable) else form.interval
            rows.append(
                {
                    "coefficient": name,
                    "meaning": FORMS[name],
                    "value": np.nan if isinstance(form.value, NotAvailable) else form.value,
                    f"lower {self.confidence:.0%}": lower,
                    f"upper {self.confidence:.0%}": upper,
                    "note": missing.reason if isinstance(missing, NotAvailable) else "",
                }
            )
        return pd.DataFrame(rows)


@passes_absence
def correlate_raters(
    ratings: pd.DataFrame, *, same_raters: bool = True, confidence: float = 0.95
) -> Intraclass:
    """Estimate the intraclass correlations of a table of targets by assessors.

    Parameters
    ----------
    ratings : DataFrame of shape (n_targets, n_raters)
        Targets with an empty cell are left out and counted.
    same_raters : bool
        Whether a column is the same person throughout. If not, only ICC(1) and ICC(k)
        have a meaning; the others are not available.
    confidence : float
        Coverage of the intervals.

    Raises
    ------
    ModelError
        If there are fewer than two assessors, or fewer than two complete targets.

    References
    ----------
    McGraw, K. O., & Wong, S. P. (1996). Psychological Methods, 1, 30-46.
    Shrout, P. E., & Fleiss, J. L. (1979). Psychological Bulletin, 86, 420-428.
    """
    require_confidence(confidence)
    complete = ratings.dropna()
    n, k = complete.shape
    if k < 2 or n < 2:
        raise ModelError(
            "an intraclass correlation needs two assessors and two targets that both scored; "
            f"there are {k} and {n}"
        )
    squares = _mean_squares(complete.to_numpy("float64"))
    forms = _estimate(squares, n, k, confidence)
    if not same_raters:
        other = NotAvailable("the assessors differ between targets")
        for name in ("ICC(A,1)", "ICC(C,1)", "ICC(A,k)", "ICC(C,k)"):
            forms[name] = Correlation(other, other)
    return Intraclass(
        forms={name: forms[name] for name in FORMS},
        mean_squares=squares,
        n_targets=n,
        n_raters=k,
        n_left_out=len(ratings) - n,
        confidence=confidence,
    )


def _mean_squares(scores: np.ndarray) -> dict[str, float]:
    n, k = scores.shape
    targets, raters = scores.mean(axis=1), scores.mean(axis=0)
    residual = scores - targets[:, None] - raters[None, :] + scores.mean()
    return {
        "between targets": k * float(targets.var(ddof=1)),
        "within targets": float(((scores - targets[:, None]) ** 2).sum()) / (n * (k - 1)),
        "between assessors": n * float(raters.var(ddof=1)),
        "residual": float((residual**2).sum()) / ((n - 1) * (k - 1)),
    }


def _estimate(
    squares: dict[str, float], n: int, k: int, confidence: float
) -> dict[str, Correlation]:
    """Compute all six forms; formulas of McGraw & Wong (1996), tables 4 and 7."""
    rows, within, columns, error = squares.values()
    if rows < 1e-12 * (rows + within) or rows + within == 0:
        same = NotAvailable("all targets were scored alike, so that none can be told apart")
        return dict.fromkeys(FORMS, Correlation(same, same))
    one_way = _from_f(rows, within, n - 1, n * (k - 1), k, confidence)
    two_way = _from_f(rows, error, n - 1, (n - 1) * (k - 1), k, confidence)
    absolute = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    level = Correlation(absolute, _bound_absolute(absolute, squares, n, k, confidence))
    if absolute <= -1 / (k - 1):
        never = NotAvailable("targets vary less than chance would have it")
        level = Correlation(never, never)
    return {
        "ICC(1)": one_way,
        "ICC(k)": _step_up(one_way, k),
        "ICC(C,1)": two_way,
        "ICC(C,k)": _step_up(two_way, k),
        "ICC(A,1)": level,
        "ICC(A,k)": _step_up(level, k),
    }


def _from_f(
    rows: float, rest: float, df_rows: int, df_rest: int, k: int, confidence: float
) -> Correlation:
    value = (rows - rest) / (rows + (k - 1) * rest)
    if rest <= 1e-12 * rows:
        return Correlation(1.0, NotAvailable("the assessors never disagree"))
    ratio, half = rows / rest, (1 + confidence) / 2
    low = ratio / float(stats.f.ppf(half, df_rows, df_rest))
    high = ratio * float(stats.f.ppf(half, df_rest, df_rows))
    limits_ = [(f - 1) / (f + k - 1) for f in (low, high)]
    return Correlation(value, Interval(limits_[0], limits_[1], confidence, "F distribution"))


def _bound_absolute(
    value: float, squares: dict[str, float], n: int, k: int, confidence: float
) -> Interval | NotAvailable:
    """Bound absolute agreement; degrees of freedom by Satterthwaite (Shrout & Fleiss 1979)."""
    rows, _, columns, error = squares.values()
    if error <= 1e-12 * rows:
        return NotAvailable("the assessors differ by a constant or not at all")
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    df = (a * columns + b * error) ** 2 / (
        (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    half = (1 + confidence) / 2
    down, up = float(stats.f.ppf(half, n - 1, df)), float(stats.f.ppf(half, df, n - 1))
    rest = k * columns + (k * n - k - n) * error
    lower = n * (rows - down * error) / (down * rest + n * rows)
    upper = n * (up * rows - error) / (rest + n * up * rows)
    if not lower <= value <= upper:
        return NotAvailable("Satterthwaite's degrees of freedom break down below 0")
    return Interval(lower, upper, confidence, "F distribution, Satterthwaite")


def _step_up(single: Correlation, k: int) -> Correlation:
    """Turn a correlation of one assessor into that of the mean of k (Spearman-Brown)."""

    def step(value: float) -> float:
        return k * value / (1 + (k - 1) * value)

    if isinstance(single.value, NotAvailable):
        return single
    if isinstance(single.interval, NotAvailable):
        return Correlation(step(single.value), single.interval)
    old = single.interval
    if old.lower <= -1 / (k - 1):
        open_ended = NotAvailable("the mean of the assessors has no lower limit in so few targets")
        return Correlation(step(single.value), open_ended)
    new = Interval(step(old.lower), step(old.upper), old.confidence, old.method)
    return Correlation(step(single.value), new)
