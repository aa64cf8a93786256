"""Pictures of the indicators: a dot profile of one firm, and units side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor, log10
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.indicators.definitions import CATALOGUE, INDICATORS, Better, Indicator
from crmstudy.indicators.differences import UnitDifferences
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.table import IndicatorTable
from crmstudy.indicators.unit_table import UnitIndicators
from crmstudy.report.figures import Axes
from crmstudy.report.sentences.words import p_value
from crmstudy.report.tables import format_value, spell
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: Characters of a reason in one line of its row, and lines at most.
REASON_WIDTH, REASON_LINES = 72, 2
#: Where a row's label ends, its scale (from 0 to 1) begins, and its value is written.
LABEL_AT, VALUE_AT, LEFT_END, RIGHT_END = -0.14, 1.18, -1.14, 2.02
#: Markers at the better end of a scale.
BETTER_END = {"larger": (">", 1.0), "smaller": ("<", 0.0)}
SIDE = {"larger": "larger is better", "smaller": "smaller is better"}
SHADE = "RdBu"
#: Units beside each other whose values are still written flat.
MOST_FLAT = 12


@dataclass(frozen=True)
class _Row:
    """One line of the dot profile: a criterion's name, or an indicator of it."""

    label: str
    indicator: Indicator | None = None
    found: Measurement | NotAvailable | None = None


@passes_absence
def draw_indicator_profile(measured: IndicatorTable, *, currency: str = "") -> Figure:
    """Draw every indicator as a dot with its interval, each on a scale of its own.

    Shares and points have the ends of their scale, money runs from 0 to a round number
    above it. A triangle stands at the better end. What is not available stands in its place
    with the reason.

    Parameters
    ----------
    measured : IndicatorTable
        The twelve indicators of a firm.
    currency : str
        Name of the currency, for amounts.
    """
    rows = list(_list_rows(measured))
    with house_figure(7.2, 0.5 + 0.3 * len(rows)) as (figure, axes):
        for place, row in enumerate(rows):
            _draw_row(axes, place, row, currency)
        axes.set(xlim=(LEFT_END, RIGHT_END), ylim=(len(rows) + 0.2, -0.6))
        axes.axis("off")
        levels = [f"; line: {level:.0%} interval" for level in _levels(measured)]
        said = f"dot: value{''.join(levels[:1])}; triangle: the better end of the scale"
        axes.text(0.5, len(rows), said, fontsize=8, ha="center", va="center")
    return figure


def draw_unit_profile(
    units: UnitIndicators | NotAvailable,
    *,
    currency: str = "",
    differences: UnitDifferences | NotAvailable | None = None,
) -> Figure | NotAvailable:
    """Draw the indicators of several units as a table shaded by how good they are.

    The cells hold the values; the shade is the distance to the mean of the units in
    standard deviations, turned round where smaller is better.

    Parameters
    ----------
    units : UnitIndicators or NotAvailable
        Measured units; the indicators known of all of them are drawn.
    currency : str
        Name of the currency, for amounts.
    differences : UnitDifferences, optional
        Test of the units' differences; an indicator they may be due to chance in says so.

    Raises
    ------
    ModelError
        If no indicator is known of every unit.
    """
    if isinstance(units, NotAvailable):
        return units
    matrix = units.matrix()
    shade = standardise(matrix, units.directions)
    limit = max(1.0, float(np.abs(shade.to_numpy()).max()))
    turned = len(matrix) > 6 and max(len(str(unit)) for unit in matrix.index) > 6
    names = [
        _name_unit(str(unit), units.counts[str(unit)], len(matrix), turned) for unit in matrix.index
    ]
    chance = differences.within_chance if isinstance(differences, UnitDifferences) else {}
    labels = [_label_scale(CATALOGUE[name], currency, chance.get(name)) for name in matrix.columns]
    row = max(0.48, 0.17 * max(label.count("\n") + 1 for label in labels))
    height = 1.6 + row * len(labels) + (0.5 if turned else 0.0)
    with house_figure(7.2, height) as (figure, axes):
        image = axes.imshow(shade.T, cmap=SHADE, vmin=-limit, vmax=limit, aspect="auto")
        _write_cells(axes, matrix, shade.to_numpy() / limit)
        axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
        axes.set_xticks(range(len(names)), names, fontsize=8)
        if turned:
            axes.set_xticks(
                range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor"
            )
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel(f"{units.unit_label} (n: customers with an order)")
        bar = figure.colorbar(image, ax=axes, location="top", shrink=0.7, aspect=40, pad=0.03)
        bar.set_label("standard deviations worse (−) or better (+) than the mean of the units")
        bar.outline.set_visible(False)
        bar.ax.xaxis.set_major_formatter(_signed)
        bar.ax.tick_params(length=0, labelsize=8)
    return figure


