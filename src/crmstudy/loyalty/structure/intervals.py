"""Effects side by side with every interval: delta method, percentile and BCa bootstrap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.result import SemResult, wald_columns
from crmstudy.loyalty.model.moments import Array, delta_errors
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.resampling.bootstrap import Bootstrap
from crmstudy.loyalty.resampling.effects import bound_effects, evaluate_effects
from crmstudy.loyalty.structure.effects import Effect, Effects, list_effects, weigh_effects

#: Columns that tell the intervals of one quantity apart, the preferred last.
KINDS = ("delta", "percentile", "BCa")


def tabulate_effects(
    effects: Effects | NotAvailable,
    bootstrap: Bootstrap | NotAvailable | None,
    *,
    model: StructuralModel,
    level: float = 0.95,
    standardised: bool = True,
) -> pd.DataFrame | NotAvailable:
    """Arrange effects with their delta-method, percentile and BCa intervals.

    Parameters
    ----------
    effects : Effects
    bootstrap : Bootstrap, NotAvailable or None
        Of the same model; without one the delta method stands alone.
    model : StructuralModel
        For the constructs' labels.
    level : float
    standardised : bool
        Effects in standard deviations of the constructs, else in the items' units.

    Returns
    -------
    DataFrame
        ``from``, ``to``, ``effect`` (direct, indirect, total indirect, total), ``through``,
        ``estimate``, ``se``, ``delta lower``, ``delta upper`` and, with a bootstrap,
        ``percentile lower``, ... ``BCa upper``; in the order of ``effects``. A total of
        one route only is not repeated.
    """
    if isinstance(effects, NotAvailable):
        return effects
    label = label_constructs(model)
    estimate = effects.standardised if standardised else effects.estimate
    se = effects.standardised_se if standardised else effects.se
    columns: dict[str, object] = {
        "from": [label[each.source] for each in effects.effects],
        "to": [label[each.target] for each in effects.effects],
        "effect": [each.kind for each in effects.effects],
        "through": [spell_through(each, label) for each in effects.effects],
        **_bound_by_delta(estimate, se, level=level),
    }
    if isinstance(bootstrap, Bootstrap):
        bounded = bound_effects(effects, bootstrap, level=level).table(standardised=standardised)
        for kind in KINDS[1:]:
            for end in ("lower", "upper"):
                columns[f"{kind} {end}"] = bounded[f"{kind} {end}"].to_numpy()
    # The total of a single route is that route again.
    told = [each.kind in ("direct", "indirect") or len(each.routes) > 1 for each in effects.effects]
    return pd.DataFrame(columns)[told].reset_index(drop=True)


@dataclass(frozen=True)
class RouteContrasts:
    """Which of two routes between the same constructs carries more.

    Attributes
    ----------
    routes : tuple of pairs of Effect
        Indirect effects compared, the first named first in the model.
    estimate, se : arrays of shape (n_pairs,)
        Difference of the standardised effects, and its delta-method standard error.
    lower, upper : arrays of shape (n_pairs,)
        BCa limits, of the delta method where ``kind`` says so.
    kind : str
        ``"BCa"`` or ``"delta"``.
    model : StructuralModel
    """

    routes: tuple[tuple[Effect, Effect], ...]
    estimate: Array
    se: Array
    lower: Array
    upper: Array
    kind: str
    model: StructuralModel

    def table(self) -> pd.DataFrame:
        """One row a pair of routes; ``larger`` names one only where the interval does."""
        label = label_constructs(self.model)
        spelt = [[spell_through(each, label) for each in pair] for pair in self.routes]
        return pd.DataFrame(
            {
                "from": [label[one.source] for one, _ in self.routes],
                "to": [label[one.target] for one, _ in self.routes],
                "through": [one for one, _ in spelt],
                "or through": [other for _, other in spelt],
                "difference": self.estimate,
                "se": self.se,
                f"{self.kind} lower": self.lower,
                f"{self.kind} upper": self.upper,
                "larger": [
                    _name_larger(low, high, pair)
                    for low, high, pair in zip(self.lower, self.upper, spelt, strict=True)
                ],
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """How many pairs of routes, and how many are told apart."""
        apart = (self.lower > 0) | (self.upper < 0)
        return {"n_pairs": len(self.routes), "n_told_apart": int(apart.sum())}


def contrast_routes(
    result: SemResult | NotAvailable,
    *,
    bootstrap: Bootstrap | NotAvailable | None = None,
    level: float = 0.95,
) -> RouteContrasts | NotAvailable:
    """Compare every two routes that lead from the same construct to the same.

    Differences are of standardised effects, which share their units already; so the
    comparison is of sizes with their signs.

    Returns
    -------
    RouteContrasts or NotAvailable
        Not available where the model is inadmissible or no two routes run in parallel.
    """
    if isinstance(result, NotAvailable):
        return result
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    routes = [each for each in list_effects(result.model) if each.kind == "indirect"]
    pairs = tuple(
        (one, other)
        for one, other in combinations(routes, 2)
        if (one.source, one.target) == (other.source, other.target)
    )
    if not pairs:
        return NotAvailable(f"no two routes of model {result.model.name!r} run in parallel")
    firsts, seconds = (tuple(each) for each in zip(*pairs, strict=True))

    def differ(theta: Array) -> Array:
        one, other = (
            weigh_effects(result.structure, theta, each, standardised=True)
            for each in (firsts, seconds)
        )
        return one - other

    def differ_in_stacks(thetas: Array) -> Array:
        one, other = (
            evaluate_effects(result.structure, each, thetas, standardised=True)
            for each in (firsts, seconds)
        )
        return one - other

    estimate = differ(found.theta)
    se = delta_errors(differ, found.theta, found.covariance)
    bounds = _bound_by_delta(estimate, se, level=level)
    kind, lower, upper = "delta", bounds["delta lower"], bounds["delta upper"]
    if isinstance(bootstrap, Bootstrap):
        limits = bootstrap.bound(differ_in_stacks, level=level, kind="bca", stacked=True)
        kind, lower, upper = "BCa", limits.lower, limits.upper
    return RouteContrasts(pairs, estimate, se, lower, upper, kind, result.model)


def label_constructs(model: StructuralModel) -> dict[str, str]:
    """Map the constructs to what they are called in print."""
    return {each.name: each.label or each.name for each in model.constructs}


def spell_through(effect: Effect, label: Mapping[str, str]) -> str:
    """Spell what an effect runs through: nothing, one route, or how many."""
    if effect.kind == "direct":
        return "nothing"
    if effect.kind == "indirect":
        return " → ".join(label[name] for name in effect.routes[0][1:-1])
    n = len(effect.routes)
    return f"{n} route{'' if n == 1 else 's'}"


def _bound_by_delta(estimate: Array, se: Array, *, level: float) -> dict[str, Array]:
    wald = wald_columns(estimate, se, level=level)
    return {
        "estimate": estimate,
        "se": se,
        "delta lower": wald["lower"],
        "delta upper": wald["upper"],
    }


def _name_larger(lower: float, upper: float, pair: list[str]) -> str:
    if lower <= 0.0 <= upper:
        return "not told apart"
    return pair[0] if lower > 0.0 else pair[1]
