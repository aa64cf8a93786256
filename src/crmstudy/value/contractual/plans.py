"""Retention of every plan: fitted, and beside it what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.shares import wilson_limits
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.contractual.contracts import Contracts
from crmstudy.value.contractual.retention import (
    ConstantRetention,
    Retention,
    RetentionResult,
    fit_constant_retention,
    fit_retention,
)

STAGE = 105


@dataclass(frozen=True, eq=False)
class PlanRetention:
    """One retention model a plan.

    Parameters
    ----------
    contracts : Contracts
        What the models were fitted to.
    models : mapping of str to RetentionResult, ConstantRetention or NotAvailable
        By plan: the shifted-beta-geometric model; one rate for all where customers do not
        differ enough for it; nothing, with the reason, where there is too little.
    fallbacks : mapping of str to str
        Plans with one rate for all, and why.
    """

    contracts: Contracts
    models: Mapping[str, RetentionResult | ConstantRetention | NotAvailable]
    fallbacks: Mapping[str, str]

    def of_plan(self, plan: str) -> Retention | None:
        """Model of one plan; None where there is none."""
        found = self.models.get(plan)
        return None if found is None or isinstance(found, NotAvailable) else found

    @property
    def checks(self) -> tuple[Check, ...]:
        """Checks of every fitted model, named by plan."""
        return tuple(
            Check(
                f"{plan}: {check.name}",
                check.passed,
                check.statistic,
                check.threshold,
                check.source,
                check.consequence,
            )
            for plan, model in self.models.items()
            if isinstance(model, RetentionResult)
            for check in model.checks
        )

    def table(self) -> pd.DataFrame:
        """One row a plan: contracts, model, parameters, and whether customers differ."""
        return pd.DataFrame([self._describe(plan) for plan in self.contracts.plans])

    def _describe(self, plan: str) -> dict[str, Any]:
        rows, model = self.contracts.of_plan(plan), self.models[plan]
        known = {
            "plan": plan,
            "billed by": rows["period"].iloc[0],
            "contracts": len(rows),
            "ended": int(rows["ended"].sum()),
        }
        if isinstance(model, NotAvailable):
            return {**known, **_NO_MODEL, "model": str(model)}
        if isinstance(model, ConstantRetention):
            mean = {"mean probability of leaving": model.leaving}
            return {**known, **_NO_MODEL, **mean, "model": model.model}
        gamma, delta = model.estimates.values.tolist()
        return {
            **known,
            "model": model.model,
            "gamma": gamma,
            "delta": delta,
            "mean probability of leaving": gamma / (gamma + delta),
            "polarisation": model.polarisation,
            "p, no difference": model.difference.p_value,
        }

    def curve(
        self, *, seed: int, periods: int = 0, n_replicates: int = 400, level: float = 0.95
    ) -> pd.DataFrame:
        """Retention and survival by renewal, observed, fitted and projected.

        Parameters
        ----------
        seed : int
            Seed of the study, for the band of the fitted curve.
        periods : int
            Renewals to show; 0 takes half as many again as were observed.

        Returns
        -------
        DataFrame
            ``plan``, ``renewal``, ``at risk``, ``renewed``; ``retention`` with
            ``retention lower`` and ``retention upper`` (Wilson); ``fitted retention``;
            ``survival`` with its limits (Kaplan & Meier); ``fitted survival`` with its
            limits (draws of the parameters). Missing where nothing was observed, or
            nothing could be fitted.
        """
        frames = [
            curve_of_plan(
                self.contracts.renewals(plan),
                self.of_plan(plan),
                periods=periods,
                seed=seed_of_plan,
                n_replicates=n_replicates,
                level=level,
            ).assign(plan=plan)
            for plan, seed_of_plan in zip(
                self.contracts.plans,
                draw_seeds(seed, stage=STAGE, n=len(self.contracts.plans)),
                strict=True,
            )
            if len(self.contracts.renewals(plan))
        ]
        if not frames:
            raise ModelError("no contract has come up for renewal yet")
        joined = pd.concat(frames, ignore_index=True)
        return joined[["plan", *joined.columns.drop("plan")]]

    def to_metrics(self) -> dict[str, float]:
        """Numbers of contracts, and parameters by plan (their position in the table)."""
        found: dict[str, float] = dict(self.contracts.to_metrics())
        for position, plan in enumerate(self.contracts.plans, start=1):
            model = self.models[plan]
            if isinstance(model, NotAvailable):
                continue
            prefix = f"plan_{position}"
            if isinstance(model, RetentionResult):
                found |= {f"{prefix}_{name}": value for name, value in model.to_metrics().items()}
            else:
                found[f"{prefix}_mean_leaving"] = model.leaving
        return found


_NO_MODEL = {
    "model": "",
    "gamma": np.nan,
    "delta": np.nan,
    "mean probability of leaving": np.nan,
    "polarisation": np.nan,
    "p, no difference": np.nan,
}


@passes_absence
def fit_plans(contracts: Contracts) -> PlanRetention:
    """Fit a retention model to every plan.

    A plan whose customers do not differ enough for the shifted-beta-geometric model gets
    one rate for all instead, and the reason is kept.

    Raises
    ------
    ModelError
        If no plan has enough contracts and endings.
    """
    models: dict[str, RetentionResult | ConstantRetention | NotAvailable] = {}
    fallbacks: dict[str, str] = {}
    for plan in contracts.plans:
        renewals = contracts.renewals(plan)
        try:
            models[plan] = fit_retention(renewals)
        except ModelError as refusal:
            try:
                models[plan] = fit_constant_retention(renewals)
                fallbacks[plan] = str(refusal)
            except ModelError as reason:
                models[plan] = NotAvailable(str(reason))
    if all(isinstance(model, NotAvailable) for model in models.values()):
        raise ModelError(_join_reasons(models))
    return PlanRetention(contracts, models, fallbacks)


def _join_reasons(models: Mapping[str, Any]) -> str:
    if len(models) == 1:
        return next(iter(models.values())).reason
    return "; ".join(f"{plan}: {model.reason}" for plan, model in models.items())


def curve_of_plan(
    renewals: pd.DataFrame,
    model: Retention | None,
    *,
    periods: int = 0,
    seed: int,
    n_replicates: int = 400,
    level: float = 0.95,
) -> pd.DataFrame:
    """Retention and survival of one plan, see :meth:`PlanRetention.curve`."""
    longest = periods or int(np.ceil(1.5 * renewals["renewal"].max()))
    times = np.arange(1, longest + 1)
    curve = pd.DataFrame({"renewal": times}).join(
        _observe(renewals, level).set_index("renewal"), on="renewal"
    )
    fitted = ("fitted retention", "fitted survival", "fitted lower", "fitted upper")
    curve[list(fitted)] = np.nan
    if model is None:
        return curve
    curve["fitted retention"], curve["fitted survival"] = (
        model.retention(times),
        model.survival(times),
    )
    if isinstance(model, RetentionResult):
        tail = (1 - level) / 2
        drawn = [law.survival(times) for law in model.draw(seed=seed, n=n_replicates)]
        limits = np.quantile(drawn, [tail, 1 - tail], axis=0)
        curve["fitted lower"], curve["fitted upper"] = limits
    return curve


def _observe(renewals: pd.DataFrame, level: float) -> pd.DataFrame:
    """Shares of those at risk who renewed, and the product of them."""
    reached = renewals[renewals["at_risk"] > 0]
    renewed = reached["at_risk"] - reached["ended"]
    lower, upper = wilson_limits(renewed, reached["at_risk"], confidence=level)
    observed = pd.DataFrame(
        {
            "renewal": reached["renewal"],
            "at risk": reached["at_risk"],
            "renewed": renewed,
            "retention": renewed / reached["at_risk"],
            "retention lower": lower,
            "retention upper": upper,
        }
    )
    return observed.merge(estimate_survival(reached, level=level), on="renewal")


def estimate_survival(renewals: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Estimate survival without a model, by Kaplan and Meier.

    Parameters
    ----------
    renewals : DataFrame
        ``renewal``, ``at_risk``, ``ended``.

    Returns
    -------
    DataFrame
        ``renewal``, ``survival``, ``survival lower``, ``survival upper``.

    References
    ----------
    Kaplan, E. L. & Meier, P. (1958). Nonparametric estimation from incomplete
    observations. J. American Statistical Association, 53(282), 457-481.
    """
    from lifelines import KaplanMeierFitter

    times = renewals["renewal"].to_numpy(np.float64)
    ended = renewals["ended"].to_numpy(np.float64)
    at_risk = renewals["at_risk"].to_numpy(np.float64)
    running = at_risk - ended - np.append(at_risk[1:], 0.0)
    counts = np.concatenate([ended, running])
    rows = counts > 0
    fitter = KaplanMeierFitter(alpha=1 - level).fit(
        np.tile(times, 2)[rows],
        np.repeat([True, False], times.size)[rows],
        timeline=times,
        weights=counts[rows],
    )
    limits = fitter.confidence_interval_.to_numpy()
    return pd.DataFrame(
        {
            "renewal": renewals["renewal"].to_numpy(),
            "survival": fitter.survival_function_.to_numpy()[:, 0],
            "survival lower": limits[:, 0],
            "survival upper": limits[:, 1],
        }
    )
