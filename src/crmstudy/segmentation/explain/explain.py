"""Do the segments differ in what they were not made from? One test a held-back variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.segmentation.explain.held_back import (
    Judged,
    judge_category,
    judge_number,
    read_variable,
)
from crmstudy.statistics.multiplicity import adjust_p_values

TESTED = (
    "variable",
    "source",
    "kind",
    "n",
    "n_segments",
    "measure",
    "effect",
    "lower",
    "upper",
    "rank_effect",
    "test",
    "statistic",
    "distribution",
    "p",
    "p_anova",
    "p_ranks",
    "p_holm",
    "p_bh",
    "reason",
)
DETAILS = ("source", "variable", "level", "segment", "n", "value", "lower", "upper")
SMALL, MEDIUM, LARGE = 0.1, 0.3, 0.5  # of a correlation: Cohen (1988)


@dataclass(frozen=True)
class SegmentExplanation:
    """What tells the segments apart beside the variables they were made from.

    Parameters
    ----------
    tests : DataFrame
        One row a variable, the strongest effect first, those that could not be tested last:
        ``variable``, ``source``, ``kind`` (number or category), ``n`` (customers with a known
        value), ``n_segments`` (compared), ``measure``, ``effect`` (0 to 1, as a correlation:
        root of omega squared, or Cramér's V), ``lower``, ``upper``, ``rank_effect`` (root of
        epsilon squared of the ranks; numbers only), ``test``, ``statistic``,
        ``distribution``, ``p``, ``p_anova``, ``p_ranks``, ``p_holm``, ``p_bh``, ``reason`` (why
        there is no test, else empty).
    details : DataFrame
        Tidy: ``source``, ``variable``, ``level`` (empty for a number), ``segment``, ``n``,
        ``value`` (mean, or share of the level in the segment), ``lower``, ``upper``.
    absent : dict of str to str
        Sources that the study lacks, with the reason.
    alpha : float
        Level at which Holm's p-value is read.
    confidence : float
        Coverage of the intervals, of each alone.
    n_customers, n_segments : int
        In the segments.
    """

    tests: pd.DataFrame
    details: pd.DataFrame
    absent: dict[str, str]
    alpha: float
    confidence: float
    n_customers: int
    n_segments: int

    @property
    def tested(self) -> pd.DataFrame:
        """Variables that could be tested."""
        return self.tests[self.tests["reason"] == ""]

    @property
    def significant(self) -> pd.DataFrame:
        """Variables that differ after Holm's correction."""
        return self.tested[self.tested["p_holm"] <= self.alpha]

    def table(self) -> pd.DataFrame:
        """Arrange the tests for readers, variables without one left out."""
        names = {
            "lower": f"lower {self.confidence:.0%}",
            "upper": f"upper {self.confidence:.0%}",
            "p_holm": "p (Holm)",
            "p_bh": "p (Benjamini-Hochberg)",
        }
        columns = ["variable", "source", "n", "effect", "lower", "upper", "measure", "test", "p"]
        return self.tested[[*columns, "p_holm", "p_bh"]].rename(columns=names)

    def numbers(self) -> pd.DataFrame:
        """Arrange, for the numbers, the three tests and both effects side by side."""
        names = {
            "effect": "omega",
            "rank_effect": "epsilon (ranks)",
            "p_anova": "p (ANOVA)",
            "p": "p (Welch)",
            "p_ranks": "p (Kruskal-Wallis)",
        }
        rows = self.tested[(self.tested["kind"] == "number")]
        return rows[["variable", "source", "n", *names]].rename(columns=names)

    def untested(self) -> pd.DataFrame:
        """List what could not be tested, and the sources that the study lacks."""
        rows = self.tests.loc[self.tests["reason"] != "", ["variable", "source", "reason"]]
        lacking = pd.DataFrame(
            [("all", source, reason) for source, reason in self.absent.items()],
            columns=["variable", "source", "reason"],
        )
        return pd.concat([rows, lacking], ignore_index=True)

    def to_metrics(self) -> dict[str, float]:
        """Count the tests and give the strongest effect."""
        metrics: dict[str, float] = {
            "n_tested": len(self.tested),
            "n_untested": len(self.tests) - len(self.tested),
            "n_significant_holm": len(self.significant),
            "n_significant_bh": int((self.tested["p_bh"] <= self.alpha).sum()),
        }
        if len(self.tested):
            metrics["largest_effect"] = float(self.tested["effect"].iloc[0])
            metrics["median_effect"] = float(self.tested["effect"].median())
        return metrics


