"""What running contracts are worth: fee, margin, and the renewals to expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.contractual.contracts import DAYS_A_MONTH, MONTHS
from crmstudy.value.contractual.plans import PlanRetention
from crmstudy.value.contractual.retention import Retention, RetentionResult

Floats = npt.NDArray[np.float64]

STAGE = 106
DAYS_A_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class ContractValue:
    """Value of the contracts that run.

    Parameters
    ----------
    contracts : DataFrame
        ``subscription_id``, ``customer_id``, ``plan``, ``fee``, ``renewals``,
        ``expected_renewals`` (within the horizon, discounted) and ``contract_value``
        (margin x fee x expected renewals).
    plans : DataFrame
        ``plan``, ``contracts``, ``mean fee``, ``mean expected renewals``, ``mean value``,
        ``total value`` with ``lower`` and ``upper`` (draws of the parameters), ``expected
        periods of a new contract`` (discounted, the first included) and ``value of a new
        contract``.
    horizon_weeks, annual_discount_rate, margin : float
        As they were asked for; no horizon is 0.
    unvalued : int
        Running contracts without a fee or a model, left out.
    """

    contracts: pd.DataFrame
    plans: pd.DataFrame
    horizon_weeks: float
    annual_discount_rate: float
    margin: float
    unvalued: int

    @property
    def by_customer(self) -> pd.Series:
        """Value of each customer's contracts, indexed by customer."""
        return self.contracts.groupby("customer_id", sort=True)["contract_value"].sum()

    def table(self) -> pd.DataFrame:
        """One row a plan."""
        return self.plans.copy()

    def to_metrics(self) -> dict[str, float]:
        """Contracts valued, their sum and mean, and the settings."""
        value = self.contracts["contract_value"]
        return {
            "contracts": len(value),
            "unvalued": self.unvalued,
            "horizon_weeks": self.horizon_weeks,
            "annual_discount_rate": self.annual_discount_rate,
            "margin": self.margin,
            "total_value": float(value.sum()),
            "mean_value": float(value.mean()),
        }


@passes_absence
def value_contracts(
    retention: PlanRetention,
    *,
    horizon_weeks: float,
    annual_discount_rate: float,
    margin: float,
    seed: int,
    n_replicates: int = 400,
    level: float = 0.95,
) -> ContractValue:
    """Value the future renewals of every running contract.

    A renewal due in t years counts ``margin * fee * P(renewed) / (1 + rate)^t``; the
    period already paid for is not in it. Given n renewals so far, the k-th one ahead
    comes with probability ``S(n + k) / S(n)``.

    Parameters
    ----------
    retention : PlanRetention
        Fitted plans; the contracts are valued as they stood on their last day.
    horizon_weeks : float
        How far to look ahead; 0 never stops.
    annual_discount_rate : float
        Effective rate a year, for instance 0.10; above 0 without a horizon.
    margin : float
        Share of a fee that is profit, in (0, 1].

    Raises
    ------
    SettingsError
        If a parameter is out of its range.
    ModelError
        If no running contract has a fee and a model.
    """
    _check_settings(horizon_weeks, annual_discount_rate, margin)
    rows = retention.contracts.rows
    running = rows[~rows["ended"]].copy()
    running["expected_renewals"] = np.nan
    totals: dict[str, npt.NDArray[Any]] = {}
    new: dict[str, float] = {}
    plans = retention.contracts.plans
    for plan, draws in zip(plans, draw_seeds(seed, stage=STAGE, n=len(plans)), strict=True):
        model = retention.of_plan(plan)
        of_plan = running[running["plan"] == plan]
        if model is None or of_plan.empty:
            continue
        expect = _Expectation(of_plan, horizon_weeks, annual_discount_rate)
        running.loc[of_plan.index, "expected_renewals"] = expect.of_model(model)
        new[plan] = expect.of_new(model)
        totals[plan] = expect.totals(model, seed=draws, n=n_replicates)
    running["contract_value"] = margin * running["fee"] * running["expected_renewals"]
    valued = running.dropna(subset=["contract_value"])
    if valued.empty:
        raise ModelError("no running contract has both a fee and a fitted retention model")
    names = ["subscription_id", "customer_id", "plan", "fee", "renewals"]
    return ContractValue(
        contracts=valued[[*names, "expected_renewals", "contract_value"]].reset_index(drop=True),
        plans=_summarise(valued, totals, new, margin, level),
        horizon_weeks=horizon_weeks,
        annual_discount_rate=annual_discount_rate,
        margin=margin,
        unvalued=len(running) - len(valued),
    )


