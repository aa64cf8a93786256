"""Features and what came of them, origin by origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.value.warning.known import Windows, describe_at
from crmstudy.value.warning.origins import Origin, OriginPlan, Shop, plan_origins

Target = Literal["lapse", "drop"]
#: What is foretold, in words.
EVENTS = {"lapse": "no purchase in the window", "drop": "spend fell"}
#: Events, and customers without one, that a test and the training origins need.
FEWEST_IN_TEST, FEWEST_IN_TRAINING = 10, 20


@dataclass(frozen=True, eq=False)
class WarningData:
    """What was known of the customers at risk on each origin, and what they did next.

    Parameters
    ----------
    plan : OriginPlan
        The origins.
    features : mapping of str to DataFrame
        By day of the origin: one row a customer at risk.
    outcomes : mapping of str to DataFrame
        By day of the origin, without the alert: ``purchases`` and ``revenue`` in the window
        foretold, ``lapse`` (1: no purchase), ``drop`` (1: revenue fell by the share or
        more; missing where revenue is not known, or was not positive before), and
        ``later_revenue`` from the end of the window to the test day (missing where the
        window ends there).
    drop_share : float
        Loss of revenue from one window to the next that counts as a drop.
    known_customers : mapping of str to int
        By day: customers who had bought by then within the look-back.
    """

    plan: OriginPlan
    features: Mapping[str, pd.DataFrame]
    outcomes: Mapping[str, pd.DataFrame]
    drop_share: float
    known_customers: Mapping[str, int]

    def rows(self, origin: Origin, target: Target) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
        """Return the features and the events (0 or 1) of an origin, in an order of content.

        Customers whose event is not known are left out.
        """
        events = self.outcomes[origin.day][target].dropna()
        features = sort_customers(self.features[origin.day].loc[events.index], events)
        return features, events.loc[features.index].to_numpy(dtype=np.float64)

    def table(self) -> pd.DataFrame:
        """One row an origin: who is at risk, and how many lapsed or spent much less."""
        fell = f"{100 * self.drop_share:g}% or more"
        rows = []
        for origin in self.plan.origins:
            outcome = self.outcomes.get(origin.day)
            row = {
                "last day known": origin.day,
                "role": origin.role,
                "customers known": self.known_customers[origin.day],
                "at risk": len(self.features[origin.day]),
            }
            for name in EVENTS:
                known = pd.Series(dtype=float) if outcome is None else outcome[name].dropna()
                row[name] = int(known.sum()) if len(known) else None
                row[f"share {name}"] = float(known.mean()) if len(known) else None
            rows.append(row)
        frame = pd.DataFrame(rows).astype(dict.fromkeys(EVENTS, "Int64"))
        return frame.rename(
            columns={
                "lapse": "lapsed",
                "share lapse": "share lapsed",
                "drop": f"spend fell by {fell}",
                "share drop": f"share fell by {fell}",
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Windows, customers at risk and shares of events at the test origin."""
        test = self.outcomes[self.plan.test.day]
        numbers: dict[str, float] = {
            "window_weeks": self.plan.weeks,
            "look_back_weeks": self.plan.look_back_weeks,
            "n_origins": len(self.plan.observed),
            "at_risk_test": len(test),
            "lapsed_test": int(test["lapse"].sum()),
            "at_risk_now": len(self.features[self.plan.alert.day]),
        }
        if test["drop"].notna().any():
            numbers["dropped_test"] = int(test["drop"].sum())
        return numbers


def sort_customers(features: pd.DataFrame, *more: pd.Series) -> pd.DataFrame:
    """Sort customers by what is known of them: neither file nor identifier decides."""
    columns = [*(features[name] for name in features), *(one.loc[features.index] for one in more)]
    keys = [pd.factorize(column, sort=True)[0] for column in columns]
    return features.iloc[np.lexsort(keys[::-1])]


@passes_absence
def build_warning_data(
    shop: Shop, *, weeks: int = 0, drop_share: float = 0.5
) -> WarningData | NotAvailable:
    """Gather features and outcomes of every origin.

    At risk is who bought within the last window before an origin; the others are silent
    already, and no early warning reaches them.

    Parameters
    ----------
    shop : StudyData
        The study, with the data set to warn about.
    weeks : int
        Length of the windows; 0 asks the data, see
        :func:`crmstudy.value.warning.origins.plan_origins`.
    drop_share : float
        Between 0 and 1: loss of revenue that counts as a drop.

    Raises
    ------
    ModelError
        If the data cover too few windows, or on some origin nobody was at risk.
    """
    plan = plan_origins(shop, weeks=weeks)
    if isinstance(plan, NotAvailable):
        return plan
    windows = Windows(shop)
    features: dict[str, pd.DataFrame] = {}
    outcomes: dict[str, pd.DataFrame] = {}
    known: dict[str, int] = {}
    for origin in plan.origins:
        described = describe_at(shop, windows, origin)
        if isinstance(described, NotAvailable):
            raise ModelError(
                f"early warning needs customers at risk on {origin.day}: {described.reason}"
            )
        features[origin.day], known[origin.day] = described
        if origin.role != "alert":
            outcome = _follow(windows, origin, features[origin.day], drop_share)
            outcomes[origin.day] = outcome.assign(
                later_revenue=_go_on(windows, plan, origin, outcome)
            )
    return WarningData(plan, _keep_columns(features), outcomes, drop_share, known)


def _follow(
    windows: Windows, origin: Origin, at_risk: pd.DataFrame, drop_share: float
) -> pd.DataFrame:
    next_day = f"{pd.Timestamp(origin.day) + pd.Timedelta(days=1):%Y-%m-%d}"
    later = windows.sum_up(at_risk.index, next_day, origin.until)
    before = at_risk["recent_revenue"]
    fell = (later["revenue"] <= (1 - drop_share) * before).astype("float64")
    return pd.DataFrame(
        {
            "purchases": later["n_purchases"],
            "revenue": later["revenue"],
            "lapse": (later["n_purchases"] == 0).astype("float64"),
            "drop": fell.where(later["revenue"].notna() & (before > 0)),
        }
    )


def _go_on(windows: Windows, plan: OriginPlan, origin: Origin, outcome: pd.DataFrame) -> pd.Series:
    """Sum up what customers spent after the window foretold, until the test day."""
    day, test = pd.Timestamp(origin.until), pd.Timestamp(plan.test.day)
    total = pd.Series(np.nan if day >= test else 0.0, outcome.index)
    while day < test:
        end = day + pd.Timedelta(weeks=plan.weeks)
        since = f"{day + pd.Timedelta(days=1):%Y-%m-%d}"
        total = total + windows.sum_up(outcome.index, since, f"{end:%Y-%m-%d}")["revenue"]
        day = end
    return total


def _keep_columns(features: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Keep the features that every origin has."""
    first, *others = features.values()
    kept = [name for name in first if all(name in other for other in others)]
    return {day: frame[kept] for day, frame in features.items()}
