"""Customers under contract, in sentences: who leaves, whether it is foretold, what stays."""

from __future__ import annotations

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    amount,
    compose,
    count_of,
    p_value,
    percent,
)
from crmstudy.value.contractual.contract_value import ContractValue
from crmstudy.value.contractual.plans import PlanRetention
from crmstudy.value.contractual.projection import Projection
from crmstudy.value.contractual.retention import RetentionResult

LEVEL = 0.05


def read_contractual(
    retention: PlanRetention | NotAvailable,
    projection: Projection | NotAvailable,
    value: ContractValue | NotAvailable,
    *,
    currency: str = "",
) -> str:
    """Say how many contracts ended, whether customers differ, and what the running are worth.

    Parameters
    ----------
    currency : str
        Name of the currency, behind amounts.
    """
    return compose(
        _say_contracts(retention),
        _say_plans(retention),
        _say_test(projection),
        _say_value(value, currency),
    )


@passes_absence
def _say_contracts(retention: PlanRetention) -> str:
    found = retention.contracts.to_metrics()
    contracts, ended = int(found["contracts"]), int(found["ended"])
    return (
        f"Of {count_of(contracts, 'contract')} {ended:,} had ended by {retention.contracts.until}."
    )


@passes_absence
def _say_plans(retention: PlanRetention) -> str:
    return " ".join(_say_plan(retention, plan) for plan in retention.contracts.plans)


def _say_plan(retention: PlanRetention, plan: str) -> str:
    model = retention.models[plan]
    name = "" if len(retention.contracts.plans) == 1 else f"Plan {plan}: "
    if isinstance(model, NotAvailable):
        return f"{name}no retention model, {model.reason}."
    if not isinstance(model, RetentionResult):
        return (
            f"{name}a customer leaves at a renewal with probability {percent(model.leaving)}; "
            "the data do not show that customers differ in it."
        )
    first, tenth = model.retention([1, 10]).tolist()
    test = model.difference
    differ = "customers differ" if test.p_value < LEVEL else "it is not shown that customers differ"
    return (
        f"{name}{percent(first)} renew when it is due for the first time, {percent(tenth)} of "
        f"those left are expected to do so at the tenth; {differ} ({p_value(test.p_value)})."
    )


@passes_absence
def _say_test(projection: Projection) -> str:
    found = projection.to_metrics()
    model, naive = found["mae_model"], found["mae_one_rate"]
    better = "smaller" if model < naive else "larger" if model > naive else "as large"
    than = "as" if better == "as large" else "than"
    return (
        f"Fitted up to {projection.calibration_end}, the model misses the share still running "
        f"afterwards by {percent(model)} of the contracts on average; that is {better} {than} the "
        f"error of one rate for all, {percent(naive)}."
    )


@passes_absence
def _say_value(value: ContractValue, currency: str) -> str:
    found = value.to_metrics()
    contracts = int(found["contracts"])
    ahead = (
        f"Over {count_of(round(found['horizon_weeks']), 'week')}"
        if found["horizon_weeks"]
        else "Without an end"
    )
    said = (
        f"{ahead} the renewals of {count_of(contracts, 'running contract')} are worth "
        f"{amount(found['total_value'], currency)}, {amount(found['mean_value'], currency)} a "
        "contract."
    )
    if value.unvalued:
        left = count_of(value.unvalued, "running contract")
        said += (
            f" {left} without a fee or a model {'is' if value.unvalued == 1 else 'are'} not in it."
        )
    return said
