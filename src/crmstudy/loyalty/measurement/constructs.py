"""Which constructs are measured, how they are called in print, and their complete answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.respondents import collect_answers, refuse_degenerate
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.model.specify import Construct, StructuralModel, build_model

QUESTIONNAIRE = "questionnaire"


def build_measurement_model(
    instrument: Mapping[str, Any], *, model: StructuralModel | NotAvailable | None = None
) -> StructuralModel:
    """Build a model of constructs that all covary: a confirmatory factor analysis.

    Parameters
    ----------
    instrument : mapping
        ``constructs`` as study.yml gives them.
    model : StructuralModel, optional
        Whose constructs, items and residual covariances of items are kept while its paths
        are dropped. Without one, or where there is none to be had, all constructs of the
        instrument with all their items.

    Raises
    ------
    ModelError
        If study.yml names no construct, or one that cannot be written down.
    """
    if isinstance(model, StructuralModel):
        return drop_paths(model)
    if not instrument["constructs"]:
        raise ModelError("study.yml names no construct under instrument")
    return build_model(instrument["constructs"], {QUESTIONNAIRE: {}}, QUESTIONNAIRE)


def drop_paths(model: StructuralModel) -> StructuralModel:
    """Keep constructs and items of a model, and let all constructs covary instead."""
    kept = tuple(pair for pair in model.covariances if pair[0] in model.items)
    return StructuralModel(model.constructs, (), f"constructs of {model.name}".rstrip(), kept)


def choose_basis(*results: SemResult | NotAvailable) -> SemResult | NotAvailable:
    """Choose whose estimates are read: the first of several models that is admissible.

    For loadings the measurement model comes first, then the structural one: its paths
    restrict how constructs correlate, so that it may be admissible where the other is not.
    Where none is, the first that was estimated, whose gate says why.
    """
    there = [each for each in results if isinstance(each, SemResult)]
    shown = [each for each in there if each.admissible]
    if there:
        return (shown or there)[0]
    return results[0] if results else NotAvailable("no model was given")


def name_in_print(constructs: Iterable[Construct]) -> dict[str, str]:
    """Map the name of every construct to its label; to the name where labels do not tell."""
    labels = {each.name: each.label or each.name for each in constructs}
    every = list(labels.values())
    return {name: name if every.count(label) > 1 else label for name, label in labels.items()}


def collect_complete(answers: pd.DataFrame, constructs: Sequence[Construct]) -> pd.DataFrame:
    """Take the answers to all items of the constructs, without respondents who skipped one.

    Rows are sorted, so that sums come out equal to the last bit in any order of respondents.

    Raises
    ------
    ModelError
        If an item is no column or constant, or no more respondents are complete than
        there are items.
    DataError
        If an answer is not a number.
    """
    model = StructuralModel(tuple(constructs), ())
    given = collect_answers(answers, model)
    complete = given.dropna()
    refuse_degenerate(complete, model, n_dropped=len(given) - len(complete))
    return complete.sort_values(list(model.items), ignore_index=True, kind="stable")
