"""Membership functions: how far a measured value belongs to each grade.

A value is first placed between the typical values of the grades (1.5: half-way from the
second to the third, counted from 0), then a shape says what that place means. So a shape
is the same for money, shares and points, and typical values need not be evenly spaced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from crmstudy.errors import SettingsError
from crmstudy.evaluation.require import require_choice

Floats = npt.NDArray[np.float64]
Shape = Literal["triangular", "trapezoidal", "gaussian"]
Direction = Literal["larger", "smaller"]


def _triangular(distance: Floats) -> Floats:
    return np.maximum(1 - distance, 0.0)


def _trapezoidal(distance: Floats) -> Floats:
    # Full up to a quarter of the way to the next typical value, none from three quarters on.
    return np.clip(1.5 - 2 * distance, 0.0, 1.0)


def _gaussian(distance: Floats) -> Floats:
    # One half at half the way, so that neighbours cross where triangles cross.
    return np.exp2(-4 * distance**2)


#: Membership by the distance to a grade's typical value, in steps between typical values.
SHAPES: dict[str, Callable[[Floats], Floats]] = {
    "triangular": _triangular,
    "trapezoidal": _trapezoidal,
    "gaussian": _gaussian,
}

#: The same in words, for captions and tables.
SHAPE_RULES = {
    "triangular": "triangular: full at the typical value of a grade, none at those of its "
    "neighbours, linear between",
    "trapezoidal": "trapezoidal: full up to a quarter of the way to the next typical value, none "
    "from three quarters on, linear between",
    "gaussian": "Gaussian: one half half-way to the next typical value, each row divided by its "
    "sum",
}


def grade_values(values: Floats, typical: Floats, *, shape: Shape = "triangular") -> Floats:
    """Memberships of values of shape (...) in g grades, of shape (..., g); they sum to 1.

    Triangles and trapezia sum to 1 by themselves (a Ruspini partition); Gaussian
    functions do not and are divided by their sum. Beyond the outer typical values a value
    counts as the outer one.

    Parameters
    ----------
    values : array
        Measured values, or draws of one.
    typical : array of shape (g,)
        Typical value of each grade, from the worst to the best, rising or falling.
    shape : {"triangular", "trapezoidal", "gaussian"}
        Membership function.

    References
    ----------
    Ruspini, E. H. (1969). A new approach to clustering. Information and Control, 15(1),
    22-32.
    """
    require_choice(shape, Shape, "shape")
    places = np.arange(len(typical), dtype=float)
    sign = 1.0 if typical[-1] > typical[0] else -1.0
    place = np.interp(sign * np.asarray(values, dtype=float), sign * typical, places)
    raw = SHAPES[shape](np.abs(place[..., None] - places))
    return raw / raw.sum(axis=-1, keepdims=True)


def spread_limits(
    limits: Sequence[float], *, n_grades: int, direction: Direction, place: str
) -> Floats:
    """Give each grade its typical value: as listed, or evenly spaced from worst to best.

    Parameters
    ----------
    limits : sequence of float
        One a grade, or only the worst grade's and the best grade's.
    n_grades : int
        How many grades there are.
    direction : {"larger", "smaller"}
        Which is better. Said beside the limits so that a slip in either is refused.
    place : str
        Where the limits stand, for messages: ``study.yml: evaluation.limits.service_cost``.

    Raises
    ------
    SettingsError
        If they are too many or too few, not numbers, or do not run in the direction.
    """
    require_choice(direction, Direction, "direction")
    typical = np.array(limits, dtype=float)
    shown = ", ".join(f"{limit:g}" for limit in typical)
    if len(typical) not in (2, n_grades) or not np.isfinite(typical).all():
        raise SettingsError(
            f"{place}: found {shown}; allowed: 2 numbers (typical of the worst grade and of the "
            f"best) or {n_grades} (one a grade)"
        )
    if len(typical) == 2:
        typical = np.linspace(typical[0], typical[1], n_grades)
    step = np.diff(typical) if direction == "larger" else -np.diff(typical)
    if (step <= 0).any():
        way = "rising" if direction == "larger" else "falling"
        raise SettingsError(
            f"{place}: found {shown}; allowed: {way} numbers from the worst grade to the best, "
            f"because {direction} is better"
        )
    return typical
