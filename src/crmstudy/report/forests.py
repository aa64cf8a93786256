"""Direct, indirect and total effects beside each other, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.figures import _grid, _rows_height, _thousands
from crmstudy.report.gains import _wrap
from crmstudy.report.theme import COLOURS, QUIET, Figure, house_figure

#: Sign and colour of each effect; colour is never the only sign.
SIGNS = {
    "direct": ("o", COLOURS[0], COLOURS[0]),
    "indirect": ("s", COLOURS[5], "white"),
    "total": ("D", "#333333", "#333333"),
}
INTERVALS = ("BCa", "percentile", "delta")


@passes_absence
def draw_effect_forest(
    effects: pd.DataFrame, *, x_label: str, to: Sequence[str] = (), n: int
) -> Figure | NotAvailable:
    """Draw what each construct does to each other: directly, through others, altogether.

    Parameters
    ----------
    effects : DataFrame
        As :func:`crmstudy.loyalty.structure.intervals.tabulate_effects` gives it; BCa
        intervals are drawn where there are any, else the delta method's.
    x_label : str
        What the effects are, with their unit.
    to : sequence of str
        Only effects on these constructs, by label; empty draws all.
    n : int
        Respondents.
    """
    drawn = effects[effects["to"].isin(list(to))] if to else effects
    if drawn.empty:
        return NotAvailable(f"no construct acts on {' or '.join(to)}")
    kind = next(each for each in INTERVALS if f"{each} lower" in effects)
    pairs = list(dict.fromkeys(zip(drawn["from"], drawn["to"], strict=True)))
    labels = _wrap([f"{source} → {target}" for source, target in pairs])
    parts = [drawn[(drawn["from"] == source) & (drawn["to"] == target)] for source, target in pairs]
    with house_figure(7.0, 1.25 + _rows_height(labels, 0.46)) as (figure, axes):
        axes.axvline(0, color=QUIET, linewidth=1)
        used = [_draw_pair(axes, row, part, kind) for row, part in enumerate(parts)]
        for name, (sign, colour, inside) in SIGNS.items():
            if any(name in each for each in used):
                axes.plot([], [], sign, color=colour, mfc=inside, markersize=5.5, label=name)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        for row in range(1, len(labels)):
            axes.axhline(row - 0.5, color="#EEEEEE", linewidth=0.8)
        axes.xaxis.set_major_formatter(_thousands)
        axes.set_xlabel(f"{x_label}\n(n = {n:,}; line: {kind} interval)")
        figure.legend(loc="outside lower center", ncols=3, fontsize=8)
        _grid(axes, "x")
    return figure


def _draw_pair(axes: Any, row: int, part: pd.DataFrame, kind: str) -> list[str]:
    """Draw the effects between two constructs under each other; tell which there are."""
    chosen = _choose(part)
    offsets = np.linspace(-0.25, 0.25, 3)[: len(chosen)] if len(chosen) > 1 else [0.0]
    for (name, values), offset in zip(chosen.items(), offsets, strict=True):
        sign, colour, inside = SIGNS[name]
        at = row + offset + (0.125 if len(chosen) == 2 else 0.0)
        ends = [values[f"{kind} lower"], values[f"{kind} upper"]]
        axes.plot(ends, [at, at], color=colour, linewidth=1.6)
        axes.plot([values["estimate"]], [at], sign, color=colour, mfc=inside, markersize=5.5)
    return list(chosen)


def _choose(part: pd.DataFrame) -> dict[str, Any]:
    """Choose the direct effect, the sum of the indirect ones, and the total."""
    rows: dict[str, Any] = {row["effect"]: row for row in part.to_dict("records")}
    direct, indirect = rows.get("direct"), rows.get("total indirect", rows.get("indirect"))
    total = rows.get("total") if direct else None  # else it is the indirect effect again
    found = {"direct": direct, "indirect": indirect, "total": total}
    return {name: row for name, row in found.items() if row is not None}
