"""Waiting times before and after a change: curves, quantiles, tests.

References
----------
Kaplan, E. L., & Meier, P. (1958). Nonparametric estimation from incomplete observations. J.
American Statistical Association, 53(282), 457-481.
Peto, R., & Peto, J. (1972). Asymptotically efficient rank invariant test procedures. J.
Royal Statistical Society A, 135(2), 185-207.
Royston, P., & Parmar, M. K. B. (2013). Restricted mean survival time: an alternative to the
hazard ratio. BMC Medical Research Methodology, 13, 152.
Lin, D. Y., & Wei, L. J. (1989). The robust inference for the Cox proportional hazards model.
J. American Statistical Association, 84(408), 1074-1078.
Field, C. A., & Welsh, A. H. (2007). Bootstrapping clustered data. J. Royal Statistical
Society B, 69(3), 369-390.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.series.interruption import SeriesResult
from crmstudy.case.service.waits import Waits
from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, NotAvailable, attempt
from crmstudy.statistics.draws import draw_seeds

Floats = npt.NDArray[np.float64]
QUANTILES = (0.25, 0.5, 0.75, 0.9)
MINIMUM_TICKETS = 30  # on the smaller side
#: What pandas says about calls inside lifelines 0.30.
HARMLESS = "Starting with pandas version 4.0 all arguments"
BATCH = 250  # bootstrap samples at once
ASSOCIATION = "describe a change over time, claim no effect"


@dataclass(frozen=True)
class WaitingResult:
    """Waiting times of two periods side by side.

    Parameters
    ----------
    measure : str
        What was waited for.
    curves : DataFrame
        ``period`` ("before", "after"), ``hours``, ``waiting`` (share still waiting).
    quantiles : DataFrame
        One row a measure of the wait: ``quantity``, ``before``, ``after`` with intervals, and
        ``ratio`` or ``difference`` of both with its interval.
    log_rank, early : Hypothesis
        Curves are alike: log-rank; Peto and Peto's Wilcoxon, which weighs early waits more.
    hazard_ratio, hazard_lower, hazard_upper : float
        Pace at which tickets are done, after over before; errors by customer.
    adjusted_ratio, adjusted_lower, adjusted_upper : float or NotAvailable
        The same among tickets of one channel and topic.
    horizon_hours : float
        Up to which mean waits are told.
    target_hours : float
        Median wait before the change, the target whose share is told.
    n_before, n_after, n_customers, n_open : int
    checks : tuple of Check
    confidence : float
    """

    measure: str
    curves: pd.DataFrame
    quantiles: pd.DataFrame
    log_rank: Hypothesis
    early: Hypothesis
    hazard_ratio: float
    hazard_lower: float
    hazard_upper: float
    adjusted_ratio: float | NotAvailable
    adjusted_lower: float | NotAvailable
    adjusted_upper: float | NotAvailable
    horizon_hours: float
    target_hours: float
    n_before: int
    n_after: int
    n_customers: int
    n_open: int
    checks: tuple[Check, ...]
    confidence: float

    @property
    def n(self) -> int:
        """Tickets."""
        return self.n_before + self.n_after

    @property
    def claim_allowed(self) -> bool:
        """Whether every check passed; without a control group nothing else may have changed."""
        return all(check.passed for check in self.checks)

    @property
    def median(self) -> dict[str, float]:
        """Median wait before and after, and their ratio with its interval."""
        chosen = self.quantiles["quantity"] == "50% done within, hours"
        names = ("before", "after", "after / before", "ratio, lower", "ratio, upper")
        return {name: float(self.quantiles.loc[chosen, name].iloc[0]) for name in names}

    def table(self) -> pd.DataFrame:
        """Arrange one row a quantity of the wait."""
        return self.quantiles.copy()

    def tests(self) -> pd.DataFrame:
        """Arrange the tests of equal waits and the pace at which tickets are done."""
        rows: list[dict[str, object]] = [
            {
                "quantity": f"{name}, chi2",
                "estimate": test.statistic,
                "lower": np.nan,
                "upper": np.nan,
                "p-value": test.p_value,
            }
            for name, test in (("log-rank", self.log_rank), ("Peto-Wilcoxon", self.early))
        ]
        ratio = (self.hazard_ratio, self.hazard_lower, self.hazard_upper)
        rows.append(_row("pace, after / before", *ratio))
        if not isinstance(self.adjusted_ratio, NotAvailable):
            bounds: list[Any] = [self.adjusted_ratio, self.adjusted_lower, self.adjusted_upper]
            rows.append(_row("pace, same channel and topic", *bounds))
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give medians, their ratio, the pace, and whether an effect may be claimed."""
        median = self.median
        metrics = {
            "median_before": median["before"],
            "median_after": median["after"],
            "median_ratio": median["after / before"],
            "median_ratio_lower": median["ratio, lower"],
            "median_ratio_upper": median["ratio, upper"],
            "log_rank_p_value": self.log_rank.p_value,
            "pace_ratio": self.hazard_ratio,
            "n_before": self.n_before,
            "n_after": self.n_after,
            "n_open": self.n_open,
            "claim_allowed": int(self.claim_allowed),
        }
        # A bound that is not reached before the data end is no number.
        return {name: value for name, value in metrics.items() if np.isfinite(value)}


