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
            f"{('MODEL', 'RIVAL')[min(position, 1)]}: no model {name!r} in study.yml"
            f"{nearest(name, models)}; known: {', '.join(models)}"
        )
    spec = {key: value for key, value in models[name].items() if key != "note"}
    return build_model(instrument["constructs"], {name: spec}, name)


@passes_absence
def tabulate_instrument(
    instrument: Mapping[str, Mapping[str, Any]], survey: pd.DataFrame
) -> pd.DataFrame:
    """Arrange the items that the survey holds, as a reader wants them.

    Parameters
    ----------
    instrument : mapping
        ``{item: {"construct", "label", "text", "minimum", "maximum", "reverse", "roles",
        "missing"}}``, as :meth:`crmstudy.instrument.Instrument.table` gives it.

    Returns
    -------
    DataFrame
        ``item, construct`` (its label), ``wording, scale, reversed, asks for`` (the
        item's role) and ``missing codes``; the last two only where some item has one.

    Raises
    ------
    SettingsError
        If the survey holds no item of the instrument.
    """
    held = {item: spec for item, spec in instrument.items() if item in survey}
    if not held:
        raise SettingsError("study.yml names no item of the survey under instrument")
    rows = [
        {
            "item": item,
            "construct": spec.get("label") or spec["construct"] or "none",
            "wording": spec["text"] or "not given",
            "scale": f"{spec['minimum']:g}–{spec['maximum']:g}",
            "reversed": "yes" if spec["reverse"] else "no",
            "asks for": "; ".join(role.replace("_", " ") for role in spec.get("roles", ())),
            "missing codes": "; ".join(f"{code:g}" for code in spec.get("missing", ())),
        }
        for item, spec in held.items()
    ]
    table = pd.DataFrame(rows)
    empty = [name for name in ("asks for", "missing codes") if not table[name].any()]
    return table.drop(columns=empty).replace({"asks for": {"": "–"}, "missing codes": {"": "none"}})


def tabulate_models(instrument: Mapping[str, Any]) -> pd.DataFrame | NotAvailable:
    """Arrange the models of an instrument: their paths, items that differ, and note.

    Constructs are called by their labels.
    """
    label = {name: spec["label"] for name, spec in instrument["constructs"].items()}
    rows = [
        {
            "model": name,
            "paths": "; ".join(
                f"{label[source]} → {label[target]}" for source, target in spec["paths"]
            )
            or "none",
            "own items": "; ".join(
                f"{label[construct]}: {', '.join(items)}"
                for construct, items in spec["items"].items()
            )
            or "none",
            "note": spec["note"] or "none",
        }
        for name, spec in instrument["models"].items()
    ]
    return pd.DataFrame(rows) if rows else NotAvailable("study.yml names no model")
