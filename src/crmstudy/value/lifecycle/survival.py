"""Time to lapse by Kaplan and Meier, and whether groups of customers differ in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Hypothesis
from crmstudy.collection.attributes import band_values, order_levels
from crmstudy.errors import ModelError, passes_absence
from crmstudy.statistics.multiplicity import adjust_p_values
from crmstudy.value.lifecycle.engine import calling_lifelines
from crmstudy.value.lifecycle.lapses import LapseTimes, require_lapses

#: Weeks at which shares are printed.
MARKS = (0, 4, 13, 26, 52, 104)
MOST_GROUPS = 6
FEWEST_CUSTOMERS = 20
SAME = "all groups have the same time to lapse"


@dataclass(frozen=True, eq=False)
class Survival:
    """Share of customers who have not lapsed, over the weeks since the first purchase.

    Parameters
    ----------
    curve : DataFrame
        ``weeks`` (0 and each time of a lapse or of the end of observation), ``share``,
        ``lower``, ``upper`` (95%, on the scale of log(-log)), ``at risk`` (customers
        watched and not lapsed just before).
    median, median_lower, median_upper : float
        Weeks by which half have lapsed, infinite if that is not seen; where limits of the
        curve pass one half.
    n, n_lapsed : int
        Customers and lapses.
    """

    curve: pd.DataFrame
    median: float
    median_lower: float
    median_upper: float
    n: int
    n_lapsed: int

    @property
    def longest(self) -> float:
        """Weeks that the longest observed customer was watched."""
        return float(self.curve["weeks"].iloc[-1])

    def at(self, weeks: float) -> pd.Series:
        """Read the curve at a time."""
        place = int(np.searchsorted(self.curve["weeks"], weeks, side="right")) - 1
        return self.curve.iloc[place]

    def n_at_risk(self, weeks: float) -> int:
        """Count the customers watched and not lapsed just before a time."""
        later = self.curve["weeks"].to_numpy() >= weeks
        return int(self.curve["at risk"].to_numpy()[later].max(initial=0))

    def table(self) -> pd.DataFrame:
        """Read the curve at round numbers of weeks."""
        rows = [
            {
                "weeks": mark,
                "share not lapsed": self.at(mark)["share"],
                "lower": self.at(mark)["lower"],
                "upper": self.at(mark)["upper"],
                "customers at risk": self.n_at_risk(mark),
            }
            for mark in MARKS
            if mark <= self.longest
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give the size, the shares at round weeks and the median where it is seen."""
        metrics: dict[str, float] = {"n": self.n, "lapsed": self.n_lapsed}
        for mark in MARKS:
            if mark <= self.longest:
                metrics[f"not_lapsed_{mark}_weeks"] = float(self.at(mark)["share"])
        if np.isfinite(self.median):
            metrics["median_weeks"] = self.median
        return metrics


@passes_absence
def estimate_survival(times: LapseTimes) -> Survival:
    """Estimate the share of customers who have not lapsed by a time.

    The product-limit estimator of Kaplan and Meier with Greenwood's variance on the scale
    of log(-log); the median's interval is that of Brookmeyer and Crowley (1982).

    Parameters
    ----------
    times : LapseTimes
        From :func:`~crmstudy.value.lifecycle.lapses.date_lapses`.

    Raises
    ------
    ModelError
        If fewer than ten customers lapsed.

    References
    ----------
    Kaplan, E. L., & Meier, P. (1958). Nonparametric estimation from incomplete
    observations. J. American Statistical Association, 53(282), 457-481.
    Brookmeyer, R., & Crowley, J. (1982). A confidence interval for the median survival
    time. Biometrics, 38(1), 29-41.
    """
    require_lapses(times)
    return fit_curve(times.customers["weeks"], times.customers["lapsed"])


def fit_curve(weeks: pd.Series, lapsed: pd.Series) -> Survival:
    """Fit one curve to durations and whether they ended with an event."""
    from lifelines import KaplanMeierFitter
    from lifelines.utils import median_survival_times

    with calling_lifelines():
        fitted = KaplanMeierFitter().fit(weeks.to_numpy(), lapsed.to_numpy())
        limits = fitted.confidence_interval_
        bounds = np.ravel(median_survival_times(limits))
    curve = pd.DataFrame(
        {
            "weeks": fitted.survival_function_.index.to_numpy(np.float64),
            "share": fitted.survival_function_.iloc[:, 0].to_numpy(np.float64),
            "lower": limits.iloc[:, 0].to_numpy(np.float64),
            "upper": limits.iloc[:, 1].to_numpy(np.float64),
            "at risk": fitted.event_table["at_risk"].to_numpy(np.int64),
        }
    )
    return Survival(
        curve=curve,
        median=float(fitted.median_survival_time_),
        median_lower=float(bounds[0]),
        median_upper=float(bounds[1]),
        n=len(weeks),
        n_lapsed=int(lapsed.sum()),
    )


