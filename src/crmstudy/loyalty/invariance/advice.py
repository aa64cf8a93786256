"""Which equality between groups does not hold: score tests, as advice.

A score (Lagrange multiplier) test says by how much chi2 would fall, about, if one equality
were released, without estimating the looser model; its companion is the change expected in
the parameter. Advice is never applied by the machine: a model freed by looking at the data
is a hypothesis for the next sample (MacCallum, Roznowski & Necowitz 1992).

Unlike a model's own equalities, the tests cover the marker: that its loading is 1 in every
group is an equality as the others are.

References
----------
Byrne, B. M., Shavelson, R. J., & Muthén, B. (1989). Testing for the equivalence of factor
covariance and mean structures: The issue of partial measurement invariance. Psychological
Bulletin, 105(3), 456-466.
MacCallum, R. C., Roznowski, M., & Necowitz, L. B. (1992). Model modifications in
covariance structure analysis: The problem of capitalization on chance. Psychological
Bulletin, 111(3), 490-504.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.invariance.joint import LEVELS, slope_of_group
from crmstudy.loyalty.invariance.solve import JointResult
from crmstudy.loyalty.invariance.steps import Invariance
from crmstudy.loyalty.model.moments import Array, Parameter
from crmstudy.statistics.multiplicity import adjust_p_values
from crmstudy.statistics.threads import hold_one_thread

KINDS = {"metric": "loading", "scalar": "intercept", "strict": "residual variance"}
ALPHA = 0.05


class Release(NamedTuple):
    """One equality that could be released: the cell of an item in a group."""

    group: str
    item: str
    construct: str


@dataclass(frozen=True)
class PartialAdvice:
    """Score tests of every equality that a level of invariance adds.

    Attributes
    ----------
    level, kind : str
        The level whose equalities are tested, and what it sets equal.
    failed : bool
        Whether that level is the first that does not hold; else nothing has to be released.
    releases : tuple of Release
    chi2, p_value : arrays of shape (n_releases,)
        Score tests with one degree of freedom.
    change : array of shape (n_releases,)
        Expected value in the group minus the common value, were the equality released; in
        the items' units.
    standardised : array of shape (n_releases,)
        The change in standard deviations of the item within groups (loadings: per standard
        deviation of the construct in that group; residual variances: in variances).
    detectable : array of shape (n_releases,)
        The change that this test finds with the power asked for, in the unit of
        ``standardised``.
    power : float
    """

    level: str
    kind: str
    failed: bool
    releases: tuple[Release, ...]
    chi2: Array
    p_value: Array
    change: Array
    standardised: Array
    detectable: Array
    power: float

    @cached_property
    def p_holm(self) -> Array:
        """p-values that count all of the tests (Holm)."""
        return adjust_p_values(pd.Series(self.p_value))["p_holm"].to_numpy()

    def table(self) -> pd.DataFrame:
        """One row an equality, the largest chi2 first."""
        rows = pd.DataFrame(
            {
                "item": [each.item for each in self.releases],
                "construct": [each.construct for each in self.releases],
                "parameter": self.kind,
                "group": [each.group for each in self.releases],
                "chi2": self.chi2,
                "p value": self.p_value,
                "p value, Holm": self.p_holm,
                "expected change": self.change,
                "standardised change": self.standardised,
                "detectable change": self.detectable,
            }
        )
        return rows.sort_values("chi2", ascending=False, kind="stable", ignore_index=True)

    @property
    def suspects(self) -> pd.DataFrame:
        """The equalities that are rejected after Holm."""
        table = self.table()
        return table[table["p value, Holm"] < ALPHA].reset_index(drop=True)

    def to_metrics(self) -> dict[str, float]:
        """How many equalities were tested and rejected, and the largest chi2."""
        return {
            "n_tested": len(self.releases),
            "n_rejected": int((self.p_holm < ALPHA).sum()),
            "largest_chi2": float(self.chi2.max()),
            "largest_standardised_change": float(np.abs(self.standardised).max()),
            "median_detectable_change": float(np.median(self.detectable)),
        }


@passes_absence
def advise_partial(
    invariance: Invariance, *, level: str = "", power: float = 0.8
) -> PartialAdvice | NotAvailable:
    """Test every equality that a level of invariance adds, one at a time.

    Parameters
    ----------
    invariance : Invariance
    level : {"", "metric", "scalar", "strict"}
        Empty takes the first level that does not hold, or scalar when that level and those
        below hold, to say what could have been found.
    power : float
        Of the tests at level .05, for the smallest change they detect.

    Returns
    -------
    PartialAdvice or NotAvailable
        With two groups one group's cell is released, the other's then being the common
        value; with more, each group's in turn. Items that are their construct's only one
        have no equality that could be tested alone.
    """
    if not invariance.admissible:
        return invariance.withheld
    first = _find_failed(invariance)
    chosen = level or (first if first in ("metric", "scalar") else "scalar")
    result = invariance.levels[chosen]
    if not result.admissible:
        return NotAvailable(f"the {chosen} model is inadmissible: its scores say nothing")
    if all(len(construct.items) == 1 for construct in invariance.model.constructs):
        return NotAvailable("every construct has one item: no equality can be tested alone")
    return score_equalities(result, level=chosen, failed=chosen == first, power=power)


def score_equalities(
    result: JointResult, *, level: str, failed: bool = True, power: float = 0.8
) -> PartialAdvice:
    """Test the equalities of one joint solution, whatever the gate says of it."""
    places = _list_places(result, level)
    with hold_one_thread("blas"):
        tests = np.array([_test(result, group, place) for group, place, _ in places])
    score, change, se, unit = tests.T
    return PartialAdvice(
        level=level,
        kind=KINDS[level],
        failed=failed,
        releases=tuple(release for _, _, release in places),
        chi2=score,
        p_value=chdtrc(1, score),
        change=change,
        standardised=change / unit,
        detectable=(ndtri(1 - ALPHA / 2) + ndtri(power)) * se / unit,
        power=power,
    )


def _find_failed(invariance: Invariance) -> str:
    return next((name for name in list(LEVELS)[1:] if not invariance.holds(name)), "")


def _list_places(result: JointResult, level: str) -> list[tuple[int, int, Release]]:
    """List group, place among a group's cells (markers last), and name of each equality."""
    samples, cells = result.samples, result.joint.cells
    model = result.joint.structure.model
    groups = range(1 if len(samples) == 2 else 0, len(samples))
    places = []
    for number, construct in enumerate(model.constructs):
        for item in construct.items if len(construct.items) > 1 else ():
            cell = {
                "metric": Parameter(construct.name, "=~", item),
                "scalar": Parameter(item, "~1", ""),
                "strict": Parameter(item, "~~", item),
            }[level]
            # the markers' loadings follow the cells
            place = cells.index(cell) if cell in cells else len(cells) + number
            name = construct.label or construct.name
            places += [(g, place, Release(samples[g].label, item, name)) for g in groups]
    return places