def standardise(matrix: pd.DataFrame, directions: dict[str, Better]) -> pd.DataFrame:
    """Measure units in standard deviations from their mean, better ones above 0.

    Parameters
    ----------
    matrix : DataFrame
        Units as rows, indicators as columns.
    directions : dict
        Which is better, by indicator.

    Returns
    -------
    DataFrame
        Of the same shape; 0 where all units are alike.
    """
    spread = matrix.std(ddof=1)
    alike = spread <= 1e-12 * matrix.abs().max()
    scores = (matrix - matrix.mean()) / spread.mask(alike, 1.0)
    signs = pd.Series(
        {name: -1.0 if side == "smaller" else 1.0 for name, side in directions.items()}
    )
    return scores.mul(signs, axis=1).mask(alike, 0.0, axis=1)[list(matrix.columns)]


def _list_rows(measured: IndicatorTable) -> Iterator[_Row]:
    criterion = ""
    for name, found in measured.measured.items():
        indicator = INDICATORS[name]
        if indicator.criterion != criterion:
            criterion = indicator.criterion
            yield _Row(spell(criterion))
        yield _Row(indicator.label, indicator, found)


def _levels(measured: IndicatorTable) -> list[float]:
    return [
        one.interval.level
        for one in measured.measured.values()
        if isinstance(one, Measurement) and isinstance(one.interval, Interval)
    ]


def _draw_row(axes: Axes, place: int, row: _Row, currency: str) -> None:
    if row.indicator is None:
        style: dict[str, Any] = bold(row.label)
        axes.text(LEFT_END, place, row.label, va="center", **style)
        return
    absent = isinstance(row.found, NotAvailable)
    axes.text(
        LABEL_AT, place, row.label, va="center", ha="right", fontsize=8.5,
        color="#777777" if absent else INK,
    )  # fmt: skip
    if isinstance(row.found, NotAvailable):
        axes.text(0, place, _shorten(str(row.found)), va="center", fontsize=7, color="#777777")
    elif row.found is not None:
        _draw_dot(axes, place, row.indicator, row.found, currency)


def _draw_dot(
    axes: Axes, place: int, indicator: Indicator, found: Measurement, currency: str
) -> None:
    low, high = _find_scale(indicator, found)
    colour = COLOURS[0]

    def locate(value: float) -> float:
        return (value - low) / (high - low)

    axes.hlines(place, 0, 1, color="#DDDDDD", linewidth=1, zorder=1)
    marker, end = BETTER_END[indicator.better]
    axes.plot(end, place, marker, color=QUIET, markersize=6, zorder=2, clip_on=False)
    for at, value, side in ((0.0, low, "right"), (1.0, high, "left")):
        axes.text(
            at + (-0.025 if at == 0 else 0.025), place, _write_end(value, indicator),
            va="center", ha=side, fontsize=6.5, color="#777777",
        )  # fmt: skip
    if isinstance(found.interval, Interval):
        ends = np.clip([locate(found.interval.low), locate(found.interval.high)], 0, 1)
        axes.hlines(place, *ends, color=colour, linewidth=2.4, zorder=3)
        # The dot hides a narrow interval; its ends stand out above and below.
        axes.plot(ends, [place, place], "|", color=colour, markersize=9, mew=1.2, zorder=3)
    axes.plot(locate(found.value), place, "o", color=colour, markersize=5.5, zorder=4)
    axes.text(
        VALUE_AT, place, _write_measurement(indicator, found, currency), va="center", fontsize=7.5
    )