@dataclass(frozen=True, eq=False)
class GroupSurvival:
    """Curves of groups of customers, by several groupings.

    Parameters
    ----------
    curves : mapping of str to mapping of str to Survival
        Grouping to group to curve.
    tests : mapping of str to Hypothesis
        Log-rank test of each grouping.
    left_out : DataFrame
        ``grouping`` and ``reason`` of those that cannot be compared.
    """

    curves: Mapping[str, Mapping[str, Survival]]
    tests: Mapping[str, Hypothesis]
    left_out: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Arrange the tests, with p-values adjusted for their number by Holm's method."""
        p = pd.Series({name: test.p_value for name, test in self.tests.items()}, dtype=float)
        holm = adjust_p_values(p)["p_holm"] if len(p) else p
        tiny = float(np.finfo(float).tiny)
        return pd.DataFrame(
            [
                {
                    "grouping": name,
                    "groups": len(self.curves[name]),
                    "customers": sum(one.n for one in self.curves[name].values()),
                    "log-rank statistic": test.statistic,
                    "distribution": test.distribution,
                    "p-value": max(test.p_value, tiny),
                    "p-value (Holm)": max(float(holm[name]), tiny),
                }
                for name, test in self.tests.items()
            ]
        )

    def tabulate_groups(self) -> pd.DataFrame:
        """Arrange every group: customers, lapses, share not lapsed after 26 weeks, median."""
        return pd.DataFrame(
            [
                {
                    "grouping": grouping,
                    "group": group,
                    "customers": one.n,
                    "lapsed": one.n_lapsed,
                    "median weeks": one.median,
                    "lower": one.median_lower,
                    "upper": one.median_upper,
                }
                for grouping, groups in self.curves.items()
                for group, one in groups.items()
            ]
        )

    def to_metrics(self) -> dict[str, float]:
        """Count the groupings, and those that differ at 5% by Holm's method."""
        table = self.table()
        return {
            "groupings": len(table),
            "groupings_that_differ": int((table["p-value (Holm)"] < 0.05).sum()),
        }


@passes_absence
def compare_survival(times: LapseTimes, starts: pd.DataFrame) -> GroupSurvival:
    """Compare the time to lapse of groups by the log-rank test.

    Parameters
    ----------
    times : LapseTimes
        Times of the customers.
    starts : DataFrame indexed by customer_id
        What was known of them at the start; numbers are cut into four bands. Groups of
        fewer than 20 customers are left out of a grouping.

    Raises
    ------
    ModelError
        If fewer than ten customers lapsed, or no grouping has two groups.

    References
    ----------
    Mantel, N. (1966). Evaluation of survival data and two new rank order statistics
    arising in its consideration. Cancer Chemotherapy Reports, 50(3), 163-170.
    """
    require_lapses(times)
    frame = times.customers.join(starts, how="left").sort_index()
    curves: dict[str, dict[str, Survival]] = {}
    tests: dict[str, Hypothesis] = {}
    left = []
    for name in starts.columns:
        groups = _form_groups(frame[name])
        if groups.nunique() < 2 or groups.nunique() > MOST_GROUPS:
            reason = f"{groups.nunique()} groups of {FEWEST_CUSTOMERS} customers or more"
            left.append({"grouping": name, "reason": f"{reason}; 2 to {MOST_GROUPS} are compared"})
            continue
        told = frame[groups.notna()]
        curves[name] = {
            str(group): fit_curve(rows["weeks"], rows["lapsed"])
            for group, rows in told.groupby(groups[groups.notna()], observed=True)
        }
        tests[name] = compare_groups(told["weeks"], told["lapsed"], groups[groups.notna()])
    if not tests:
        raise ModelError("nothing that was known at the start forms groups to compare")
    return GroupSurvival(curves, tests, pd.DataFrame(left, columns=["grouping", "reason"]))


def _form_groups(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        values = values.round(2)
        whole = bool((values.dropna() % 1 == 0).all())
        values = values.astype("Int64" if whole else "float64")
    groups = order_levels(band_values(values))
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        groups = groups.astype(pd.CategoricalDtype(sorted(groups.dropna().unique()), ordered=True))
    sizes = groups.value_counts()
    kept = [level for level in groups.cat.categories if sizes[level] >= FEWEST_CUSTOMERS]
    groups = groups.cat.set_categories(kept)
    return groups.cat.rename_categories([_write_band(str(level)) for level in kept])


def _write_band(level: str) -> str:
    """Write a band of one value, such as 3 to 3, as that value."""
    low, _, high = level.partition(" to ")
    return low if low == high else level


def compare_groups(weeks: pd.Series, lapsed: pd.Series, groups: pd.Series) -> Hypothesis:
    """Test by the log-rank statistic whether groups have the same time to an event."""
    from lifelines.statistics import multivariate_logrank_test

    codes = pd.factorize(groups, sort=True)[0]
    with calling_lifelines():
        found = multivariate_logrank_test(weeks.to_numpy(), codes, lapsed.to_numpy())
    freedom = len(np.unique(codes)) - 1
    return Hypothesis(SAME, float(found.test_statistic), float(found.p_value), f"chi2({freedom})")