class _Expectation:
    """Discounted expected renewals of the running contracts of one plan."""

    def __init__(self, running: pd.DataFrame, horizon_weeks: float, rate: float) -> None:
        months = MONTHS[running["period"].iloc[0]]
        self._force = np.log1p(rate) / DAYS_A_YEAR
        self._days = months * DAYS_A_MONTH
        self._horizon = horizon_weeks * 7
        self._wait = running["wait_days"].to_numpy(np.float64)
        self._fee = running["fee"].fillna(0.0).to_numpy(np.float64)
        self._behind, self._at = np.unique(running["renewals"], return_inverse=True)

    def of_model(self, model: Retention) -> Floats:
        """Expected discounted renewals of each contract."""
        if not self._horizon:
            discount = np.expm1(self._force * self._days)
            lifetime = model.residual_lifetime(self._behind, discount=float(discount))
            return np.asarray(np.exp(-self._force * self._wait) * lifetime[self._at])
        most = int((self._horizon - self._wait.min()) // self._days) + 1
        return self._sum(self._shares(model, max(most, 0)), most)

    def of_new(self, model: Retention) -> float:
        """Expected discounted periods of a contract signed today, the first one included."""
        if not self._horizon:
            discount = float(np.expm1(self._force * self._days))
            later = float(model.residual_lifetime(0, discount=discount))
            return 1 + later / (1 + discount)
        times = np.arange(int(self._horizon // self._days) + 1)
        weights = np.exp(-self._force * self._days * times)
        return float((weights * model.survival(times)).sum())

    def totals(self, model: Retention, *, seed: int, n: int) -> Floats:
        """Sum of fee times expected renewals, at parameters drawn around the estimates."""
        if not isinstance(model, RetentionResult):
            return np.array([float((self._fee * self.of_model(model)).sum())])
        laws = model.draw(seed=seed, n=n)
        return np.array([float((self._fee * self.of_model(law)).sum()) for law in laws])

    def _shares(self, model: Retention, most: int) -> Floats:
        """P(renewed k times more) by renewals so far (rows) and k (columns)."""
        ahead = self._behind[:, None] + np.arange(1, most + 1)
        return model.survival(ahead) / model.survival(self._behind)[:, None]

    def _sum(self, shares: Floats, most: int) -> Floats:
        # The last renewal may fall into the horizon for some contracts and not for others.
        found = np.zeros(self._wait.size)
        for k in range(most):
            due = self._wait + k * self._days
            weight = np.where(due <= self._horizon, np.exp(-self._force * due), 0.0)
            found += weight * shares[self._at, k]
        return found


def _summarise(
    valued: pd.DataFrame,
    totals: dict[str, npt.NDArray[Any]],
    new: dict[str, float],
    margin: float,
    level: float,
) -> pd.DataFrame:
    tail = (1 - level) / 2
    rows = []
    for plan, group in valued.groupby("plan", sort=True):
        lower, upper = np.quantile(margin * totals[str(plan)], [tail, 1 - tail])
        single = totals[str(plan)].size == 1
        rows.append(
            {
                "plan": plan,
                "contracts": len(group),
                "mean fee": float(group["fee"].mean()),
                "mean expected renewals": float(group["expected_renewals"].mean()),
                "mean value": float(group["contract_value"].mean()),
                "total value": float(group["contract_value"].sum()),
                "lower": np.nan if single else float(lower),
                "upper": np.nan if single else float(upper),
                "expected periods of a new contract": new[str(plan)],
                "value of a new contract": margin * float(group["fee"].mean()) * new[str(plan)],
            }
        )
    return pd.DataFrame(rows)


def _check_settings(horizon_weeks: float, annual_discount_rate: float, margin: float) -> None:
    for name, value, rule, fits in (
        ("horizon_weeks", horizon_weeks, "0 (none) or more", 0 <= horizon_weeks < np.inf),
        (
            "annual_discount_rate",
            annual_discount_rate,
            "0 or more and below 10, and above 0 without a horizon",
            0 <= annual_discount_rate < 10 and (annual_discount_rate > 0 or horizon_weeks > 0),
        ),
        ("margin", margin, "above 0 and at most 1", 0 < margin <= 1),
    ):
        if not fits:
            raise SettingsError(f"{name} must be {rule}, found {value}")
