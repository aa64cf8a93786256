"""What every evaluation of a part of the firm shares: experts, limits, grades, one ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crmstudy.appraisal import EvaluationSpec
from crmstudy.errors import NotAvailable, SettingsError, passes_absence
from crmstudy.evaluation.comprehensive.grades import GradeScale, read_grades
from crmstudy.evaluation.comprehensive.operators import Operator
from crmstudy.evaluation.comprehensive.shapes import Shape
from crmstudy.evaluation.comprehensive.uncertainty import FEWEST_DRAWS
from crmstudy.evaluation.groups.panel import HierarchyResult
from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws, draw_weights
from crmstudy.evaluation.require import require_choice
from crmstudy.indicators.evidence import Evidence, Tables
from crmstudy.indicators.measure import gather_evidence
from crmstudy.indicators.orders import Ledger, read_ledger

#: Stands for a lifetime value that nobody estimated.
NO_FORECAST = NotAvailable("no lifetime values were estimated for this comparison")


@dataclass(frozen=True, eq=False)
class EvaluationPlan:
    """How parts of one firm are evaluated, so that they can be compared.

    Parameters
    ----------
    evidence : Evidence
        Tables of the firm without a window; the purchases are condensed to orders.
    panel : HierarchyResult
        The experts and their weights.
    spec : EvaluationSpec
        Grades and limits of ``study.yml``.
    operator, shape : str
        Of the fuzzy evaluation.
    noise : float
        Standard deviation of the logarithm of a judgement.
    level : float
        Level of the intervals.
    n_draws, seed : int
        Draws, and the study's seed.
    """

    evidence: Evidence
    panel: HierarchyResult
    spec: EvaluationSpec
    operator: Operator
    shape: Shape
    noise: float
    level: float
    n_draws: int
    seed: int

    @property
    def ledger(self) -> Ledger:
        """The orders of the firm."""
        return self.evidence.ledger

    @property
    def grades(self) -> GradeScale:
        """Grades from worst to best."""
        return read_grades(self.spec)

    @cached_property
    def weights(self) -> WeightDraws:
        """Weights drawn once: the same experts judge every part of the firm."""
        return draw_weights(self.panel, n_draws=self.n_draws, seed=self.seed, noise=self.noise)


@passes_absence
def plan_evaluation(
    tables: Tables,
    panel: HierarchyResult,
    *,
    spec: EvaluationSpec | None = None,
    survey_roles: Mapping[str, str | Sequence[str]] | None = None,
    instrument: Mapping[str, Mapping[str, Any]] | None = None,
    operator: Operator = "product-sum",
    shape: Shape = "triangular",
    noise: float = 0.2,
    level: float = 0.95,
    n_draws: int = 2000,
    seed: int,
) -> EvaluationPlan:
    """Settle how parts of a firm are evaluated, and condense its purchases once.

    Parameters
    ----------
    tables : mapping of str to DataFrame or NotAvailable
        Canonical tables of one firm, as for ``measure_indicators``.
    panel : HierarchyResult
        Result of ``prioritise_hierarchy``.
    spec : EvaluationSpec, optional
        ``evaluation`` of ``study.yml``: grades and limits.
    survey_roles, instrument
        As for ``measure_indicators``.
    operator, shape, noise, level, n_draws, seed
        See :class:`EvaluationPlan`.

    Raises
    ------
    SettingsError
        If the operator or the shape is unknown, there are fewer than 100 draws, or the
        level is not between 0 and 1.
    ModelError
        If there are no purchases of identified customers.
    """
    require_choice(operator, Operator, "operator")
    require_choice(shape, Shape, "shape")
    if n_draws < FEWEST_DRAWS or not 0 < level < 1:
        raise SettingsError(
            f"n_draws {n_draws} and level {level:g}; allowed: {FEWEST_DRAWS} draws or more, a "
            "level between 0 and 1"
        )
    whole = gather_evidence(tables, None, None, survey_roles, instrument, level=level)
    ledger = read_ledger(whole.table("transactions"))
    # The lines are not needed again; parting them by customers would cost most of the time.
    rest = {"lifetime_values": NO_FORECAST, **tables}
    rest.pop("transactions")
    return EvaluationPlan(
        evidence=gather_evidence_of(whole, rest, ledger),
        panel=panel,
        spec=spec or EvaluationSpec(),
        operator=operator,
        shape=shape,
        noise=noise,
        level=level,
        n_draws=n_draws,
        seed=seed,
    )


def gather_evidence_of(whole: Evidence, tables: Tables, ledger: Ledger) -> Evidence:
    """Return evidence of other tables and a ledger, under the same terms."""
    return Evidence(
        tables=tables,
        start=None,
        end=None,
        survey_roles=whole.survey_roles,
        instrument=whole.instrument,
        terms=whole.terms,
        orders_read=ledger,
    )
