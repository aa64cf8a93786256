"""What targeting by segment would have brought, and whether it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.segmentation.use.judging import Verdict

FEWEST_POSITIVE = 50  # rows with an outcome below which a lift is an anecdote


@dataclass(frozen=True)
class TargetingResult:
    """How well segments say beforehand who will buy or respond.

    Parameters
    ----------
    outcome : str
        What is gained, in words.
    unit : {"customer", "offer"}
        What a row is: a customer may get several offers.
    learnt_on, judged_on : str
        In words.
    segments : DataFrame
        Indexed by segment, in the order in which they would be targeted: ``score``
        (what was learnt), ``n_customers``, ``n_rows``, ``share_rows``, ``mean`` (of the
        outcome), ``share_outcome``, ``lift`` with ``lower`` and ``upper``.
    methods : DataFrame
        Indexed by ranking, "segments" first: ``gini`` (0 chance, 1 perfect) with
        ``gini_lower`` and ``gini_upper``; ``lift_10``, ``lift_20``, ``lift_30`` with
        limits; ``lead``, the Gini of the segments less that of this ranking, with limits.
    curves : DataFrame
        ``method``, ``targeted``, ``gained``, ``lower``, ``upper``: shares.
    checks : tuple of Check
    is_share : bool
        Whether the outcome is 0 or 1; then ``(1 + gini) / 2`` is the area under the ROC
        curve.
    n_rows, n_customers, n_left_out, n_replicates : int
        Rows judged, their customers, rows left out for want of a segment or feature;
        bootstrap samples.
    """

    outcome: str
    unit: str
    learnt_on: str
    judged_on: str
    segments: pd.DataFrame
    methods: pd.DataFrame
    curves: pd.DataFrame
    checks: tuple[Check, ...]
    is_share: bool
    n_rows: int
    n_customers: int
    n_left_out: int
    n_replicates: int

    def table(self) -> pd.DataFrame:
        """Arrange the segments: what was learnt, what came, and the lift with its interval."""
        names = {
            "score": "rate learnt",
            "n_customers": "customers",
            "n_rows": f"{self.unit}s",
            "share_rows": f"share of {self.unit}s",
            "mean": "rate found" if self.is_share else "mean found",
            "share_outcome": f"share of {self.outcome}",
        }
        table = self.segments.drop(columns="n_rows" if self.unit == "customer" else [])
        return table.rename(columns=names).reset_index()

    def compare(self) -> pd.DataFrame:
        """Arrange the rankings: Gini, lift among the best tenths, lead of the segments."""
        names = {
            "gini": "Gini",
            "gini_lower": "lower",
            "gini_upper": "upper",
            "lift_10": "lift at 10%",
            "lift_20": "lift at 20%",
            "lift_30": "lift at 30%",
            "lead": "lead of the segments",
            "lead_lower": "lead, lower",
            "lead_upper": "lead, upper",
        }
        table = self.methods[list(names)].rename(columns=names).astype("object")
        table.loc["segments", ["lead of the segments", "lead, lower", "lead, upper"]] = "–"
        return table.rename_axis("ranked by").reset_index()

    def stakes(self) -> pd.DataFrame:
        """Give what a customer of each segment brought, with the limits of its lift."""
        mean = self.segments["mean"]
        scale = mean / self.segments["lift"].where(self.segments["lift"] != 0, 1.0)
        limits = self.segments[["lower", "upper"]].mul(scale, axis=0)
        return pd.DataFrame({"value": mean, **limits})

    def to_metrics(self) -> dict[str, float]:
        """Give Gini and lift of every ranking."""
        metrics: dict[str, float] = {"n_rows": self.n_rows, "n_customers": self.n_customers}
        for method, row in self.methods.iterrows():
            name = str(method).replace(" ", "_").lower()
            for column in ("gini", "gini_lower", "gini_upper", "lift_10", "lift_20", "lift_30"):
                metrics[f"{name}_{column}"] = float(row[column])
        return metrics


def conclude(
    verdict: Verdict,
    *,
    outcome: str,
    unit: str,
    learnt_on: str,
    judged_on: str,
    n_left_out: int,
) -> TargetingResult:
    """Put a verdict on segments and rival rankings into words and checks."""
    return TargetingResult(
        outcome=outcome,
        unit=unit,
        learnt_on=learnt_on,
        judged_on=judged_on,
        segments=verdict.segments,
        methods=verdict.methods,
        curves=verdict.curves,
        checks=_check(verdict, unit),
        is_share=verdict.is_share,
        n_rows=verdict.n_rows,
        n_customers=verdict.n_customers,
        n_left_out=n_left_out,
        n_replicates=verdict.n_replicates,
    )


def _check(verdict: Verdict, unit: str) -> tuple[Check, ...]:
    found = verdict.segments["mean"].to_numpy()
    scores = verdict.segments["score"].to_numpy()
    before, after = np.sign(np.subtract.outer(scores, scores)), np.subtract.outer(found, found)
    pairs = int(np.count_nonzero(before > 0))
    share = int(np.count_nonzero((before > 0) & (after > 0))) / pairs if pairs else 1.0
    lower = float(verdict.methods["gini_lower"].iloc[0])
    return (
        Check(
            name=f"enough {unit}s with an outcome to judge by",
            passed=verdict.n_positive >= FEWEST_POSITIVE,
            statistic=float(verdict.n_positive),
            threshold=f">= {FEWEST_POSITIVE}",
            source="rule of this study",
            consequence="the lift rests on few cases: read its interval, not its value",
        ),
        Check(
            name="the segments rank better than chance (lower limit of the Gini)",
            passed=lower > 0,
            statistic=lower,
            threshold="> 0",
            source="bootstrap by customer",
            consequence="targeting by segment is not shown to be better than drawing lots",
        ),
        Check(
            name="segments keep their order (share of the pairs in the order learnt)",
            passed=share == 1.0,
            statistic=share,
            threshold="= 1",
            source="rule of this study",
            consequence="some segment did better than one ranked above it: see its interval",
        ),
    )
