"""Does an offer raise conversion? What a test with two groups needs.

References
----------
Kohavi, R., Longbotham, R., Sommerfield, D., & Henne, R. M. (2009). Controlled experiments on
the web: Survey and practical guide. Data Mining and Knowledge Discovery, 18(1), 140-181.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.statistics.two_shares import Arm
from crmstudy.statistics.two_shares_size import (
    customers_per_arm,
    find_smallest_share,
    trace_false_alarms,
)
from crmstudy.value.recommendation.recommenders import TASKS
from crmstudy.value.recommendation.trial import RecommendationTrial

UPLIFTS = (0.05, 0.10, 0.20, 0.30)  # relative rises planned for beside the claimed one
LOOKS = (1, 2, 5, 10, 20)
ALPHA, POWER = 0.05, 0.80


@dataclass(frozen=True)
class ConversionPlan:
    """What a test of a claimed uplift needs.

    Parameters
    ----------
    needs : DataFrame
        One row an event and uplift: ``event``, ``base`` (share that converts without the
        offer), ``uplift`` (relative), ``treated`` (share with it), ``per_arm``, ``both``
        (customers; missing where the share would exceed 1), ``at_hand``, ``enough``.
    events : DataFrame
        One row an event: ``event``, ``customers``, ``conversions``, ``base`` with ``lower``
        and ``upper`` (Wilson), ``smallest_uplift`` (relative, seen with the customers at hand,
        half of them in each group; missing where none).
    false_alarms : DataFrame
        ``looks``, ``probability`` of a false alarm when a test is looked at so often.
    claimed : float
        The uplift claimed.
    power, alpha : float
        Probability of finding the uplift, and of a false alarm with one look.
    """

    needs: pd.DataFrame
    events: pd.DataFrame
    false_alarms: pd.DataFrame
    claimed: float
    power: float
    alpha: float

    def table(self) -> pd.DataFrame:
        """Arrange the customers that each uplift needs."""
        names = {
            "event": "conversion",
            "base": "share without the offer",
            "uplift": "relative uplift",
            "treated": "share with it",
            "per_arm": "customers a group",
            "both": "both groups",
            "at_hand": "customers at hand",
            "enough": "enough",
        }
        return self.needs.rename(columns=names)

    def tabulate_events(self) -> pd.DataFrame:
        """Arrange the base rates and the smallest uplift that the customers at hand can show."""
        names = {
            "event": "conversion",
            "customers": "customers",
            "conversions": "conversions",
            "base": "share",
            "lower": "lower",
            "upper": "upper",
            "smallest_uplift": "smallest relative uplift seen",
        }
        return self.events.rename(columns=names)

    def tabulate_looks(self) -> pd.DataFrame:
        """Arrange what looking at a running test again and again costs."""
        names = {"looks": "looks at the running test", "probability": "chance of a false alarm"}
        return self.false_alarms.rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give base rates and the customers that the claimed uplift needs, by event."""
        metrics = {"claimed_uplift": self.claimed, "power": self.power}
        claimed = self.needs[np.isclose(self.needs["uplift"], self.claimed)]
        for place, row in enumerate(claimed.to_dict("records"), start=1):
            metrics[f"event{place}_base"] = float(row["base"])
            if not pd.isna(row["per_arm"]):
                metrics[f"event{place}_per_arm"] = float(row["per_arm"])
        return metrics


def collect_base_rates(
    outcomes: pd.DataFrame | NotAvailable, trial: RecommendationTrial | NotAvailable | None = None
) -> pd.DataFrame | NotAvailable:
    """Collect the shares of customers who convert as things are.

    Parameters
    ----------
    outcomes : DataFrame
        ``n_purchases`` of every known customer in a window.
    trial : RecommendationTrial, optional
        Adds those who bought an item of their list in its test window without being shown it,
        as a share of all customers with a list: who bought nothing did not convert. Where it
        is not available, the first row stands alone.

    Returns
    -------
    DataFrame
        ``event``, ``customers``, ``conversions``.

    Raises
    ------
    ModelError
        If there is no customer.
    """
    if isinstance(outcomes, NotAvailable):
        return outcomes
    if outcomes.empty:
        raise ModelError("no customer is known before the window: no share that converts")
    rows = [("buys anything", len(outcomes), int((outcomes["n_purchases"] > 0).sum()))]
    if isinstance(trial, RecommendationTrial):
        for task in (task for task in TASKS if task in trial.tasks):
            table = trial.measures[trial.measures["task"] == task]
            row = table[table["method"] == trial.choose(task)[0]].iloc[0]
            hit = round(float(row["hit_rate"]) * int(row["n_customers"]))
            rows.append((f"buys an item of the list, {task}", int(row["n_served"]), hit))
    return pd.DataFrame(rows, columns=["event", "customers", "conversions"])


