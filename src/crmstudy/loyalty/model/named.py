"""The models that a study's instrument names, and the items as a reader sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest, passes_absence
from crmstudy.loyalty.model.specify import StructuralModel, build_model


def name_model(instrument: Mapping[str, Any], wanted: str, *, position: int) -> str:
    """Settle which model is meant: the one named, else the first or second of study.yml.

    Returns ``none`` where study.yml has no model at that position.
    """
    known = list(instrument["models"])
    if wanted:
        return wanted
    return known[position] if position < len(known) else "none"


def build_named_model(
    instrument: Mapping[str, Any], wanted: str, *, position: int
) -> StructuralModel:
    """Build a model of the instrument.

    Parameters
    ----------
    instrument : mapping
        ``constructs`` and ``models`` as study.yml gives them.
    wanted : str
        Name of the model; empty takes the one at ``position``.

    Raises
    ------
    SettingsError
        If the named model does not exist.
    ModelError
        If study.yml names no model at that position.
    """
    models = instrument["models"]
    name = name_model(instrument, wanted, position=position)
    if name == "none":
        which = ("no model", "no rival model")[min(position, 1)]
        raise ModelError(f"study.yml names {which}")
    if name not in models:
        raise SettingsError(
            f"no model {name!r} in study.yml{nearest(name, models)}; known: {', '.join(models)}"
        )
    spec = {key: value for key, value in models[name].items() if key != "note"}
    return build_model(instrument["constructs"], {name: spec}, name)


@passes_absence
def tabulate_instrument(
    instrument: Mapping[str, Mapping[str, Any]], survey: pd.DataFrame
) -> pd.DataFrame:
    """Arrange the items that the survey holds: construct, wording, scale, reversed."""
    rows = [
        {
            "item": item,
            "construct": spec["construct"] or "none",
            "wording": spec["text"] or "not given",
            "scale": f"{spec['minimum']:g}–{spec['maximum']:g}",
            "reversed": "yes" if spec["reverse"] else "no",
        }
        for item, spec in instrument.items()
        if item in survey
    ]
    if not rows:
        raise SettingsError("study.yml names no item of the survey under instrument")
    return pd.DataFrame(rows)


def tabulate_models(instrument: Mapping[str, Any]) -> pd.DataFrame | NotAvailable:
    """Arrange the models of an instrument: their paths, items that differ, and note."""
    rows = [
        {
            "model": name,
            "paths": "; ".join(f"{source} -> {target}" for source, target in spec["paths"]),
            "own items": "; ".join(
                f"{construct}: {', '.join(items)}" for construct, items in spec["items"].items()
            )
            or "none",
            "note": spec["note"] or "none",
        }
        for name, spec in instrument["models"].items()
    ]
    return pd.DataFrame(rows) if rows else NotAvailable("study.yml names no model")
