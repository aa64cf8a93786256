"""Do the items mean the same in every group: four models, each stricter than the last.

The measurement model (constructs covary freely) is estimated in all groups at once:
*configural* (the same items measure the same constructs), *metric* (equal loadings: the
unit is the same, so that paths may be compared), *scalar* (equal intercepts too: the origin
is the same, so that means may be compared), *strict* (equal residual variances too).

The rule is stated before anything is estimated. A level holds when the level below holds
and the constraints that it adds make CFI fall by .01 at most (Cheung & Rensvold 2002) and
RMSEA rise by .015 at most (Chen 2007). The chi2 difference is printed beside it and does
not decide: with many respondents it rejects differences that matter to nobody.

References
----------
Meredith, W. (1993). Measurement invariance, factor analysis and factorial invariance.
Psychometrika, 58(4), 525-543.
Cheung, G. W., & Rensvold, R. B. (2002). Evaluating goodness-of-fit indexes for testing
measurement invariance. Structural Equation Modeling, 9(2), 233-255.
Chen, F. F. (2007). Sensitivity of goodness of fit indexes to lack of measurement
invariance. Structural Equation Modeling, 14(3), 464-504.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import get_args

import pandas as pd
from scipy.special import chdtrc

from crmstudy.checks import Check, failed
from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.admissible import explain
from crmstudy.loyalty.estimation.result import Divisor, SemResult
from crmstudy.loyalty.invariance.fit import JointFit
from crmstudy.loyalty.invariance.groups import Groups
from crmstudy.loyalty.invariance.joint import LEVELS, lay_out_groups, measure_only
from crmstudy.loyalty.invariance.samples import (
    fit_each,
    name_checks,
    sample_groups,
    split_answers,
    start_cells,
)
from crmstudy.loyalty.invariance.solve import JointResult, solve_joint
from crmstudy.loyalty.model.moments import lay_out
from crmstudy.loyalty.model.specify import StructuralModel

MOST_CFI_LOST = 0.01  # Cheung & Rensvold (2002)
MOST_RMSEA_GAINED = 0.015  # Chen (2007)


@dataclass(frozen=True)
class Difference:
    """What the constraints of a stricter model cost.

    Attributes
    ----------
    chi2, df, p_value : float, int, float
        Likelihood ratio test of the constraints.
    cfi, rmsea : float
        Change of each index; a fall of CFI is negative. ``rmsea`` is None where the looser
        model has no degrees of freedom.
    """

    chi2: float
    df: int
    p_value: float
    cfi: float
    rmsea: float | None

    @property
    def small(self) -> bool:
        """Whether the fit stays within the rule stated beforehand."""
        kept = self.cfi >= -MOST_CFI_LOST - 1e-12
        return kept and (self.rmsea is None or self.rmsea <= MOST_RMSEA_GAINED + 1e-12)


@dataclass(frozen=True)
class Invariance:
    """Four levels of measurement invariance, estimated jointly.

    Attributes
    ----------
    model : StructuralModel
        The model with its paths; the levels are those of its measurement part.
    groups : Groups
    divisor : {"n", "n-1"}
    answers : dict of str to DataFrame
        Complete answers to the model's items, by group.
    single : dict of str to SemResult
        The measurement model in each group alone: together the configural model.
    levels : dict of str to JointResult
        The joint solutions, loosest first; empty when a group's own model is inadmissible.
    """

    model: StructuralModel
    groups: Groups
    divisor: Divisor
    answers: Mapping[str, pd.DataFrame] = field(repr=False, compare=False)
    single: Mapping[str, SemResult] = field(repr=False, compare=False)
    levels: Mapping[str, JointResult] = field(repr=False, compare=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(self.answers)

    @property
    def n_used(self) -> int:
        """Respondents of all groups."""
        return sum(len(rows) for rows in self.answers.values())

    @property
    def checks(self) -> tuple[Check, ...]:
        """The gate: every check of every group alone, then of the joint models that fail."""
        if not self.levels:
            return name_checks(self.single)
        passed = list(self.levels["configural"].checks)
        refused = [check for result in self.levels.values() for check in failed(result.checks)]
        return (*passed, *(check for check in refused if check not in passed))

    @property
    def admissible(self) -> bool:
        """Whether the configural model may be shown in every group."""
        return bool(self.levels) and self.levels["configural"].admissible

    @property
    def differences(self) -> dict[str, Difference | NotAvailable]:
        """Each level beyond the first against the level below."""
        names = list(self.levels)
        return {
            name: compare_nested(self.levels[below].fit, self.levels[name].fit)
            for below, name in pairwise(names)
        }

    @property
    def held(self) -> str:
        """The strictest level that holds; empty when not even the configural one may be shown."""
        if not self.admissible:
            return ""
        reached = "configural"
        for name, difference in self.differences.items():
            if isinstance(difference, NotAvailable) or not difference.small:
                break
            reached = name
        return reached

    @property
    def withheld(self) -> NotAvailable:
        """Why nothing is shown."""
        return NotAvailable(f"comparing groups of {self.groups.column}: {explain(self.checks)}")

    def holds(self, level: str) -> bool:
        """Whether a level holds."""
        order = list(LEVELS)
        return bool(self.held) and order.index(level) <= order.index(self.held)

    def table(self) -> pd.DataFrame | NotAvailable:
        """One row a level: fit, what the added constraints cost, and whether it holds."""
        if not self.admissible:
            return self.withheld
        return pd.DataFrame([self._describe(name) for name in self.levels])

    def parameters(self, level: str, *, confidence: float = 0.95) -> pd.DataFrame | NotAvailable:
        """Every parameter of every group at a level of invariance."""
        return self.levels[level].table(level=confidence) if self.admissible else self.withheld

    def to_metrics(self) -> dict[str, float]:
        """Fit of every level, what each cost, and how far invariance reaches (0 to 4)."""
        found: dict[str, float] = {
            **self.groups.to_metrics(),
            "admissible": int(self.admissible),
            "n_checks_failed": len(failed(self.checks)),
            "n_levels_held": list(LEVELS).index(self.held) + 1 if self.held else 0,
        }
        if self.admissible:
            for name, result in self.levels.items():
                if isinstance(result.fit, JointFit):
                    found |= _number(name, result.fit, self.differences.get(name))
        return found

    def _describe(self, name: str) -> dict[str, object]:
        fit, cost = self.levels[name].fit, self.differences.get(name)
        row: dict[str, object] = {"level": name, "equal across groups": LEVELS[name]}
        shown = fit if isinstance(fit, JointFit) else None
        for column in ("chi2", "df", "cfi", "rmsea", "srmr"):
            written = column if column in ("chi2", "df") else column.upper()
            row[written] = getattr(shown, column) if shown else None
        change = cost if isinstance(cost, Difference) else None
        row |= {
            "chi2 added": change.chi2 if change else None,
            "df added": change.df if change else None,
            "p value": change.p_value if change else None,
            "change of CFI": change.cfi if change else None,
            "change of RMSEA": change.rmsea if change else None,
            "holds": "inadmissible" if not shown else "yes" if self.holds(name) else "no",
        }
        return row


@passes_absence
def assess_invariance(
    survey: pd.DataFrame, *, model: StructuralModel, groups: Groups, divisor: Divisor = "n"
) -> Invariance:
    """Estimate four levels of measurement invariance across groups.

    Parameters
    ----------
    survey : DataFrame
        As :func:`~crmstudy.loyalty.invariance.groups.find_groups` saw it; respondents with a
        gap in the model's items are left out in every group.
    model : StructuralModel
        Its measurement part is tested; paths are taken out and constructs covary freely.
    groups : Groups
    divisor : {"n", "n-1"}
        Of the covariance matrices, as in :func:`fit_sem`.

    Returns
    -------
    Invariance
        When the model of one group alone is inadmissible, nothing joint is estimated and
        the gate names the group.

    Raises
    ------
    ModelError
        If there are fewer than two groups, or a group cannot be estimated.
    """
    if divisor not in get_args(Divisor):
        raise ModelError(f"the divisor is 'n' or 'n-1', not {divisor!r}")
    answers = split_answers(survey, model, groups)
    single = fit_each(answers, measure_only(model), divisor)
    levels: dict[str, JointResult] = {}
    if all(result.admissible for result in single.values()):
        samples, cells = sample_groups(single), start_cells(single)
        structure = lay_out(measure_only(model))
        for level in LEVELS:
            joint = lay_out_groups(structure, len(samples), level=level)
            levels[level] = solve_joint(joint, samples, start=cells)
            cells = joint.spread(levels[level].theta)
    return Invariance(model, groups, divisor, answers, single, levels)


def compare_nested(
    loose: JointFit | NotAvailable, strict: JointFit | NotAvailable
) -> Difference | NotAvailable:
    """Compare a model with a stricter one that is nested in it, on the same data."""
    if isinstance(loose, NotAvailable):
        return loose
    if isinstance(strict, NotAvailable):
        return strict
    chi2, df = max(strict.chi2 - loose.chi2, 0.0), strict.df - loose.df
    known = loose.rmsea is not None and strict.rmsea is not None
    return Difference(
        chi2=chi2,
        df=df,
        p_value=float(chdtrc(df, chi2)) if df else 1.0,
        cfi=strict.cfi - loose.cfi,
        rmsea=strict.rmsea - loose.rmsea if known else None,  # type: ignore[operator]
    )


def _number(name: str, fit: JointFit, cost: Difference | NotAvailable | None) -> dict[str, float]:
    kept: Sequence[str] = ("chi2", "df", "cfi", "tli", "rmsea", "srmr", "aic", "bic")
    found = {f"{name}_{key}": getattr(fit, key) for key in kept}
    if isinstance(cost, Difference):
        found |= {
            f"{name}_chi2_added": cost.chi2,
            f"{name}_df_added": cost.df,
            f"{name}_p_value": cost.p_value,
            f"{name}_cfi_change": cost.cfi,
            f"{name}_rmsea_change": cost.rmsea,
        }
    return {key: value for key, value in found.items() if value is not None}
