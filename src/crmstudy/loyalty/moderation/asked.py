"""What study.yml asks about: the constructs of the question and the moderators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import Construct, StructuralModel


def find_construct(
    instrument: Mapping[str, Any],
    question: str,
    *,
    model: StructuralModel | NotAvailable | None = None,
) -> Construct:
    """Find the construct that a question is about, with the items the model gives it.

    Parameters
    ----------
    instrument : mapping
        ``constructs`` and ``focus`` as study.yml gives them.
    question : str
        ``"satisfaction"``, ``"loyalty"``, ...
    model : StructuralModel, optional
        The chapter's model; a construct it does not hold has the instrument's items.

    Raises
    ------
    ModelError
        If study.yml does not say which construct is meant.
    """
    name = instrument.get("focus", {}).get(question, "")
    if not name:
        raise ModelError(
            f"study.yml does not say which construct is {question} (instrument: focus: {question})"
        )
    spec = instrument["constructs"][name]
    if isinstance(model, StructuralModel):
        for construct in model.constructs:
            if construct.name == name:
                return Construct(name, construct.items, construct.label or spec["label"])
    return Construct(name, spec["items"], spec["label"])


def name_label(construct: Construct) -> str:
    """Name a construct in print."""
    return construct.label or construct.name