@passes_absence
def explain_segments(
    segments: pd.Series,
    sources: Mapping[str, pd.DataFrame | NotAvailable],
    *,
    seed: int,
    used: Sequence[str] = (),
    alpha: float = 0.05,
    confidence: float = 0.95,
    minimum_known: int = 30,
    minimum_size: int = 5,
) -> SegmentExplanation:
    """Test every held-back variable for differences between the segments.

    Segments always differ in what they were made from: a test on those variables says
    nothing. Here each variable of the sources that was not used is tested once: a number by
    Welch's F (with the classic F and Kruskal-Wallis beside), a category by chi-square, exact
    or drawn tables (see :func:`~crmstudy.statistics.association.associate`). All p-values are
    one family for Holm and for Benjamini and Hochberg. A variable that follows from used ones
    (days with a purchase from purchases) is held back by name only; read its source.

    Parameters
    ----------
    segments : Series
        Label of each customer's segment, indexed by customer.
    sources : mapping of str to DataFrame
        Held-back variables by where they come from; one row a customer, by index or by the
        column ``customer_id``. One that the study lacks may be ``NotAvailable``; one with a
        customer twice is not used, and listed.
    seed : int
        Seed of drawn tables.
    used : sequence of str
        Variables the segments were made from; never tested.
    alpha, confidence : float
        Level of the tests; coverage of the intervals.
    minimum_known : int
        Customers with a known value that a variable needs.
    minimum_size : int
        Segments with fewer known values are not compared, at least 2.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    DataError
        If a customer has two segments.
    ModelError
        If there are fewer than two segments.

    References
    ----------
    Welch, B. L. (1951). On the comparison of several mean values. Biometrika, 38, 330-336.
    Holm, S. (1979). Scandinavian J. Statistics, 6(2), 65-70.
    Cohen, J. (1988). Statistical Power Analysis for the Behavioral Sciences (2nd ed.).
    """
    if not (0 < alpha < 1 and 0 < confidence < 1 and minimum_known >= 3 and minimum_size >= 2):
        raise SettingsError(
            f"alpha = {alpha}, confidence = {confidence}, minimum_known = {minimum_known}, "
            f"minimum_size = {minimum_size}: shares between 0 and 1, at least 3 and at least 2"
        )
    known = segments.dropna().sort_index(kind="stable")
    if known.index.has_duplicates:
        raise DataError(f"customer {known.index[known.index.duplicated()][0]!r} has two segments")
    if known.nunique() < 2:
        raise ModelError(f"an explanation needs two segments; found: {known.nunique()}")
    present, absent = _read_sources(sources)
    judged = [
        _judge(frame[name], known, source, seed, confidence, minimum_known, minimum_size)
        for source, frame in present.items()
        for name in frame.columns
        if name not in (*used, "customer_id")
    ]
    return SegmentExplanation(
        tests=_rank(judged),
        details=_gather(judged),
        absent=absent,
        alpha=alpha,
        confidence=confidence,
        n_customers=len(known),
        n_segments=int(known.nunique()),
    )


def name_strength(effect: float) -> str:
    """Say by Cohen's (1988) bounds of a correlation how strong an effect is."""
    bounds = ((LARGE, "strong"), (MEDIUM, "moderate"), (SMALL, "weak"))
    return next((word for bound, word in bounds if effect >= bound), "negligible")


def _read_sources(
    sources: Mapping[str, pd.DataFrame | NotAvailable],
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Index each source by customer; say why where that cannot be done."""
    present: dict[str, pd.DataFrame] = {}
    absent: dict[str, str] = {}
    for source, frame in sources.items():
        if isinstance(frame, NotAvailable):
            absent[source] = frame.reason
            continue
        rows = frame.set_index("customer_id") if "customer_id" in frame.columns else frame
        rows = rows[rows.index.notna()]
        twice = int(rows.index.duplicated().sum())
        if twice:
            absent[source] = f"{twice} rows are of a customer who has one already"
        else:
            present[source] = rows
    return present, absent


def _judge(
    values: pd.Series,
    segments: pd.Series,
    source: str,
    seed: int,
    confidence: float,
    minimum_known: int,
    minimum_size: int,
) -> Judged:
    name = str(values.name)
    pairs = read_variable(values.reindex(segments.index), segments, minimum_size)
    if isinstance(pairs, str):
        return Judged(name, source, reason=pairs)
    if len(pairs) < minimum_known:
        reason = (
            f"customers in the segments of whom it is known: {len(pairs)}; needed: {minimum_known}"
        )
        return Judged(name, source, n=len(pairs), reason=reason)
    if pd.api.types.is_float_dtype(pairs["value"]):
        return judge_number(pairs, name=name, source=source, confidence=confidence)
    return judge_category(pairs, name=name, source=source, seed=seed, confidence=confidence)


def _rank(judged: Sequence[Judged]) -> pd.DataFrame:
    table = pd.DataFrame([one.row() for one in judged], columns=list(TESTED))
    table[["p_holm", "p_bh"]] = adjust_p_values(table["p"].astype(float)).to_numpy()
    table["effect"] = table["effect"].astype(float)
    order = np.lexsort((np.arange(len(table)), -table["effect"].fillna(-1.0).to_numpy()))
    return table.iloc[order].reset_index(drop=True)


def _gather(judged: Sequence[Judged]) -> pd.DataFrame:
    frames = [one.details.assign(variable=one.name, source=one.source) for one in judged]
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return pd.DataFrame(columns=list(DETAILS))
    return pd.concat(filled, ignore_index=True)[list(DETAILS)]
