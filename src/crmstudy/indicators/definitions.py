"""The twelve indicators of CRM performance as objects, and those that stand beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["larger", "smaller"]

BESIDE = "beside the hierarchy"
RETAINED = "retained customers: with an order in the window and in the period before it"
REPEATERS = "customers with two or more orders in the window"
BUYERS = "customers with an order in the window"
WINDOW = "the window"
BOTH = "the window and the period of equal length before it"
SURVEY = "the survey"
COUNTED = "none where a total is counted, not sampled; delta where booked to customers"


@dataclass(frozen=True)
class Indicator:
    """What is measured, in words, before it is measured.

    Parameters
    ----------
    name, label : str
        Its key in judgements and results, and its name for a reader.
    criterion : str
        Where it stands in the hierarchy.
    numerator, denominator : str
        What is divided by what.
    window : str
        The time it is measured over.
    unit : str
        Of the value.
    better : {"larger", "smaller"}
        Direction; costs and waiting are better smaller.
    interval : str
        How its interval is made.
    sources : tuple of str
        Canonical tables it is computed from.
    """

    name: str
    label: str
    criterion: str
    numerator: str
    denominator: str
    window: str
    unit: str
    better: Better
    interval: str
    sources: tuple[str, ...]


def _satisfaction(kind: str) -> Indicator:
    return Indicator(
        name=f"{kind}_satisfaction",
        label=f"{kind} satisfaction",
        criterion="satisfaction",
        numerator="respondents' mean answers to its items, rescaled to 0-100",
        denominator="respondents with an answer",
        window=SURVEY,
        unit="points of 100",
        better="larger",
        interval="t",
        sources=("survey",),
    )


def _cost(kind: str) -> Indicator:
    return Indicator(
        name=f"{kind}_cost",
        label=f"{kind} cost per customer",
        criterion="relationship_cost",
        numerator=f"bookings of type {kind} in the window",
        denominator=BUYERS,
        window="the window (months by their first day)",
        unit="money per customer",
        better="smaller",
        interval=COUNTED,
        sources=("costs", "transactions"),
    )


def _cost_of_retained(kind: str) -> Indicator:
    return Indicator(
        name=f"{kind}_cost_per_retained",
        label=f"{kind} cost per retained customer",
        criterion=BESIDE,
        numerator=f"bookings of type {kind} in the window",
        denominator=RETAINED,
        window=BOTH,
        unit="money per retained customer",
        better="smaller",
        interval=COUNTED,
        sources=("costs", "transactions"),
    )


def _ledger_share(
    name: str, label: str, numerator: str, denominator: str, window: str, criterion: str = "loyalty"
) -> Indicator:
    return Indicator(
        name=name,
        label=label,
        criterion=criterion,
        numerator=numerator,
        denominator=denominator,
        window=window,
        unit="share",
        better="larger",
        interval="Wilson" if criterion == "loyalty" else "delta, bootstrap beside it",
        sources=("transactions",),
    )


def _by_name(*listed: Indicator) -> dict[str, Indicator]:
    return {indicator.name: indicator for indicator in listed}


INDICATORS: dict[str, Indicator] = _by_name(
    _satisfaction("product"),
    _satisfaction("service"),
    _satisfaction("overall"),
    _ledger_share("repeat_purchase_rate", "repeat purchase rate", REPEATERS, BUYERS, WINDOW),
    Indicator(
        name="recommendation_rate",
        label="recommendation rate",
        criterion="loyalty",
        numerator="respondents whose recommendation answer lies in the upper part of its scale",
        denominator="respondents with an answer",
        window=SURVEY,
        unit="share",
        better="larger",
        interval="Wilson",
        sources=("survey",),
    ),
    _ledger_share(
        "retention_rate",
        "retention rate",
        "those of them with an order in the window",
        "customers with an order in the period of equal length before the window",
        BOTH,
    ),
    _cost("service"),
    _cost("care"),
    _cost("platform"),
    _ledger_share(
        "contribution_rate",
        "contribution rate of repeat customers",
        "revenue, less returns, from customers with two or more orders in the window",
        "revenue, less returns, from all customers in the window",
        WINDOW,
        "customer_value",
    ),
    Indicator(
        name="lifetime_value",
        label="customer lifetime value",
        criterion="customer_value",
        numerator="estimated lifetime values of all customers: expected margin to the horizon, "
        "discounted",
        denominator="customers",
        window="from the last day of the purchases to the horizon",
        unit="money per customer",
        better="larger",
        interval="t over customers; the model's own uncertainty is not in it",
        sources=("lifetime_values",),
    ),
    # The source's 客戶利潤率: a share of the firm's profit. The margin below is another number.
    _ledger_share(
        "profit_share",
        "profit share of repeat customers",
        "gross profit (revenue less cost of goods) from customers with two or more orders in the "
        "window",
        "the firm's gross profit from all customers in the window",
        WINDOW,
        "customer_value",
    ),
)

# Numbers that are taken for one of the twelve, or asked for with them: under their own names.
SUPPLEMENTS: dict[str, Indicator] = _by_name(
    Indicator(
        name="satisfied_share",
        label="satisfied customers (CSAT, upper two boxes)",
        criterion=BESIDE,
        numerator="respondents whose answer on overall satisfaction is one of the two highest",
        denominator="respondents with an answer",
        window=SURVEY,
        unit="share",
        better="larger",
        interval="Wilson",
        sources=("survey",),
    ),
    Indicator(
        name="net_promoter_score",
        label="net promoter score",
        criterion=BESIDE,
        numerator="promoters (9-10) less detractors (6 or less), times 100",
        denominator="respondents with an answer",
        window=SURVEY,
        unit="points, -100 to 100",
        better="larger",
        interval="t",
        sources=("survey",),
    ),
    _cost_of_retained("service"),
    _cost_of_retained("care"),
    _cost_of_retained("platform"),
    Indicator(
        name="lead_conversion_rate",
        label="conversion rate of leads",
        criterion=BESIDE,
        numerator="those of them that are won",
        denominator="leads recorded in the window",
        window=WINDOW,
        unit="share",
        better="larger",
        interval="Wilson",
        sources=("leads",),
    ),
    Indicator(
        name="visitor_conversion_rate",
        label="conversion rate of visitors",
        criterion=BESIDE,
        numerator="those of them with a purchase event",
        denominator="visitors of website and app in the window",
        window=WINDOW,
        unit="share",
        better="larger",
        interval="Wilson",
        sources=("web_events",),
    ),
    Indicator(
        name="campaign_response_rate",
        label="response rate of campaigns",
        criterion=BESIDE,
        numerator="those of them with a response",
        denominator="customers addressed by a campaign that began in the window, once a campaign",
        window=WINDOW,
        unit="share",
        better="larger",
        interval="Wilson",
        sources=("campaigns", "responses"),
    ),
    Indicator(
        name="first_response_time",
        label="median time to the first response",
        criterion=BESIDE,
        numerator="hours from opening a ticket to its first answer, the middle one",
        denominator="tickets opened in the window; an unanswered one waits longer than any",
        window=WINDOW,
        unit="hours",
        better="smaller",
        interval="order statistics (binomial)",
        sources=("contacts",),
    ),
    Indicator(
        name="profit_margin",
        label="profit margin",
        criterion=BESIDE,
        numerator="gross profit (revenue less cost of goods) in the window",
        denominator="revenue in the window",
        window=WINDOW,
        unit="share of revenue",
        better="larger",
        interval="delta, bootstrap beside it",
        sources=("transactions",),
    ),
)

HIERARCHY: dict[str, tuple[str, ...]] = {
    criterion: tuple(i.name for i in INDICATORS.values() if i.criterion == criterion)
    for criterion in dict.fromkeys(i.criterion for i in INDICATORS.values())
}
CATALOGUE: dict[str, Indicator] = {**INDICATORS, **SUPPLEMENTS}


def name_indicator(name: str) -> str:
    """Name an indicator for a reader; one that is not ours by its key's words."""
    return CATALOGUE[name].label if name in CATALOGUE else name.replace("_", " ")
