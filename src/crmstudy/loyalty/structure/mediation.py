"""Does satisfaction mediate: wholly, partly, or not at all, and what decides.

Two questions, kept apart. *Between models*: does a model without paths past the mediator
fit as well as one with them, and does one without the mediator's own path? *Within the
largest model*: is the indirect effect of a cause told apart from zero, and the effect that
goes past the mediator? The second follows Zhao, Lynch & Chen (2010), who name what was
found by both answers.

References
----------
Baron, R. M., & Kenny, D. A. (1986). The moderator-mediator variable distinction in social
psychological research. Journal of Personality and Social Psychology, 51(6), 1173-1182.
Zhao, X., Lynch, J. G., & Chen, Q. (2010). Reconsidering Baron and Kenny: Myths and truths
about mediation analysis. Journal of Consumer Research, 37(2), 197-206.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult, wald_columns
from crmstudy.loyalty.model.moments import Array, delta_errors
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.resampling.bootstrap import Bootstrap, bootstrap_model
from crmstudy.loyalty.resampling.effects import evaluate_effects
from crmstudy.loyalty.structure.differences import Difference
from crmstudy.loyalty.structure.effects import Effect, find_routes, weigh_effects
from crmstudy.loyalty.structure.intervals import label_constructs
from crmstudy.loyalty.structure.nesting import require_solution
from crmstudy.loyalty.structure.rivals import ModelComparison

FULL, PARTIAL, DIRECT, NONE = "full mediation", "partial mediation", "direct only", "neither"
#: How Zhao, Lynch & Chen (2010) call what was found.
KINDS = {FULL: "indirect-only", DIRECT: "direct-only", NONE: "no effect"}


@dataclass(frozen=True)
class Mediated:
    """What one cause does to the outcome through the mediator and past it.

    Attributes
    ----------
    cause : str
    through, past : array of shape (3,)
        Standardised effect with its lower and upper limit. ``past`` is every route that
        avoids the mediator.
    """

    cause: str
    through: Array
    past: Array

    @property
    def verdict(self) -> str:
        """Full or partial mediation, direct only, or neither, by both intervals."""
        through, past = (each[1] > 0.0 or each[2] < 0.0 for each in (self.through, self.past))
        return {(True, True): PARTIAL, (True, False): FULL, (False, True): DIRECT}.get(
            (bool(through), bool(past)), NONE
        )

    @property
    def kind(self) -> str:
        """Name of Zhao, Lynch & Chen (2010)."""
        if self.verdict != PARTIAL:
            return KINDS[self.verdict]
        return "complementary" if self.through[0] * self.past[0] > 0.0 else "competitive"


@dataclass(frozen=True)
class Mediation:
    """Both answers about one mediator and one outcome.

    Attributes
    ----------
    mediator, outcome : str
        Their labels.
    roles : mapping of str to str
        What each compared model says: full or partial mediation, direct only.
    comparison : ModelComparison
    largest : str
        The model with paths past the mediator in which effects were bounded; empty where
        none is admissible.
    causes : tuple of Mediated
    kind : str
        ``"BCa"`` or ``"delta"``: the intervals.
    """

    mediator: str
    outcome: str
    roles: dict[str, str]
    comparison: ModelComparison
    largest: str
    causes: tuple[Mediated, ...]
    kind: str
    label: dict[str, str]

    def models(self) -> pd.DataFrame:
        """One row a model: what it says of the mediator, and what became of it."""
        rows = []
        for name, role in self.roles.items():
            standing = self.comparison.standing[name]
            found, by = (standing, "the gate") if standing != "compared" else self._judge(name)
            rows.append({"model": name, "says": role, "verdict": found, "decided by": by})
        return pd.DataFrame(rows)

    def table(self) -> pd.DataFrame | NotAvailable:
        """One row a cause: effect through the mediator and past it, verdict."""
        if not self.causes:
            return NotAvailable(
                f"no admissible model has {self.mediator} between a cause and {self.outcome} and "
                "paths past it, so that no effect past it can be bounded"
            )
        return pd.DataFrame(
            [
                {
                    "cause": self.label[each.cause],
                    f"through {self.mediator}": each.through[0],
                    "lower": each.through[1],
                    "upper": each.through[2],
                    f"past {self.mediator}": each.past[0],
                    "past lower": each.past[1],
                    "past upper": each.past[2],
                    "verdict": each.verdict,
                    "kind": each.kind,
                }
                for each in self.causes
            ]
        )

    def to_metrics(self) -> dict[str, float]:
        """Standardised effects through and past the mediator, by cause."""
        metrics: dict[str, float] = {"n_causes": len(self.causes)}
        for each in self.causes:
            cause = each.cause.lower()
            metrics |= {f"through_{cause}": float(each.through[0])}
            metrics |= {f"past_{cause}": float(each.past[0])}
        return metrics

    def _judge(self, name: str) -> tuple[str, str]:
        """Say what became of a model that was compared, and which test decided."""
        if self.roles[name] == PARTIAL:
            tests = [
                each
                for each in self.comparison.differences
                if each.larger == name and self.roles.get(each.restricted) == FULL
            ]
            equal = [each for each in tests if each.kept == each.restricted]
            if tests:
                test = (equal or tests)[0]
                word = "not needed" if equal else "needed"
                return word, _name_test(test, test.restricted)
            return "not tested", "no admissible model with full mediation"
        tests = [
            each
            for each in self.comparison.differences
            if each.restricted == name and self.roles.get(each.larger) == PARTIAL
        ]
        if not tests:
            return "not tested", "no admissible model holds it"
        worst = min(tests, key=lambda each: each.deciding.p_value)
        return ("kept" if worst.kept == name else "rejected"), _name_test(worst, worst.larger)


def _name_test(test: Difference, against: str) -> str:
    scaled = "" if isinstance(test.scaled, NotAvailable) else "scaled "
    return f"{scaled}chi2 difference to {against.replace('_', ' ')}"


@passes_absence
def judge_mediation(
    comparison: ModelComparison,
    *,
    mediator: str,
    outcome: str,
    n_draws: int,
    seed: int,
    level: float = 0.95,
) -> Mediation | NotAvailable:
    """Ask of all models of a study whether one construct mediates what acts on another.

    Parameters
    ----------
    comparison : ModelComparison
    mediator, outcome : str
        Names of constructs; empty where study.yml does not say which.
    n_draws, seed : int
        Of the bootstrap of the largest model.
    level : float

    Returns
    -------
    Mediation or NotAvailable
        Not available where study.yml names no such constructs or no model has both.
    """
    if not (mediator and outcome):
        return NotAvailable("study.yml does not say which constructs are satisfaction and loyalty")
    roles = {
        name: role
        for name, fit in comparison.fits.items()
        if isinstance(fit, SemResult) and comparison.standing[name] != "other items"
        for role in [name_role(fit.model, mediator=mediator, outcome=outcome)]
        if role != NONE
    }
    if not any(isinstance(fit, SemResult) for fit in comparison.fits.values()):
        return NotAvailable("no model could be estimated")
    if not roles:
        return NotAvailable(f"no model has something act on {outcome} with {mediator} beside it")
    compared = comparison.compared
    partial = [name for name, role in roles.items() if role == PARTIAL and name in compared]
    largest = min(partial, key=lambda name: compared[name].structure.df, default="")
    label: dict[str, str] = {}
    for name, fit in comparison.fits.items():
        if name in roles and isinstance(fit, SemResult):
            label |= label_constructs(fit.model)
    causes: tuple[Mediated, ...] = ()
    kind = "delta"
    if largest:
        bootstrap = bootstrap_model(compared[largest], n_draws=n_draws, seed=seed)
        kind = "BCa" if isinstance(bootstrap, Bootstrap) else "delta"
        causes = _bound(compared[largest], bootstrap, mediator, outcome, level=level)
    return Mediation(
        label[mediator], label[outcome], roles, comparison, largest, causes, kind, label
    )


def name_role(model: StructuralModel, *, mediator: str, outcome: str) -> str:
    """Say what a model says of a mediator: full, partial mediation, direct only, neither."""
    if not {mediator, outcome} <= set(model.construct_names):
        return NONE
    causes = [name for name in model.construct_names if name not in (mediator, outcome)]
    routes = [r for c in causes for r in find_routes(model, source=c, target=outcome)]
    through = [mediator in route for route in routes]
    if not routes:
        return NONE
    if all(through):
        return FULL
    return PARTIAL if any(through) else DIRECT


def _bound(
    result: SemResult,
    bootstrap: Bootstrap | NotAvailable,
    mediator: str,
    outcome: str,
    *,
    level: float,
) -> tuple[Mediated, ...]:
    """Bound what each cause does through the mediator and past it."""
    causes, effects = _list_sides(result.model, mediator, outcome)

    def weigh(theta: Array) -> Array:
        return weigh_effects(result.structure, theta, effects, standardised=True)

    def weigh_in_stacks(thetas: Array) -> Array:
        return evaluate_effects(result.structure, effects, thetas, standardised=True)

    found = require_solution(result)
    estimate = weigh(found.theta)
    if isinstance(bootstrap, Bootstrap):
        limits = bootstrap.bound(weigh_in_stacks, level=level, kind="bca", stacked=True)
        lower, upper = limits.lower, limits.upper
    else:
        wald = wald_columns(
            estimate, delta_errors(weigh, found.theta, found.covariance), level=level
        )
        lower, upper = wald["lower"], wald["upper"]
    bounded = np.column_stack([estimate, lower, upper])
    return tuple(
        Mediated(cause, bounded[2 * k], bounded[2 * k + 1]) for k, cause in enumerate(causes)
    )


def _list_sides(
    model: StructuralModel, mediator: str, outcome: str
) -> tuple[Sequence[str], tuple[Effect, ...]]:
    """List causes that reach the outcome both ways, and both effects of each."""
    causes, effects = [], []
    for cause in model.construct_names:
        if cause in (mediator, outcome):
            continue
        routes = find_routes(model, source=cause, target=outcome)
        through = tuple(route for route in routes if mediator in route)
        past = tuple(route for route in routes if mediator not in route)
        if through and past:
            causes.append(cause)
            effects += [
                Effect(cause, outcome, "through", through),
                Effect(cause, outcome, "past", past),
            ]
    return causes, tuple(effects)
