"""One held-back variable against the segments: how it is read, tested and described."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.segmentation.explain.profile import bound_means, order_segments
from crmstudy.shares import wilson_limits
from crmstudy.statistics.association import associate
from crmstudy.statistics.effects import Effect, measure_means, measure_ranks
from crmstudy.statistics.variance import (
    apply_anova,
    apply_kruskal_wallis,
    apply_welch,
    split_variance,
)

MINIMUM_LEVEL = 10  # customers; rarer levels of a category are joined
MOST_LEVELS = 30
MOST_JOINED = 0.5  # share of the customers in rare levels
OTHER = "other levels"


@dataclass(frozen=True)
class Judged:
    """What came out for one variable; with a reason, nothing did."""

    name: str
    source: str
    kind: str = ""
    n: int = 0
    n_segments: int = 0
    effect: Effect | None = None
    rank_effect: float = np.nan
    test: str = ""
    statistic: float = np.nan
    distribution: str = ""
    p: float = np.nan
    p_anova: float = np.nan
    p_ranks: float = np.nan
    details: pd.DataFrame = field(default_factory=pd.DataFrame)
    reason: str = ""

    def row(self) -> dict[str, Any]:
        """Give its row of the table of tests."""
        effect = self.effect
        return {
            "variable": self.name,
            "source": self.source,
            "kind": self.kind,
            "n": self.n,
            "n_segments": self.n_segments,
            "measure": _measure_of(effect),
            "effect": np.nan if effect is None else effect.size,
            "lower": np.nan if effect is None else float(np.sqrt(effect.lower)),
            "upper": np.nan if effect is None else float(np.sqrt(effect.upper)),
            "rank_effect": self.rank_effect,
            "test": self.test,
            "statistic": self.statistic,
            "distribution": self.distribution,
            "p": self.p,
            "p_anova": self.p_anova,
            "p_ranks": self.p_ranks,
            "reason": self.reason,
        }


def read_variable(values: pd.Series, segments: pd.Series, minimum_size: int) -> pd.DataFrame | str:
    """Pair known values with segments; say why where that cannot be done.

    Returns
    -------
    DataFrame or str
        Columns ``value`` (float for a number or a day, else text) and ``segment``, sorted so
        that sums do not depend on the customers' order; or the reason.
    """
    plain = _as_number_or_text(values)
    pairs = pd.DataFrame({"value": plain, "segment": segments}).dropna()
    size = pairs.groupby("segment")["value"].size()
    pairs = pairs[pairs["segment"].isin(size[size >= minimum_size].index)]
    if pairs["segment"].nunique() < 2:
        return f"known for {minimum_size} customers or more in fewer than two segments"
    if not pd.api.types.is_float_dtype(pairs["value"]):
        joined = _join_rare(pairs["value"])
        if (joined == OTHER).mean() > MOST_JOINED:
            return f"most customers have a value that fewer than {MINIMUM_LEVEL} share"
        if joined.nunique() > MOST_LEVELS:
            return f"{joined.nunique()} levels; at most {MOST_LEVELS} are compared"
        pairs = pairs.assign(value=joined)
    elif np.isinf(pairs["value"]).any():
        return "holds an infinite value"
    if pairs["value"].nunique() < 2:
        return "equal for all customers"
    return pairs.sort_values(["segment", "value"], kind="stable", key=_as_sortable)


def judge_number(pairs: pd.DataFrame, *, name: str, source: str, confidence: float) -> Judged:
    """Test and measure a number by Welch, with the classic F and ranks beside."""
    groups = {s: part["value"].to_numpy() for s, part in pairs.groupby("segment", sort=False)}
    samples = list(groups.values())
    described = _describe(pairs)
    ranks = apply_kruskal_wallis(samples)
    split = split_variance(samples)
    varies = split.within > 1e-12 * split.between
    welch = apply_welch(described) if varies else NotAvailable("no segment varies")
    read = ranks if isinstance(welch, NotAvailable) else welch
    return Judged(
        name,
        source,
        kind="number",
        n=len(pairs),
        n_segments=len(samples),
        effect=measure_means(samples, confidence=confidence),
        rank_effect=measure_ranks(samples, confidence=confidence).size,
        test="Kruskal-Wallis" if read is ranks else "Welch",
        statistic=read.statistic,
        distribution=read.distribution,
        p=read.p_value,
        p_anova=apply_anova(split).p_value if varies else np.nan,
        p_ranks=ranks.p_value,
        details=_means(described, confidence),
    )


def judge_category(
    pairs: pd.DataFrame, *, name: str, source: str, seed: int, confidence: float
) -> Judged:
    """Test and measure a category by its table with the segments."""
    found = associate(pairs["segment"], pairs["value"], seed=seed, confidence=confidence)
    return Judged(
        name,
        source,
        kind="category",
        n=found.n,
        n_segments=len(found.counts),
        effect=found.effect,
        test=found.method,
        statistic=found.test.statistic,
        distribution=found.test.distribution,
        p=found.test.p_value,
        details=_shares(found.counts, confidence),
    )


def _measure_of(effect: Effect | None) -> str:
    if effect is None:
        return ""
    return "omega" if effect.measure == "omega squared" else effect.measure


def _as_number_or_text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):
        return (values - values.min()) / pd.Timedelta(days=1)
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return values.astype("float64")
    return values.where(values.isna(), values.astype("str")).astype("str").where(values.notna())


def _as_sortable(values: pd.Series) -> pd.Series:
    return values if pd.api.types.is_numeric_dtype(values) else values.astype("str")


def _join_rare(values: pd.Series) -> pd.Series:
    count = values.map(values.value_counts())
    return values.where(count >= MINIMUM_LEVEL, OTHER)


def _describe(pairs: pd.DataFrame) -> pd.DataFrame:
    groups = pairs.groupby("segment", sort=False)["value"]
    described = pd.DataFrame({"n": groups.size(), "mean": groups.mean(), "sd": groups.std()})
    # A constant group's deviations can be rounding alone.
    same = groups.max() == groups.min()
    described["sd"] = described["sd"].mask(same, 0.0)
    return described.loc[order_segments(described.index)]


def _means(described: pd.DataFrame, confidence: float) -> pd.DataFrame:
    lower, upper = bound_means(described, confidence=confidence)
    columns = {"level": "", "segment": described.index, "n": described["n"].to_numpy()}
    values = described["mean"].to_numpy()
    return pd.DataFrame({**columns, "value": values, "lower": lower, "upper": upper})


def _shares(counts: pd.DataFrame, confidence: float) -> pd.DataFrame:
    counts = counts.loc[order_segments(counts.index)]
    n = counts.sum(axis=1)
    rows = counts.melt(var_name="level", value_name="count", ignore_index=False)
    rows = rows.rename_axis("segment").reset_index()
    rows["n"] = rows["segment"].map(n)
    rows["value"] = rows["count"] / rows["n"]
    rows["lower"], rows["upper"] = wilson_limits(rows["count"], rows["n"], confidence=confidence)
    return rows.drop(columns="count")