def _row(name: str, estimate: float, lower: float, upper: float) -> dict[str, object]:
    return {
        "quantity": name,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "p-value": np.nan,
    }


def compare_waits(
    waits: Waits | NotAvailable,
    *,
    trend: SeriesResult | NotAvailable | None = None,
    confidence: float = 0.95,
    n_draws: int = 2000,
    seed: int = 0,
) -> WaitingResult | NotAvailable:
    """Compare how long tickets waited before a change and since.

    Curves and quantiles by Kaplan and Meier, who let open tickets count for as long as they
    have waited. Intervals are percentiles over samples of customers drawn with replacement,
    since tickets of one customer are alike. The share done within the median wait before
    answers a target that the period before set itself.

    Parameters
    ----------
    waits : Waits
    trend : SeriesResult, optional
        Interrupted series of the waits, whose checks the claim needs too; without it nothing
        is claimed.
    confidence : float
    n_draws, seed : int
        Bootstrap samples.

    Raises
    ------
    ModelError
        If the median of a side lies beyond its longest wait.
    """
    # Not @passes_absence: an absent trend withholds the claim, not the comparison.
    if isinstance(waits, NotAvailable):
        return waits
    tickets = waits.tickets
    times, done = tickets["hours"].to_numpy(), tickets["done"].to_numpy(dtype=bool)
    after = tickets["after"].to_numpy(dtype=bool)
    sides = {"before": ~after, "after": after}
    horizon = min(float(times[side & done].max()) for side in sides.values())
    median = estimate_quantiles(times[~after], done[~after], (0.5,))[0]
    if not np.isfinite(median):
        raise ModelError(f"fewer than half of the tickets before the change had a {waits.measure}")
    table = _bound_all(
        tickets,
        horizon=horizon,
        target=float(median),
        confidence=confidence,
        n_draws=n_draws,
        seed=draw_seeds(seed, stage=424, n=1)[0],
    )
    crude = _fit_pace(tickets, confidence)
    paces = attempt(_fit_pace, tickets, confidence, mix=("channel", "topic"))
    adjusted: tuple[Any, Any, Any] = paces if isinstance(paces, tuple) else (paces, paces, paces)
    n_before, n_after = waits.n_before, waits.n_after
    return WaitingResult(
        measure=waits.measure,
        curves=pd.concat(
            [_trace(name, times[side], done[side]) for name, side in sides.items()],
            ignore_index=True,
        ),
        quantiles=table,
        log_rank=_test_curves(times, done, after),
        early=_test_curves(times, done, after, early=True),
        hazard_ratio=crude[0],
        hazard_lower=crude[1],
        hazard_upper=crude[2],
        adjusted_ratio=adjusted[0],
        adjusted_lower=adjusted[1],
        adjusted_upper=adjusted[2],
        horizon_hours=horizon,
        target_hours=float(median),
        n_before=n_before,
        n_after=n_after,
        n_customers=int(tickets["customer_id"].nunique()),
        n_open=int((~done).sum()),
        checks=_check(min(n_before, n_after), trend),
        confidence=confidence,
    )


def estimate_quantiles(
    hours: Floats, done: npt.NDArray[np.bool_], shares: tuple[float, ...]
) -> Floats:
    """Estimate by Kaplan-Meier when given shares of the tickets are done; inf if not reached."""
    times, at_risk_share = _survive(hours, done, np.ones((1, hours.size)))
    return _read_quantiles(times, at_risk_share, shares)[0]


