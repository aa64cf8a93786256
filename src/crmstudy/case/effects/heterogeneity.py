"""Does the effect differ between segments of customers?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.campaigns.segments import CustomerSegments
from crmstudy.case.effects.contrasts import Contrasts, compare_contrasts, contrast_after
from crmstudy.case.effects.within import PanelDesign, arrange_panel
from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.statistics.multiplicity import adjust_p_values

MINIMUM = 10  # units in the smaller group of a segment


@dataclass(frozen=True)
class SegmentEffects:
    """The effect of a measure in each segment.

    Parameters
    ----------
    by : str
        What the segments are.
    outcome : str
        What was measured.
    effects : DataFrame
        One row a segment: ``segment``, ``n_treated``, ``n_control``, ``estimate``,
        ``standard_error``, ``lower``, ``upper``, ``p_value``, ``p_holm``.
    equal : Hypothesis
        All effects are equal.
    too_small : tuple of str
        Segments with too few units in a group.
    note : str
        What a reader must know of how the segments were cut; may be empty.
    level : float
        Of the intervals.
    n_units : int
        Units in the segments compared.
    """

    by: str
    outcome: str
    effects: pd.DataFrame
    equal: Hypothesis
    too_small: tuple[str, ...]
    note: str
    level: float
    n_units: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a segment."""
        level = f"{100 * self.level:g}%"
        names = {
            "segment": self.by,
            "n_treated": "addressed",
            "n_control": "compared",
            "standard_error": "standard error",
            "lower": f"lower {level}",
            "upper": f"upper {level}",
            "p_value": "p value",
            "p_holm": "p value (Holm)",
        }
        return self.effects.rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give the test of equality and how many segments show an effect."""
        return {
            "segments": len(self.effects),
            "segments_with_effect": int((self.effects["p_holm"] < 0.05).sum()),
            "segments_equal_f": self.equal.statistic,
            "segments_equal_p_value": self.equal.p_value,
        }


@passes_absence
def compare_segments(
    panel: pd.DataFrame,
    segments: CustomerSegments,
    *,
    outcome: str = "revenue",
    unit: str = "customer_id",
    period: str = "period",
    treated: str = "treated",
    post: str = "post",
    weights: pd.Series | None = None,
    level: float = 0.95,
) -> SegmentEffects:
    """Estimate the effect in every segment in one regression with interactions.

    ``outcome = unit effect + segment x period effect + sum_s effect_s * treated * post *
    [segment = s] + error``, clustered by unit: treated customers are compared with control
    customers of the same segment, so that what happens to all of a segment, regression to
    the mean above all, is in both. That all effects are equal is a Wald test; the
    p-values of single segments are Holm's.

    Parameters
    ----------
    panel, outcome, unit, period, treated, post, weights
        As in :func:`~crmstudy.case.effects.did.estimate_did`.
    segments : CustomerSegments
        Segment of every customer, known before the start.
    level : float
        Of the intervals.

    Raises
    ------
    SettingsError
        If ``level`` is not between 0 and 1.
    DataError
        As in :func:`~crmstudy.case.effects.did.estimate_did`.
    ModelError
        Also if fewer than two segments have 10 units in each group.
    """
    if not 0 < level < 1:
        raise SettingsError(f"level = {level}: must be between 0 and 1")
    columns = {"unit": unit, "period": period, "treated": treated, "post": post}
    arrange_panel(panel, outcome=outcome, weights=weights, **columns)
    label = panel[unit].map(segments.labels)
    designs, too_small = {}, []
    for name in segments.order:
        design = _arrange(panel[(label == name).to_numpy()], outcome, weights, columns)
        if design is None:
            too_small.append(name)
        else:
            designs[name] = design
    if len(designs) < 2:
        raise ModelError(
            f"{len(designs)} of {len(segments.order)} segments by {segments.by} have {MINIMUM} "
            "customers in each group; a comparison needs two"
        )
    effects, equal = _estimate(designs, level)
    return SegmentEffects(
        by=segments.by,
        outcome=outcome,
        effects=effects,
        equal=equal,
        too_small=tuple(too_small),
        note=segments.note,
        level=level,
        n_units=sum(len(design.treated) for design in designs.values()),
    )


def _arrange(
    panel: pd.DataFrame, outcome: str, weights: pd.Series | None, columns: dict[str, str]
) -> PanelDesign | None:
    try:
        design = arrange_panel(panel, outcome=outcome, weights=weights, **columns)
    except ModelError:
        return None
    n_treated = int(design.treated.sum())
    return design if min(n_treated, len(design.treated) - n_treated) >= MINIMUM else None


def _estimate(designs: dict[str, PanelDesign], level: float) -> tuple[pd.DataFrame, Hypothesis]:
    """Segments share no unit, so that their effects are independent of each other."""
    found = [compare_contrasts(d, contrast_after(d.post)[None]) for d in designs.values()]
    scale = _correct(list(designs.values()))
    n_units = sum(part.n_units for part in found)
    joint = Contrasts(
        np.concatenate([part.estimates for part in found]),
        np.diag([s * float(p.covariance[0, 0]) for s, p in zip(scale, found, strict=True)]),
        n_units,
    )
    frame = joint.frame(level)
    frame.insert(0, "segment", list(designs))
    frame.insert(1, "n_treated", [int(d.treated.sum()) for d in designs.values()])
    frame.insert(2, "n_control", [int((~d.treated).sum()) for d in designs.values()])
    frame["p_holm"] = adjust_p_values(frame["p_value"])["p_holm"]
    differences = np.eye(len(found))[:-1] - np.eye(len(found), k=1)[:-1]
    f, p_value, rank = joint.f_test(differences)
    equal = Hypothesis(
        null="the effect is the same in all segments",
        statistic=f,
        p_value=p_value,
        distribution=f"F({rank}, {n_units - 1})",
    )
    return frame, equal


def _correct(designs: list[PanelDesign]) -> list[float]:
    """From each segment's own small-sample factor to that of the joint regression."""
    n_periods = designs[0].outcome.shape[1]
    sizes = [len(design.treated) for design in designs]

    def factor(n: int, n_terms: int) -> float:
        rows = n * n_periods
        return n / (n - 1) * (rows - 1) / (rows - n_terms)

    joint = factor(sum(sizes), len(sizes) * n_periods)
    return [joint / factor(n, n_periods) for n in sizes]
