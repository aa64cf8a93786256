"""Sentences of chapter 04, made from its results."""

from __future__ import annotations

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import compose, number, percent
from crmstudy.value import (
    Concentration,
    GammaGammaResult,
    HoldoutComparison,
    LifetimeValue,
    PurchaseResult,
)


def read_value(
    purchases: PurchaseResult | NotAvailable,
    holdout: HoldoutComparison | NotAvailable,
    spend: GammaGammaResult | NotAvailable,
    values: LifetimeValue | NotAvailable,
    concentration: Concentration | NotAvailable,
) -> str:
    """Say how purchasing goes on, how well it is foretold and what customers are worth."""
    return compose(
        _say_purchases(purchases),
        _say_holdout(holdout),
        _say_spend(spend),
        _say_values(values),
        _say_concentration(concentration),
    )


@passes_absence
def _say_purchases(purchases: PurchaseResult) -> str:
    year = float(purchases.expected_purchases(52.0))
    return (
        f"A new customer is expected to make {number(year)} further purchases in the first "
        "52 weeks after the first one."
    )


@passes_absence
def _say_holdout(holdout: HoldoutComparison) -> str:
    metrics = holdout.to_metrics()
    actual, expected = metrics["holdout_actual"], metrics["holdout_expected"]
    if not actual:
        return (
            f"Nobody bought in the hold-out period; the model expected {expected:,.0f} purchases."
        )
    gap = percent(abs(expected / actual - 1))
    direction = "below" if expected < actual else "above"
    model, naive = metrics["mae_model"], metrics["mae_naive"]
    better = "smaller" if model < naive else "not smaller"
    return (
        f"In the hold-out period customers made {actual:,.0f} purchases; the model expected "
        f"{expected:,.0f}, {gap} {direction}. Its mean absolute error per customer, "
        f"{number(model)}, is {better} than that of the rule that everybody goes on at the past "
        f"rate, {number(naive)}."
    )


@passes_absence
def _say_spend(spend: GammaGammaResult) -> str:
    problems = failed(spend.checks)
    if not problems:
        return "The checks of the spend model hold."
    return " ".join(
        f"A check of the spend model fails: {check.name} (found {number(check.statistic)}, rule "
        f"{check.threshold}); {check.consequence}."
        for check in problems
    )


@passes_absence
def _say_values(values: LifetimeValue) -> str:
    metrics = values.to_metrics()
    return (
        f"Over {metrics['horizon_weeks']:,.0f} weeks, at a margin of "
        f"{percent(metrics['margin'], 0)} and {percent(metrics['annual_discount_rate'], 0)} "
        "discount a year, a customer is worth "
        f"{number(metrics['mean_lifetime_value'])} on average and "
        f"{number(metrics['median_lifetime_value'])} at the median."
    )


@passes_absence
def _say_concentration(concentration: Concentration) -> str:
    metrics = concentration.to_metrics()
    return (
        f"The top tenth of the customers brought {percent(metrics['top_decile_share'])} of the "
        f"revenue, the top fifth {percent(metrics['top_quintile_share'])} (Gini coefficient "
        f"{number(metrics['gini'])})."
    )