def _survive(hours: Floats, done: npt.NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats]:
    """Kaplan-Meier curves for rows of weights, at every wait in order, done before open."""
    order = np.lexsort((~done, hours))
    w = weights[:, order]
    risk = np.cumsum(w[:, ::-1], axis=1)[:, ::-1]
    left = np.where((risk > 0) & done[order], 1 - w / np.maximum(risk, 1e-12), 1.0)
    return hours[order], np.asarray(np.cumprod(left, axis=1), dtype=np.float64)


def _read_quantiles(times: Floats, survival: Floats, shares: tuple[float, ...]) -> Floats:
    """Read the first time at which no more than ``1 - share`` still wait."""
    columns = []
    for share in shares:
        reached = survival <= 1 - share + 1e-12
        at = np.where(reached.any(axis=1), reached.argmax(axis=1), -1)
        columns.append(np.where(at >= 0, times[at], np.inf))
    return np.column_stack(columns)


def _read_mean(times: Floats, survival: Floats, horizon: float) -> Floats:
    """Area below the curve up to the horizon: the mean wait, longer ones cut there."""
    ends = np.minimum(np.append(times, horizon), horizon)
    widths = np.diff(np.concatenate([[0.0], ends]))
    height = np.column_stack([np.ones(len(survival)), survival])
    return np.asarray(height @ widths)


def _read_done(times: Floats, survival: Floats, target: float) -> Floats:
    position = int(np.searchsorted(times, target, side="right"))
    return np.zeros(len(survival)) if position == 0 else 1 - survival[:, position - 1]


def _measure(
    hours: Floats,
    done: npt.NDArray[np.bool_],
    weights: Floats,
    *,
    horizon: float,
    targets: tuple[float, ...],
) -> Floats:
    times, survival = _survive(hours, done, weights)
    parts = [_read_quantiles(times, survival, QUANTILES)]
    parts.append(_read_mean(times, survival, horizon)[:, None])
    parts += [_read_done(times, survival, target)[:, None] for target in targets]
    return np.column_stack(parts)


def _bound_all(
    tickets: pd.DataFrame,
    *,
    horizon: float,
    target: float,
    confidence: float,
    n_draws: int,
    seed: int,
) -> pd.DataFrame:
    """Measure both sides, and how far samples of customers scatter."""
    codes, names = pd.factorize(tickets["customer_id"])
    hours, done = tickets["hours"].to_numpy(), tickets["done"].to_numpy(dtype=bool)
    after = tickets["after"].to_numpy(dtype=bool)
    rng, drawn = np.random.default_rng(seed), []
    options: dict[str, object] = {"horizon": horizon, "targets": (target,)}

    def both(weights: Floats) -> Floats:
        sides = [
            _measure(hours[side], done[side], weights[:, side], **options)  # type: ignore[arg-type]
            for side in (~after, after)
        ]
        return np.stack(sides)

    for start in range(0, n_draws, BATCH):
        size = min(BATCH, n_draws - start)
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=size)
        drawn.append(both(counts[:, codes].astype(float)))
    found, samples = both(np.ones((1, hours.size)))[:, 0], np.concatenate(drawn, axis=1)
    return _arrange_bounds(found, samples, horizon=horizon, target=target, confidence=confidence)


def _arrange_bounds(
    found: Floats, samples: Floats, *, horizon: float, target: float, confidence: float
) -> pd.DataFrame:
    tail = (1 - confidence) / 2
    low, high = _bound(samples, tail)
    with np.errstate(invalid="ignore"):
        ratios = samples[1] / np.maximum(samples[0], 1e-12)
    ratio_low, ratio_high = _bound(np.nan_to_num(ratios, nan=np.inf)[None], tail)
    with np.errstate(invalid="ignore"):
        ratio = found[1] / np.maximum(found[0], 1e-12)
    names = [f"{share:.0%} done within, hours" for share in QUANTILES]
    names += [f"mean wait up to {horizon:.3g} hours", f"share done within {target:.3g} hours"]
    return pd.DataFrame(
        {
            "quantity": names,
            "before": found[0],
            "before, lower": low[0],
            "before, upper": high[0],
            "after": found[1],
            "after, lower": low[1],
            "after, upper": high[1],
            "after / before": ratio,
            "ratio, lower": ratio_low[0],
            "ratio, upper": ratio_high[0],
        }
    )


