"""The reading of chapter 04 as a whole: one sentence of each of its parts."""

from __future__ import annotations

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.value.lifecycle import say_last_stages
from crmstudy.report.sentences.value.lifetime import say_total
from crmstudy.report.sentences.value.recommendation import say_task
from crmstudy.report.sentences.value.validation import say_choice
from crmstudy.report.sentences.value.warning import say_skill
from crmstudy.report.sentences.value.worth import say_concentration, say_parts
from crmstudy.report.sentences.words import compose
from crmstudy.value import (
    Assessment,
    ConcentrationBounds,
    Lifecycle,
    LifetimeIntervals,
    ModelChoice,
    RecommendationTrial,
    ValueDecomposition,
)


def read_value(
    choice: ModelChoice | NotAvailable,
    intervals: LifetimeIntervals | NotAvailable,
    worth: ValueDecomposition | NotAvailable,
    concentration: ConcentrationBounds | NotAvailable,
    lifecycle: Lifecycle | NotAvailable,
    assessment: Assessment | NotAvailable,
    trial: RecommendationTrial | NotAvailable,
    *,
    currency: str,
    datasets: tuple[str, str],
) -> str:
    """Sum up the chapter: model, value, concentration, stages, warning and recommendation.

    What is not available is named by its part.

    Parameters
    ----------
    currency : str
        Name of the currency.
    datasets : tuple of str
        Data set of the models of value, and that of early warning and recommendation.
    """
    first, second = datasets
    other = "" if first == second else f"What follows rests on {second}, not on {first}."
    parts: dict[str, str | NotAvailable] = {
        "Purchase model": say_choice(choice),
        "Model of lifetime value": _say_stand_in(choice, intervals),
        "Lifetime value": say_total(intervals, currency),
        "Basic, added and potential value": say_parts(worth, currency),
        "Concentration": say_concentration(concentration),
        "Lifecycle": say_last_stages(lifecycle),
        "Data": other,
        "Early warning": say_skill(assessment),
        "Recommendation": _say_recommendation(trial),
    }
    said = (
        f"{name}: {part}." if isinstance(part, NotAvailable) else part
        for name, part in parts.items()
    )
    return "\n\n".join(filter(None, said))


def _say_stand_in(
    choice: ModelChoice | NotAvailable, intervals: LifetimeIntervals | NotAvailable
) -> str:
    """Say when lifetime value rests on another model than the chosen one."""
    if isinstance(choice, NotAvailable) or isinstance(intervals, NotAvailable):
        return ""
    model = intervals.values.model
    if model in ("", choice.result.model):
        return ""
    return (
        f"From the whole period the {choice.result.model} model cannot be estimated; lifetime "
        f"value rests on the {model} model, which the hold-out did not tell apart from it."
    )


def _say_recommendation(trial: RecommendationTrial | NotAvailable) -> str | NotAvailable:
    if isinstance(trial, NotAvailable):
        return trial
    return compose(*(say_task(trial, task) for task in trial.tasks))