@passes_absence
def plan_conversion_test(
    base_rates: pd.DataFrame,
    *,
    claimed_uplift: float,
    uplifts: Iterable[float] = UPLIFTS,
    power: float = POWER,
    alpha: float = ALPHA,
) -> ConversionPlan:
    """Find how many customers a test of the claimed and of other uplifts needs.

    Parameters
    ----------
    base_rates : DataFrame
        ``event``, ``customers``, ``conversions``.
    claimed_uplift : float
        Relative rise of the share that converts, 0.15 for 15 %.
    uplifts : iterable of float
        Others to be compared.

    Raises
    ------
    SettingsError
        If an uplift is not positive.
    """
    asked = sorted({*uplifts, claimed_uplift})
    if asked[0] <= 0:
        raise SettingsError(f"uplift = {asked[0]:g}: a positive number is needed")
    events, needs = [], []
    for row in base_rates.to_dict("records"):
        arm = Arm(int(row["conversions"]), int(row["customers"]))
        lower, upper = arm.limits()
        smallest = _find_smallest(arm, power=power, alpha=alpha)
        events.append((row["event"], arm.n, arm.successes, arm.share, lower, upper, smallest))
        needs += [_plan(row["event"], arm, uplift, power=power, alpha=alpha) for uplift in asked]
    names = ["event", "customers", "conversions", "base", "lower", "upper", "smallest_uplift"]
    alarms = trace_false_alarms(max(LOOKS), alpha=alpha)
    looks = [(n, float(alarms[n - 1])) for n in LOOKS]
    return ConversionPlan(
        needs=pd.DataFrame(needs).astype({"per_arm": "Int64", "both": "Int64"}),
        events=pd.DataFrame(events, columns=names),
        false_alarms=pd.DataFrame(looks, columns=["looks", "probability"]),
        claimed=claimed_uplift,
        power=power,
        alpha=alpha,
    )


def _find_smallest(arm: Arm, *, power: float, alpha: float) -> float:
    half = arm.n // 2
    if not 0 < arm.share < 1 or half < 1:
        return np.nan
    found = find_smallest_share(
        arm.share, n_control=half, n_treated=arm.n - half, power=power, alpha=alpha
    )
    return np.nan if isinstance(found, NotAvailable) else found / arm.share - 1


def _plan(event: str, arm: Arm, uplift: float, *, power: float, alpha: float) -> dict[str, object]:
    treated = arm.share * (1 + uplift)
    possible = 0 < treated < 1
    per_arm: object = pd.NA
    if possible:
        per_arm = customers_per_arm(arm.share, treated, power=power, alpha=alpha)
    return {
        "event": event,
        "base": arm.share,
        "uplift": uplift,
        "treated": treated if possible else np.nan,
        "per_arm": per_arm,
        "both": 2 * per_arm if isinstance(per_arm, int) else pd.NA,
        "at_hand": arm.n,
        "enough": _say_enough(per_arm, arm),
    }


def _say_enough(per_arm: object, arm: Arm) -> str:
    if not isinstance(per_arm, int):
        return "cannot be: shares end at 1" if arm.successes else "nobody converts"
    return "yes" if 2 * per_arm <= arm.n else "no"


def trace_sample_size(plan: ConversionPlan, *, n_points: int = 60) -> pd.DataFrame:
    """Give the customers a group over a range of uplifts, one curve an event.

    Returns
    -------
    DataFrame
        ``event``, ``base``, ``uplift``, ``per_arm``, ``at_hand`` (customers of one group when
        half of those at hand are in it), ``smallest`` (uplift that these can show).
    """
    most = max(2 * plan.claimed, 0.4)
    rows = []
    for event in plan.events.to_dict("records"):
        base, half = float(event["base"]), int(event["customers"]) // 2
        smallest = float(event["smallest_uplift"])
        if not 0 < base < 1:
            continue
        for uplift in np.geomspace(0.02, most, n_points):
            size = customers_per_arm(base, base * (1 + uplift), power=plan.power, alpha=plan.alpha)
            if not isinstance(size, NotAvailable):
                rows.append((event["event"], base, float(uplift), size, half, smallest))
    return pd.DataFrame(rows, columns=["event", "base", "uplift", "per_arm", "at_hand", "smallest"])
