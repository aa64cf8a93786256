"""The verdicts of a study drawn on one axis that all of them share."""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.exhibits import VERDICTS
from crmstudy.report.figures import _grid, _rows_height
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

#: Sign, colour and inside of each verdict: colour is never the only sign.
SIGNS = {
    "supported": ("o", COLOURS[0], COLOURS[0]),
    "contradicted": ("X", COLOURS[5], COLOURS[5]),
    "undecided": ("D", INK, "white"),
    "withheld": ("s", COLOURS[6], "white"),
    "not tested": ("|", QUIET, QUIET),
}
#: Half-widths of its interval at which an estimate is drawn at the edge.
FARTHEST = 8.0
WIDEST = 44


@passes_absence
def draw_verdicts(judged: pd.DataFrame) -> Figure | NotAvailable:
    """Draw every hypothesis by how many half-widths of its interval it lies from zero.

    Effects of different units share no axis. Divided by the half-width of their own 95%
    interval on the side of zero, and turned so that the expected sign is to the right, they
    do: beyond 1 the interval lies on the expected side of zero, below -1 on the other.

    Parameters
    ----------
    judged : DataFrame
        With columns hypothesis, statement, effect, lower, upper, verdict.
    """
    rows = judged.to_dict("records")
    if not rows:
        return NotAvailable("no hypothesis was judged")
    labels = [_label(str(row["hypothesis"]), str(row["statement"])) for row in rows]
    at = [measure_distance(row) for row in rows]
    with house_figure(7.0, 1.3 + _rows_height(labels, 0.3)) as (figure, axes):
        axes.axvspan(-1, 1, color="#F2F2F2", zorder=0)
        axes.axvline(0, color=QUIET, linewidth=1)
        for place, (row, distance) in enumerate(zip(rows, at, strict=True)):
            sign, colour, inside = SIGNS[str(row["verdict"])]
            if distance is None:
                axes.text(0, place, "no estimate", ha="center", va="center", fontsize=8, color=INK)
                continue
            shown = float(np.clip(distance, -FARTHEST, FARTHEST))
            axes.plot([shown - np.sign(shown), shown], [place] * 2, color=colour, linewidth=1.6)
            axes.plot([shown], [place], sign, color=colour, mfc=inside, markersize=7)
            if shown != distance:
                side = -1 if shown > 0 else 1
                axes.annotate(
                    f"{distance:.0f}".replace("-", "−"),
                    (shown, place),
                    xytext=(10 * side, 5),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7.5,
                )
        known = {str(row["verdict"]) for row, d in zip(rows, at, strict=True) if d is not None}
        for word in [word for word in VERDICTS if word in known]:
            sign, colour, inside = SIGNS[word]
            axes.plot([], [], sign, color=colour, mfc=inside, markersize=7, label=word)
        reach = max([2.5, *(abs(d) + 0.5 for d in at if d is not None)])
        axes.set_xlim(-min(reach, FARTHEST + 0.6), min(reach, FARTHEST + 0.6))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), labels, fontsize=8)
        axes.set_xlabel(
            "distance from zero, in half-widths of its own\n"
            "95% interval; expected direction to the right\n"
            "(shaded: the interval holds zero)"
        )
        if known:
            figure.legend(loc="outside lower center", ncols=4, fontsize=8)
        _grid(axes, "x")
    return figure


def _label(name: str, statement: str) -> str:
    """Write a hypothesis in few lines; a Chinese sign is twice as wide as a Latin letter."""
    text = f"{name}  {statement}"
    return fill(text, WIDEST if text.isascii() else WIDEST // 2, max_lines=3)


def measure_distance(row: dict[object, object]) -> float | None:
    """Measure an effect in half-widths of its interval on the side of zero, turned as expected.

    Positive where the effect has the expected sign, which ``expected sign`` tells.
    """
    effect, lower, upper = (float(row[k]) for k in ("effect", "lower", "upper"))  # type: ignore[arg-type]
    if not np.isfinite([effect, lower, upper]).all():
        return None
    half = effect - lower if effect > 0 else upper - effect
    turned = -1.0 if row.get("expected sign") in ("-", "−") else 1.0
    if half <= 0:
        return turned * float(np.sign(effect)) * FARTHEST
    return turned * effect / half