def _find_scale(indicator: Indicator, found: Measurement) -> tuple[float, float]:
    """Find the ends of an indicator's own scale."""
    if indicator.unit == "points of 100":
        return 0.0, 100.0
    ends = [found.value]
    if isinstance(found.interval, Interval):
        ends += [found.interval.low, found.interval.high]
    if indicator.unit == "share" and min(ends) >= 0 and max(ends) <= 1:
        return 0.0, 1.0
    low, high = min(0.0, *ends), max(0.0, *ends)
    return (-_round_up(-low) if low < 0 else 0.0), _round_up(high) if high > 0 else 1.0


def _round_up(value: float) -> float:
    """Return the next number of one digit (or 1.5, 2.5) that leaves some room above."""
    unit = 10.0 ** floor(log10(value))
    steps = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15)
    return unit * next(step for step in steps if step * unit >= 1.15 * value)


def _write_end(value: float, indicator: Indicator) -> str:
    written = f"{value:.0%}" if indicator.unit == "share" else f"{value:,g}"
    return written.replace("-", "−")


def _write_measurement(indicator: Indicator, found: Measurement, currency: str) -> str:
    said = _write(found.value, indicator)
    if indicator.unit.startswith("money") and currency:
        said += f" {currency}"
    if isinstance(found.interval, Interval):
        low, high = (_write(end, indicator) for end in (found.interval.low, found.interval.high))
        said += f" ({low} to {high})"
    return f"{said}, n = {found.n:,}"


def _write(value: float, indicator: Indicator) -> str:
    """Write a value as its unit asks for; a share is 100% only where it is all."""
    if indicator.unit.startswith("share"):
        if 0.9995 <= value < 1:
            return ">99.9%"
        return f"{value:.1%}".replace("-", "−")
    decimals = 1 if indicator.unit.startswith("points") or abs(value) >= 1000 else 2
    return format_value(float(value), decimals)


def _write_cells(axes: Axes, matrix: pd.DataFrame, depth: np.ndarray[Any, Any]) -> None:
    """Write the values into the cells, in white on dark shades."""
    size = 8.5 if len(matrix) <= 6 else 7.5 if len(matrix) <= 9 else 6.5
    upright = 90 if len(matrix) > MOST_FLAT else 0
    values = matrix.to_numpy(dtype=float)
    for (unit, column), shade in np.ndenumerate(depth):
        written = _write(float(values[unit, column]), CATALOGUE[str(matrix.columns[column])])
        colour = "white" if abs(shade) > 0.55 else INK
        axes.text(
            unit, column, written, ha="center", va="center", fontsize=size, color=colour,
            rotation=upright,
        )  # fmt: skip


def _label_scale(indicator: Indicator, currency: str, chance: float | None) -> str:
    money = indicator.unit.startswith("money") and currency
    unit = f"{currency}, " if money else "points, " if "points" in indicator.unit else ""
    said = f"{fill(indicator.label, 30)}\n({unit}{SIDE[indicator.better]})"
    return said if chance is None else f"{said}\nmay be chance: {p_value(chance)}"


def _name_unit(unit: str, count: int, n_units: int, turned: bool) -> str:
    if turned:
        return f"{unit} (n = {count:,})"
    width = max(8, 72 // n_units) if unit.isascii() else max(4, 36 // n_units)
    return f"{fill(unit, width)}\nn = {count:,}"


def _signed(value: float, _: float = 0) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"


def _shorten(reason: str) -> str:
    lines = fill(reason, REASON_WIDTH).split("\n")
    if len(lines) > REASON_LINES:
        lines = [*lines[: REASON_LINES - 1], lines[REASON_LINES - 1].rstrip(",;:") + " ..."]
    return "\n".join(lines)
