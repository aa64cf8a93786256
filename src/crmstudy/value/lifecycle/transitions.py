"""How customers move between stages from one period to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence
from crmstudy.shares import wilson_limits
from crmstudy.value.lifecycle.chain import (
    compare_tables,
    divide_rows,
    mean_stay,
    settle,
    share_sparse,
)
from crmstudy.value.lifecycle.stages import STAGES, Lifecycle
from crmstudy.value.lifecycle.steps import (
    close_stages,
    count_steps,
    count_triples,
    draw_limits,
    pool_sequences,
    wait_for_loss,
)

Floats = NDArray[np.float64]

LOST_NAME = "lost"
MOST_SPARSE = 0.2
FEWEST = 30  # customer-periods behind a row of shares

HOMOGENEOUS = "the shares are the same at every step"
ORDER_ZERO = "the next stage does not depend on the present one"
ORDER_ONE = "given the present stage the next does not depend on the one before"


@dataclass(frozen=True, eq=False)
class Transitions:
    """A Markov chain of stages, estimated from all steps of all customers.

    Parameters
    ----------
    stages : tuple of str
        Stages that occur in a step, in the order of a relationship.
    counts : array of shape (n_stages, n_stages)
        Steps by stage before (rows) and after.
    shares : array of the same shape
        Counts over the sum of their row.
    lower, upper : arrays of the same shape
        Wilson's limits of each share.
    drawn : dict of str to array
        Percentile limits of a bootstrap over customers: ``shares`` (2, n, n), ``stay`` and
        ``until_lost`` (2, n).
    stay, until_lost : arrays of shape (n_stages,)
        Expected periods in a stage; expected periods until lost for the first time.
    long_run : Series or NotAvailable
        Shares that the chain would settle to.
    tests : dict of str to Hypothesis or NotAvailable
        "the same at every step", "depends on the present stage", "one stage back is enough".
    forecast : DataFrame or NotAvailable
        The last period foretold from the steps before: stage, before, expected, actual.
    checks : tuple of Check
        Whether shares, tests and forecast can be trusted.
    unit : str
        "month" or "quarter".
    n, n_replicates : int
        Customers with a step, and bootstrap samples.
    """

    stages: tuple[str, ...]
    counts: NDArray[np.int64]
    shares: Floats
    lower: Floats
    upper: Floats
    drawn: dict[str, Floats]
    stay: Floats
    until_lost: Floats
    long_run: pd.Series | NotAvailable
    tests: dict[str, Hypothesis | NotAvailable]
    forecast: pd.DataFrame | NotAvailable
    checks: tuple[Check, ...]
    unit: str
    n: int
    n_replicates: int

    @property
    def lost_returns(self) -> int:
        """Steps out of the stage lost: where there are any, being lost is not the end."""
        if LOST_NAME not in self.stages:
            return 0
        place = self.stages.index(LOST_NAME)
        return int(self.counts[place].sum() - self.counts[place, place])

    def matrix(self) -> pd.DataFrame:
        """Arrange the shares as a square, before (rows) and after; empty rows are missing."""
        names = pd.Index(self.stages, name="before"), pd.Index(self.stages, name="after")
        shares = pd.DataFrame(self.shares, *names)
        return shares[self.counts.sum(axis=1) > 0]

    def table(self) -> pd.DataFrame:
        """Arrange every step that occurs with both intervals of its share."""
        before, after = np.nonzero(self.counts)
        names = np.array(self.stages, dtype=object)
        low, high = self.drawn["shares"]
        return pd.DataFrame(
            {
                "before": names[before],
                "after": names[after],
                "steps": self.counts[before, after],
                "share": self.shares[before, after],
                "lower": self.lower[before, after],
                "upper": self.upper[before, after],
                "bootstrap lower": low[before, after],
                "bootstrap upper": high[before, after],
            }
        )

    def times(self) -> pd.DataFrame:
        """Arrange by stage: steps seen, expected stay, expected time until lost, long run."""
        seen = self.counts.sum(axis=1)
        table = pd.DataFrame(
            {
                "stage": self.stages,
                "steps": seen,
                f"expected {self.unit}s in the stage": self.stay,
                "lower": self.drawn["stay"][0],
                "upper": self.drawn["stay"][1],
                f"expected {self.unit}s until lost": self.until_lost,
                "lower until lost": self.drawn["until_lost"][0],
                "upper until lost": self.drawn["until_lost"][1],
            }
        )
        if isinstance(self.long_run, pd.Series):
            table["share in the long run"] = self.long_run.to_numpy()
        return table[seen > 0].reset_index(drop=True)

    def tabulate_tests(self) -> pd.DataFrame:
        """Arrange the three tests; one that cannot be computed says why."""
        rows: list[dict[str, object]] = []
        for question, test in self.tests.items():
            if isinstance(test, NotAvailable):
                rows.append({"question": question, "null hypothesis": str(test)})
                continue
            p = max(test.p_value, float(np.finfo(float).tiny))
            rows.append(
                {
                    "question": question,
                    "null hypothesis": test.null,
                    "statistic": test.statistic,
                    "distribution": test.distribution,
                    "p-value": p,
                }
            )
        columns = ["question", "null hypothesis", "statistic", "distribution", "p-value"]
        return pd.DataFrame(rows).reindex(columns=columns)

    def to_metrics(self) -> dict[str, float]:
        """Give the size, the diagonal, the times until lost and the test statistics."""
        metrics: dict[str, float] = {
            "n": self.n,
            "steps": int(self.counts.sum()),
            "lost_returns": self.lost_returns,
        }
        for place, stage in enumerate(self.stages):
            name = stage.replace("-", "_")
            if self.counts[place].sum():
                metrics[f"stay_{name}"] = float(self.shares[place, place])
                if np.isfinite(self.until_lost[place]):
                    metrics[f"until_lost_{name}"] = float(self.until_lost[place])
        for name, test in zip(
            ("homogeneity", "order_one", "order_two"), self.tests.values(), strict=True
        ):
            if isinstance(test, Hypothesis):
                metrics[f"{name}_statistic"] = test.statistic
                metrics[f"{name}_p_value"] = test.p_value
        return metrics


@passes_absence
def estimate_transitions(
    lifecycle: Lifecycle, *, seed: int, n_replicates: int = 200, confidence: float = 0.95
) -> Transitions:
    """Estimate the shares of customers who move from each stage to each other.

    All steps are pooled. Wilson's interval of a share takes steps as independent; the
    bootstrap draws customers with all their steps, and shows whether that matters. Tests
    are the likelihood ratios of Anderson and Goodman (1957): whether the shares are the
    same at every step, whether the next stage depends on the present one, and whether it
    depends on the one before too. The first is asked of the steps before which a customer
    could have been lost already: earlier ones differ by construction.

    Parameters
    ----------
    lifecycle : Lifecycle
        Stages by customer and period.
    seed : int
        Seed of the study.
    n_replicates : int
        Bootstrap samples.
    confidence : float
        Coverage of all intervals.

    Raises
    ------
    ModelError
        If no customer has a stage in two periods in a row.

    References
    ----------
    Anderson, T. W., & Goodman, L. A. (1957). Statistical inference about Markov chains.
    Annals of Mathematical Statistics, 28(1), 89-110.
    Pfeifer, P. E., & Carraway, R. L. (2000). Modeling customer relationships as Markov
    chains. Journal of Interactive Marketing, 14(2), 43-55.
    """
    rows, times = pool_sequences(lifecycle.codes)
    whole = count_steps(rows, times, len(STAGES))
    pooled = whole.sum(axis=0)
    if not pooled.sum():
        raise ModelError(
            f"nobody has a stage in two {lifecycle.calendar.unit}s in a row: no step to count"
        )
    kept = np.flatnonzero((pooled.sum(axis=0) + pooled.sum(axis=1)) > 0)
    by_step = whole[:, kept][:, :, kept]
    counts = by_step.sum(axis=0)
    names = [STAGES[i] for i in kept]
    shares = divide_rows(counts)
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    lower, upper = wilson_limits(counts, totals, confidence=confidence)
    lost = names.index(LOST_NAME) if LOST_NAME in names else -1
    drawn = draw_limits(rows, times, kept, lost, seed, n_replicates, confidence)
    forecast = attempt(_forecast, by_step, names)
    n = int(times[((rows[:, :-1] >= 0) & (rows[:, 1:] >= 0)).any(axis=1)].sum())
    return Transitions(
        stages=tuple(names),
        counts=counts.astype(np.int64),
        shares=shares,
        lower=lower,
        upper=upper,
        drawn=drawn,
        stay=mean_stay(shares),
        until_lost=wait_for_loss(shares, lost),
        long_run=settle(close_stages(shares), names),
        tests=_test_chain(rows, times, by_step, kept, _settled(lifecycle)),
        forecast=forecast,
        checks=_check_chain(by_step, _settled(lifecycle), forecast),
        unit=lifecycle.calendar.unit,
        n=n,
        n_replicates=n_replicates,
    )


def _settled(lifecycle: Lifecycle) -> int:
    """Number the first step before which a customer could have been lost already."""
    reached = lifecycle.calendar.stop >= lifecycle.calendar.start[0] + lifecycle.lapse.days
    return int(np.argmax(reached)) if reached.any() else lifecycle.n_periods


def _test_chain(
    rows: NDArray[np.int8],
    times: NDArray[np.int64],
    by_step: Floats,
    kept: NDArray[np.intp],
    settled: int,
) -> dict[str, Hypothesis | NotAvailable]:
    steps_by_origin = by_step[settled:].transpose(1, 0, 2)
    return {
        "the same at every step": attempt(compare_tables, steps_by_origin, HOMOGENEOUS),
        "depends on the present stage": attempt(
            compare_tables, by_step.sum(axis=0)[None], ORDER_ZERO
        ),
        "one stage back is enough": attempt(
            compare_tables, count_triples(rows, times, kept), ORDER_ONE
        ),
    }


def _forecast(by_step: Floats, names: list[str]) -> pd.DataFrame:
    """Foretell the last period from the steps before it."""
    if len(by_step) < 2:
        raise ModelError("two steps are needed: one to learn from, one to foretell")
    learned, last = by_step[:-1].sum(axis=0), by_step[-1]
    before = last.sum(axis=1)
    unseen = (before > 0) & (learned.sum(axis=1) == 0)
    taken = before * ~unseen
    if not taken.sum():
        raise ModelError("no stage of the last step was seen before it")
    return pd.DataFrame(
        {
            "stage": names,
            "before": taken,
            "expected": taken @ divide_rows(learned),
            "actual": last[~unseen].sum(axis=0),
        }
    )


def _check_chain(
    by_step: Floats, settled: int, forecast: pd.DataFrame | NotAvailable
) -> tuple[Check, ...]:
    totals = by_step.sum(axis=(0, 2))
    thin = int(((totals > 0) & (totals < FEWEST)).sum())
    sparse = share_sparse(by_step[settled:].transpose(1, 0, 2))
    checks = [
        Check(
            name=f"every stage was left or kept at least {FEWEST} times (stages with fewer)",
            passed=not thin,
            statistic=float(thin),
            threshold="0 stages",
            source="convention of this study",
            consequence="the shares of these rows are hardly known: read their intervals",
        ),
        Check(
            name="few cells of the test of equal shares expect fewer than 5 steps (share of cells)",
            passed=sparse <= MOST_SPARSE,
            statistic=sparse,
            threshold=f"<= {MOST_SPARSE}",
            source="Cochran (1954)",
            consequence="the test of equal shares is approximate: longer periods",
        ),
    ]
    if isinstance(forecast, pd.DataFrame):
        total = float(forecast["actual"].sum())
        missed, still = (
            float((forecast[name] - forecast["actual"]).abs().sum()) / (2 * total)
            for name in ("expected", "before")
        )
        checks.append(
            Check(
                name="the chain foretells the last period (share of customers misplaced)",
                passed=missed <= still,
                statistic=missed,
                threshold=f"<= {still:.3f}, what 'nobody moves' misplaces",
                source="out-of-sample comparison",
                consequence="the shares change too much to extrapolate them",
            )
        )
    return tuple(checks)
