"""How customers move between segments from one period to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import DataError, ModelError, NotAvailable, passes_absence
from crmstudy.segmentation.rfm.periods import Window, require_equal
from crmstudy.segmentation.rfm.square import (
    compare_directions,
    compare_margins,
    compare_origins,
    cramers_v,
)
from crmstudy.shares import wilson_limits

GONE = "no purchase"
NEW = "new"
#: Directions of a move, and their readings.
DIRECTIONS = {
    "stayed": "in the same segment in both periods",
    "up": "to a segment of higher mean value",
    "down": "to a segment of lower mean value",
    "no purchase": "bought in the first period only",
    "new": "bought in the second period only",
}
SPARSE = 5.0  # expected customers of a cell below which the chi-squared distribution is rough
MOST_SPARSE = 0.2  # of the cells


@dataclass(frozen=True)
class Migration:
    """Where the customers of one period stand in the next.

    Parameters
    ----------
    counts : DataFrame
        Customers by state before (rows: the segments, then ``new``) and after (columns:
        the segments, then ``no purchase``). Nobody is both new and gone.
    flows : DataFrame
        One row a state before and a state after between which someone moved: ``origin``,
        ``target``, ``direction``, ``n_customers``, ``share_origin`` (of the customers of the
        origin) with Wilson's limits ``lower`` and ``upper``, ``value_before``,
        ``value_after`` (sums).
    order : tuple of str
        The segments by falling mean value.
    movement : DataFrame
        Indexed by direction: ``n_customers``, ``share_customers`` (of the customers
        of the first period; for the new, of the second), ``lower``, ``upper``,
        ``value_before``, ``value_after``.
    symmetry, margins, origins : Hypothesis or NotAvailable
        Bowker's and Stuart and Maxwell's tests over the customers of both periods, and
        Pearson's that the state after depends on the state before.
    cramers_v : float or None
        Strength of that dependence.
    checks : tuple of Check
        Whether the tables are full enough for the tests.
    windows : tuple of Window
        The two periods; empty where they were not told.
    """

    counts: pd.DataFrame
    flows: pd.DataFrame
    order: tuple[str, ...]
    movement: pd.DataFrame
    symmetry: Hypothesis | NotAvailable
    margins: Hypothesis | NotAvailable
    origins: Hypothesis | NotAvailable
    cramers_v: float | None
    checks: tuple[Check, ...]
    windows: tuple[Window, ...]

    @property
    def n_before(self) -> int:
        """Customers of the first period."""
        return int(self.counts.drop(index=NEW).to_numpy().sum())

    @property
    def n_after(self) -> int:
        """Customers of the second period."""
        return int(self.counts.drop(columns=GONE).to_numpy().sum())

    def shares(self) -> pd.DataFrame:
        """Divide each row of ``counts`` by its sum; a segment that nobody left from is missing."""
        totals = self.counts.sum(axis=1)
        return self.counts.div(totals.where(totals > 0), axis=0)

    def table(self) -> pd.DataFrame:
        """Arrange customers, shares and value by direction.

        The last column is what the value of these customers changed, over the value of all
        in the first window.
        """
        change = self.movement["value_after"] - self.movement["value_before"]
        whole = float(self.movement["value_before"].sum())
        table = self.movement.assign(
            reading=[DIRECTIONS[name] for name in self.movement.index],
            change=change / whole if whole > 0 else np.nan,
        )
        names = {
            "n_customers": "customers",
            "share_customers": "share",
            "value_before": "value before",
            "value_after": "value after",
            "change": "change of value, share of all before",
        }
        columns = ["reading", *[c for c in table.columns if c not in ("reading", "change")]]
        return table[[*columns, "change"]].rename(columns=names).reset_index()

    def tests(self) -> pd.DataFrame:
        """Arrange the three tests; one that cannot be computed says why."""
        rows: list[dict[str, object]] = []
        for name, test in (
            ("Bowker", self.symmetry),
            ("Stuart-Maxwell", self.margins),
            ("Pearson", self.origins),
        ):
            if isinstance(test, NotAvailable):
                rows.append({"test": name, "null hypothesis": str(test)})
            else:
                said = {"null hypothesis": test.null, "distribution": test.distribution}
                # A p-value below the smallest number is not 0: it is shown as a bound.
                p = max(test.p_value, float(np.finfo(float).tiny))
                found = {"statistic": test.statistic, "p-value": p}
                rows.append({"test": name, **said, **found})
        columns = ["test", "null hypothesis", "distribution", "statistic", "p-value"]
        return pd.DataFrame(rows).reindex(columns=columns)

    def to_metrics(self) -> dict[str, float]:
        """Give customers and shares by direction, and the statistics."""
        metrics: dict[str, float] = {"n_before": self.n_before, "n_after": self.n_after}
        for direction, row in self.movement.iterrows():
            name = str(direction).replace(" ", "_")
            metrics[f"n_{name}"] = int(row["n_customers"])
            metrics[f"share_{name}"] = float(row["share_customers"])
        tests = {"bowker": self.symmetry, "stuart_maxwell": self.margins, "pearson": self.origins}
        for name, test in tests.items():
            if isinstance(test, Hypothesis):
                metrics |= {f"{name}_statistic": test.statistic, f"{name}_p_value": test.p_value}
        return metrics | ({} if self.cramers_v is None else {"cramers_v": self.cramers_v})


@passes_absence
def migrate_segments(
    before: pd.Series,
    after: pd.Series,
    *,
    value_before: pd.Series,
    value_after: pd.Series,
    order: Sequence[str] = (),
    windows: Sequence[Window] = (),
) -> Migration:
    """Count how customers moved between the segments of two periods.

    The segments of both periods must be cut at the same places (the first period's
    cut-points or centres): segments cut anew at the quantiles of the second would keep their
    sizes whatever happens.

    Parameters
    ----------
    before, after : Series indexed by customer
        Segment of each customer who bought in the first, in the second period.
    value_before, value_after : Series indexed by customer
        What each of them brought in that period, revenue for instance.
    order : sequence of str
        The segments from the most to the least valuable. Empty orders them by mean
        value in the first period, one that was empty then by its mean in the second.
    windows : sequence of Window
        The two periods, if known; they must be equally long.

    Raises
    ------
    DataError
        If a customer stands twice, a value or a segment is missing, a segment is not in
        ``order``, or one is called as a state of this study.
    ModelError
        If a period holds no customer, or the windows differ.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical
    inference. J. American Statistical Association, 22(158), 209-212.
    """
    if windows:
        require_equal(windows)
    states = [
        _read_states(before, value_before, "first"),
        _read_states(after, value_after, "second"),
    ]
    ranked = tuple(order) or _rank_segments(*states)
    found = pd.concat([state["segment"] for state in states]).unique()
    _refuse_names(ranked, sorted(set(found) - set(ranked)))
    both = states[0].add_suffix("_before").join(states[1].add_suffix("_after"), how="outer")
    moves = pd.DataFrame(
        {
            "origin": both["segment_before"].fillna(NEW),
            "target": both["segment_after"].fillna(GONE),
            "value_before": both["value_before"].fillna(0.0),
            "value_after": both["value_after"].fillna(0.0),
        }
    )
    counts = _count_moves(moves, ranked)
    flows = _measure_flows(moves, counts)
    kept = counts.drop(index=NEW, columns=GONE)
    known = counts.drop(index=NEW)
    return Migration(
        counts=counts,
        flows=flows,
        order=ranked,
        movement=_sum_directions(flows, n_before=len(states[0]), n_after=len(states[1])),
        symmetry=compare_directions(kept),
        margins=compare_margins(kept),
        origins=compare_origins(known),
        cramers_v=cramers_v(known),
        checks=(_check_sparse(known),),
        windows=tuple(windows),
    )


def _read_states(segments: pd.Series, value: pd.Series, period: str) -> pd.DataFrame:
    if segments.empty:
        raise ModelError(f"nobody bought in the {period} period")
    if segments.index.has_duplicates or value.index.has_duplicates:
        raise DataError(f"a customer stands twice in the {period} period; one row each is needed")
    states = pd.DataFrame({"segment": segments, "value": value.reindex(segments.index)})
    lacking = states.index[states.isna().any(axis=1)]
    if len(lacking):
        raise DataError(
            f"{len(lacking)} customers of the {period} period have no segment or no value"
        )
    return states.astype({"segment": "str", "value": "float64"})


def _rank_segments(first: pd.DataFrame, second: pd.DataFrame) -> tuple[str, ...]:
    means = first.groupby("segment")["value"].mean()
    later = second.groupby("segment")["value"].mean()
    both = means.combine_first(later).sort_index().sort_values(ascending=False, kind="stable")
    return tuple(map(str, both.index))


def _refuse_names(order: Sequence[str], unknown: Sequence[str]) -> None:
    if unknown:
        raise DataError(f"segment {unknown[0]!r} is not in the order {', '.join(order)}")
    for name in (GONE, NEW):
        if name in order:
            raise DataError(f"a segment may not be called {name!r}: it is a state of customers")


def _count_moves(moves: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    counts = pd.crosstab(moves["origin"], moves["target"])
    counts = counts.reindex(index=[*order, NEW], columns=[*order, GONE], fill_value=0)
    return counts.astype("int64").rename_axis(index="before", columns="after")


def _direction(origin: str, target: str, rank: dict[str, int]) -> str:
    if origin == NEW:
        return "new"
    if target == GONE:
        return "no purchase"
    step = rank[target] - rank[origin]
    return "stayed" if step == 0 else "down" if step > 0 else "up"


def _measure_flows(moves: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    rank = {str(name): place for place, name in enumerate(counts.columns)}
    sums = moves.groupby(["origin", "target"])[["value_before", "value_after"]].sum()
    rows = []
    for origin, row in counts.iterrows():
        total = int(row.sum())
        for target, n in row[row > 0].items():
            lower, upper = wilson_limits(n, total)
            value = sums.loc[(origin, target)]  # type: ignore[index]
            rows.append(
                {
                    "origin": origin,
                    "target": target,
                    "direction": _direction(str(origin), str(target), rank),
                    "n_customers": int(n),
                    "share_origin": n / total,
                    "lower": float(lower),
                    "upper": float(upper),
                    "value_before": float(value["value_before"]),
                    "value_after": float(value["value_after"]),
                }
            )
    return pd.DataFrame(rows)


def _sum_directions(flows: pd.DataFrame, *, n_before: int, n_after: int) -> pd.DataFrame:
    columns = ["n_customers", "value_before", "value_after"]
    sums = flows.groupby("direction")[columns].sum().reindex(list(DIRECTIONS), fill_value=0)
    base = np.where(sums.index == "new", n_after, n_before)
    lower, upper = wilson_limits(sums["n_customers"].to_numpy(), base)
    sums.insert(1, "share_customers", sums["n_customers"] / base)
    sums.insert(2, "lower", lower)
    sums.insert(3, "upper", upper)
    return sums.rename_axis("direction")


def _check_sparse(known: pd.DataFrame) -> Check:
    table = known.loc[known.sum(axis=1) > 0, known.sum() > 0].to_numpy(dtype=float)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    sparse = float((expected < SPARSE).mean())
    return Check(
        name=f"few cells expect fewer than {SPARSE:.0f} customers (share of cells)",
        passed=sparse <= MOST_SPARSE,
        statistic=sparse,
        threshold=f"<= {MOST_SPARSE}",
        source="Cochran (1954)",
        consequence="the tests are approximate: fewer segments or longer windows",
    )