def _test(result: JointResult, group: int, place: int) -> tuple[float, float, float, float]:
    """Score test of one cell set free: chi2, expected change, its error, the unit."""
    joint, sample = result.joint, result.samples[group]
    cells = joint.spread(result.theta)[group]
    slope, curvature = slope_of_group(joint.structure, cells, sample)
    half = 0.5 * sample.multiplier
    across = np.zeros(joint.n_free)
    free = np.flatnonzero(joint.index[group] >= 0)
    across[joint.index[group][free]] = half * curvature[place, free]
    # the estimates' covariance is the inverse of their information
    left = half * curvature[place, place] - across @ result.covariance @ across
    score = -half * slope[place]
    return score**2 / left, score / left, left**-0.5, _unit(result, group, place)


def _unit(result: JointResult, group: int, place: int) -> float:
    """Standard deviation of the item within groups, over the construct's for a loading."""
    structure = result.joint.structure
    model, k = structure.model, len(structure.parameters)
    weights = np.array([float(sample.n_used) for sample in result.samples])
    pooled = weights @ [np.diag(s.covariance) for s in result.samples] / weights.sum()
    latent = structure.latent_covariance(result.joint.spread(result.theta)[group][:k])
    if place >= len(result.joint.cells):
        construct = place - len(result.joint.cells)
        item, op = model.constructs[construct].items[0], "=~"
    else:
        cell = result.joint.cells[place]
        item, op = cell.right or cell.left, cell.op
        construct = model.construct_names.index(cell.left) if op == "=~" else -1
    sd = float(np.sqrt(pooled[model.items.index(item)]))
    if op == "=~":
        return sd / float(np.sqrt(latent[construct, construct]))
    return sd**2 if op == "~~" else sd
