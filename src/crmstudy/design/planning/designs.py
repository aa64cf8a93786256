"""Every design of the study with the effect supposed for it: how many cases, what power.

One standardised difference stands for the smallest effect worth finding. Other designs
take the same effect in their own unit: of two equal groups that differ by d the
correlation with the group is ``d / sqrt(d^2 + 4)`` and Cohen's f2 is ``d^2 / 4`` (Cohen,
1988, pp. 23, 281). Paths between constructs are larger by their nature; for them a medium
correlation is supposed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.design.planning.concentration import power_of_concentration
from crmstudy.design.planning.panel import panel_factor
from crmstudy.design.planning.power import (
    find_n,
    power_of_correlation,
    power_of_groups,
    power_of_mediation,
    power_of_regression,
    power_of_share,
    power_of_two_groups,
)
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.statistics.two_shares_size import find_power

#: Standardised paths supposed between constructs: Cohen's (1988) medium correlation.
SUPPOSED_PATH = 0.3
#: All paths into one construct together, so that they cannot explain more than its variance.
MOST_TOGETHER = 0.8
#: Share of the revenue supposed for the largest fifth, and shares of defectors: one in
#: twenty against one in ten.
SUPPOSED_FIFTH, DEFECTORS, SUPPOSED_DEFECTORS = 0.6, 0.05, 0.10
#: Windows before and after a campaign, as chapter 07 takes them unless told otherwise.
BEFORE, AFTER = 4, 1


@dataclass(frozen=True)
class Design:
    """A test with a supposed effect.

    Attributes
    ----------
    key : str
    name, effect : str
        What is tested and what is supposed, in words.
    power_at : callable
        Power as a function of the cases of one group (or of all, with one group).
    n_groups : int
        Groups that need as many cases each.
    least : int
        Fewest cases of a group that the test allows.
    source : str
        Who gives the formula.
    """

    key: str
    name: str
    effect: str
    power_at: Callable[[int], float]
    n_groups: int
    least: int
    source: str

    def cases(self, power: float) -> int | NotAvailable:
        """Cases of all groups together that reach the power."""
        found = find_n(self.power_at, power=power, least=self.least)
        return found if isinstance(found, NotAvailable) else self.n_groups * found

    def power_of(self, cases: int) -> float:
        """Power of so many cases in all, shared over the groups; 0 where they are too few."""
        each = cases // self.n_groups
        return self.power_at(each) if each >= self.least else 0.0


@dataclass(frozen=True)
class Designs:
    """The designs of a study.

    Attributes
    ----------
    designs : tuple of Design
    alpha, power : float
    """

    designs: tuple[Design, ...]
    alpha: float
    power: float

    def of(self, key: str) -> Design:
        """The design of one name."""
        return next(one for one in self.designs if one.key == key)

    def table(self) -> pd.DataFrame:
        """One row a design: ``design, effect supposed, groups, cases a group, cases, source``."""
        rows = []
        for one in self.designs:
            cases = one.cases(self.power)
            absent = isinstance(cases, NotAvailable)
            each = None if isinstance(cases, NotAvailable) else cases // one.n_groups
            rows.append(
                (one.name, one.effect, one.n_groups, each, None if absent else cases, one.source)
            )
        columns = ["design", "effect supposed", "groups", "cases a group", "cases", "source"]
        kinds = {"cases a group": "float64", "cases": "float64"}
        return pd.DataFrame(rows, columns=columns).astype(kinds)

    def curves(self, *, n_points: int = 41) -> pd.DataFrame:
        """Power by cases in all, from a tenth to three times what each design needs.

        Returns
        -------
        DataFrame
            ``design, cases, power``; designs that cannot reach the power are left out.
        """
        parts = [_trace(one, self.power, n_points) for one in self.designs]
        return pd.concat(parts, ignore_index=True)

    def to_metrics(self) -> dict[str, float]:
        """Cases of each design, e.g. ``cases_two_groups``."""
        found = {one.key: one.cases(self.power) for one in self.designs}
        return {
            f"cases_{key}": cases
            for key, cases in found.items()
            if not isinstance(cases, NotAvailable)
        }


def list_designs(
    *,
    difference: float,
    n_groups: int,
    base: float,
    lift: float,
    correlation: float,
    alpha: float = 0.05,
    power: float = 0.80,
) -> Designs:
    """List the designs of the study with one smallest effect worth finding.

    Parameters
    ----------
    difference : float
        Of two means in standard deviations (Cohen's d).
    n_groups : int
        Groups of the comparison of several means; two of them differ by ``difference``,
        the others lie in the middle (the least spread that such a pair allows).
    base, lift : float
        Share that converts without a measure, and its relative rise.
    correlation : float
        Of a customer's outcome in two periods.

    Raises
    ------
    ModelError
        If a number lies outside its range.
    """
    if difference <= 0 or not 0 < alpha < power < 1:
        raise ModelError(
            f"difference {difference:g}, alpha {alpha:g}, power {power:g}: needed are a positive "
            "difference and 0 < alpha < power < 1"
        )
    rows = (
        *_compare_means(difference, n_groups, alpha),
        *_relate(difference, alpha),
        *_compare_shares(base, lift, alpha),
        _compare_periods(difference, correlation, alpha),
        _concentrate(alpha),
    )
    return Designs(rows, alpha, power)


def _compare_means(d: float, k: int, alpha: float) -> Sequence[Design]:
    spread = d / math.sqrt(2 * k)
    return (
        Design(
            "two_groups",
            "two means (t test)",
            f"difference of {d:g} standard deviations",
            partial(power_of_two_groups, difference=d, alpha=alpha),
            2,
            2,
            "noncentral t",
        ),
        Design(
            "groups",
            f"{k} means (F test)",
            f"two of {k} means {d:g} standard deviations apart (f = {spread:.3g})",
            partial(power_of_groups, spread=spread, n_groups=k, alpha=alpha),
            k,
            2,
            "noncentral F",
        ),
    )


def _relate(d: float, alpha: float) -> Sequence[Design]:
    r, gain = d / math.sqrt(d**2 + 4), d**2 / 4
    regression = partial(power_of_regression, gain=gain, n_tested=1, alpha=alpha)
    slope = SUPPOSED_PATH / math.sqrt(1 - SUPPOSED_PATH**2)
    return (
        Design(
            "correlation",
            "correlation",
            f"correlation of {r:.3g}",
            partial(power_of_correlation, correlation=r, alpha=alpha),
            1,
            4,
            "Fisher's z",
        ),
        Design(
            "regression",
            "one slope beside another",
            f"f2 = {gain:.3g}, two predictors",
            partial(regression, n_predictors=2),
            1,
            4,
            "noncentral F",
        ),
        Design(
            "moderation",
            "product of two predictors",
            f"f2 = {gain:.3g}, three predictors",
            partial(regression, n_predictors=3),
            1,
            5,
            "noncentral F",
        ),
        Design(
            "mediation",
            "indirect effect, observed scores",
            f"both steps a correlation of {SUPPOSED_PATH:g}",
            partial(power_of_mediation, first=slope, second=slope, alpha=alpha),
            1,
            6,
            "joint significance",
        ),
    )


def _compare_shares(base: float, lift: float, alpha: float) -> Sequence[Design]:
    one = Design(
        "one_share",
        "one share",
        f"{SUPPOSED_DEFECTORS:.0%} instead of {DEFECTORS:.0%}",
        partial(power_of_share, base=DEFECTORS, share=SUPPOSED_DEFECTORS, alpha=alpha),
        1,
        1,
        "arcsine",
    )
    treated = base * (1 + lift)
    if treated >= 1:
        return (one,)

    def power_at(n: int) -> float:
        return find_power(base, treated, n_control=n, n_treated=n, alpha=alpha)

    words = f"{treated:.3g} instead of {base:.3g}"
    return one, Design("two_shares", "two shares (A/B test)", words, power_at, 2, 1, "normal")


def _compare_periods(d: float, correlation: float, alpha: float) -> Design:
    factor = panel_factor("differences", n_before=BEFORE, n_after=AFTER, correlation=correlation)
    return Design(
        "panel",
        "differences in differences",
        f"{d:g} standard deviations of a window; {BEFORE} before, {AFTER} after, correlation "
        f"{correlation:g}",
        partial(power_of_two_groups, difference=d / math.sqrt(factor), alpha=alpha),
        2,
        2,
        "Frison & Pocock (1992)",
    )


def _concentrate(alpha: float) -> Design:
    return Design(
        "concentration",
        "share of the largest fifth",
        f"{SUPPOSED_FIFTH:.0%} instead of one half, lognormal revenue",
        partial(power_of_concentration, share=SUPPOSED_FIFTH, alpha=alpha),
        1,
        2,
        "influence function",
    )


def _trace(design: Design, power: float, n_points: int) -> pd.DataFrame:
    needed = design.cases(power)
    if isinstance(needed, NotAvailable):
        return pd.DataFrame({"design": [], "cases": [], "power": []})
    fewest = design.n_groups * design.least
    ends = max(needed / 10, fewest), max(3 * needed, fewest + 1)
    cases = np.unique(np.geomspace(*ends, n_points).round().astype(int))
    powers = [design.power_of(int(n)) for n in cases]
    return pd.DataFrame({"design": design.name, "cases": cases, "power": powers})


def suppose_paths(
    paths: Iterable[Any], *, size: float = SUPPOSED_PATH
) -> Mapping[tuple[str, str], float]:
    """Suppose a standardised value for each path of a structural model.

    Parameters
    ----------
    paths : iterable with ``source`` and ``target``
        Paths of the model.
    size : float
        Of each path; where many paths lead into one construct they share ``0.8``, so that
        they leave some of its variance unexplained.
    """
    ends = [(path.source, path.target) for path in paths]
    into = {target: sum(end[1] == target for end in ends) for _, target in ends}
    return {end: min(size, MOST_TOGETHER / into[end[1]]) for end in ends}