def _bound(samples: Floats, tail: float) -> tuple[Floats, Floats]:
    """Percentiles that may be infinite: an order statistic, nothing between two of them."""
    ordered = np.sort(samples, axis=1)
    last = ordered.shape[1] - 1
    return ordered[:, int(np.floor(tail * last))], ordered[:, int(np.ceil((1 - tail) * last))]


def _trace(name: str, hours: Floats, done: npt.NDArray[np.bool_]) -> pd.DataFrame:
    times, survival = _survive(hours, done, np.ones((1, hours.size)))
    frame = pd.DataFrame({"hours": times, "waiting": survival[0]}).groupby("hours").last()
    start = pd.DataFrame({"waiting": [1.0]}, index=pd.Index([0.0], name="hours"))
    frame = pd.concat([start, frame]).reset_index()
    return frame.assign(period=name)[["period", "hours", "waiting"]]


def _test_curves(
    hours: Floats,
    done: npt.NDArray[np.bool_],
    after: npt.NDArray[np.bool_],
    *,
    early: bool = False,
) -> Hypothesis:
    """Compare both curves; ``early`` weighs by the share that still waits (Peto & Peto)."""
    from scipy.special import chdtrc

    # One row a moment at which a ticket was done: at risk and done, of all and of the later.
    moments = np.unique(hours[done])
    risk, late_risk = (_count_from(hours[side], moments) for side in (after | ~after, after))
    events, late = (_count_at(hours[side], moments) for side in (done, done & after))
    ahead = np.concatenate([[1.0], np.cumprod(1 - events / risk)[:-1]])
    weight = ahead if early else np.ones(moments.size)
    gap = float(weight @ (late - events * late_risk / risk))
    share = late_risk / risk
    ties = np.where(risk > 1, (risk - events) / np.maximum(risk - 1, 1), 0.0)
    spread = float(weight**2 @ (events * share * (1 - share) * ties))
    statistic = gap**2 / spread if spread > 0 else 0.0
    return Hypothesis(
        null="tickets waited alike before and after",
        statistic=statistic,
        p_value=float(chdtrc(1, statistic)),
        distribution="chi2(1)",
    )


def _count_from(hours: Floats, moments: Floats) -> Floats:
    """Count the tickets that wait until each moment or longer."""
    return (hours.size - np.searchsorted(np.sort(hours), moments, side="left")).astype(float)


def _count_at(hours: Floats, moments: Floats) -> Floats:
    """Count the tickets done at each moment."""
    ordered = np.sort(hours)
    until = [np.searchsorted(ordered, moments, side=side) for side in ("left", "right")]
    return np.asarray(until[1] - until[0], dtype=float)


def _fit_pace(
    tickets: pd.DataFrame, confidence: float, *, mix: tuple[str, ...] = ()
) -> tuple[float, float, float]:
    """Fit Cox's model of the pace, ties by Efron, errors clustered by customer."""
    import warnings

    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    known = [name for name in mix if name in tickets and len(set(tickets[name])) > 1]
    if mix and not known:
        raise ModelError("the tickets tell neither channel nor topic")
    frame = tickets[["hours", "done", "after"]].astype(float)
    frame["customer"] = pd.factorize(tickets["customer_id"])[0]
    for name in known:
        frame[name] = tickets[name].astype(str)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            warnings.filterwarnings("ignore", message=HARMLESS)
            fit = CoxPHFitter(alpha=1 - confidence).fit(
                frame, "hours", "done", cluster_col="customer", strata=known or None
            )
    except (ConvergenceError, ConvergenceWarning) as error:
        raise ModelError(f"the pace cannot be estimated: {error}") from error
    low, high = np.exp(fit.confidence_intervals_.loc["after"].to_numpy(dtype=float))
    return float(np.exp(fit.params_["after"])), float(low), float(high)


def _check(n_smaller: int, trend: SeriesResult | NotAvailable | None) -> tuple[Check, ...]:
    size = Check(
        "tickets on the smaller side of the change",
        n_smaller >= MINIMUM_TICKETS,
        n_smaller,
        f">= {MINIMUM_TICKETS}",
        "rule of thumb",
        ASSOCIATION,
    )
    if isinstance(trend, SeriesResult):
        return (size, *trend.checks)
    why = "not asked for" if trend is None else trend.reason
    return (size, Check("the time before was examined", False, 0.0, "1", why, ASSOCIATION))
