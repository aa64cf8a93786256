"""Segments by a decision tree: customers split by what foretells their next period's value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, passes_absence
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.spread import SpreadVariables, spread_variables
from crmstudy.segmentation.networks.later_value import match_outcome, modulus_log
from crmstudy.segmentation.trees.tree import (
    FEWEST_IN_LEAF,
    LARGEST,
    Floats,
    choose_pruned,
    grow_leaves,
    rank_leaves,
)
from crmstudy.segmentation.trees.tree_nodes import bound_leaves, describe_nodes

FEWEST = 60  # customers to grow a tree from
Z = 1.959963984540054  # of a 95% interval


@dataclass(frozen=True)
class TreeResult:
    """Segments by a tree; segment 1 has the highest mean value.

    Parameters
    ----------
    labels : Series of int
        Segment of each customer with an outcome.
    leaves : DataFrame indexed by segment
        ``n_customers``, ``share_customers``, ``mean`` (next period's value a customer, with
        its 95% interval ``lower``, ``upper``), ``value`` (sum), ``share_value``.
    bounds : DataFrame
        What leads to each segment: ``segment``, ``variable``, ``level`` (empty for a
        number), ``lower`` (above it) and ``upper`` (up to it; both infinite where open). A
        level with ``lower`` at 0.5 is asked for, with ``upper`` at 0.5 excluded.
    nodes : DataFrame indexed by node
        ``parent`` (-1 for the first), ``left``, ``right`` (-1 for a leaf), ``depth``,
        ``variable``, ``level``, ``threshold`` (left: up to it), ``n_customers``, ``mean``,
        ``segment`` (0 within the tree).
    choice : DataFrame indexed by n_segments
        The trees of cost-complexity pruning: ``complexity``, ``error`` (cross-validated sum
        of squares over that of the mean), ``standard_error``, ``chosen``.
    error, standard_error : float
        The same of the tree shown; 1 is no better than the mean.
    checks : tuple of Check
        Whether the tree foretells anything.
    units : dict of str to bool
        Whether thresholds of a variable stand in its own unit.
    value, name : str
        What was foretold; the block of criteria.
    n_customers, n_left_out : int
        Customers with an outcome, and without.
    """

    labels: pd.Series
    leaves: pd.DataFrame
    bounds: pd.DataFrame
    nodes: pd.DataFrame
    choice: pd.DataFrame
    error: float
    standard_error: float
    checks: tuple[Check, ...]
    units: dict[str, bool]
    value: str
    name: str
    n_customers: int
    n_left_out: int

    @property
    def n_segments(self) -> int:
        """Number of leaves."""
        return len(self.leaves)

    def table(self) -> pd.DataFrame:
        """Arrange the pruned trees, from the smallest."""
        table = self.choice.reset_index().rename(
            columns={
                "n_segments": "number of segments",
                "error": "cross-validated error",
                "standard_error": "standard error",
            }
        )
        return table.assign(chosen=np.where(table["chosen"], "yes", ""))

    def to_metrics(self) -> dict[str, float]:
        """Give size and error of the tree, and the shares of each leaf."""
        metrics: dict[str, float] = {
            "n_customers": self.n_customers,
            "n_segments": self.n_segments,
            "error": self.error,
        }
        for segment, row in self.leaves.iterrows():
            metrics[f"share_customers_segment_{segment}"] = float(row["share_customers"])
            metrics[f"share_value_segment_{segment}"] = float(row["share_value"])
        return metrics


@passes_absence
def grow_tree(
    space: Space,
    outcome: pd.Series,
    *,
    seed: int,
    n_segments: int = 0,
    originals: pd.DataFrame | None = None,
) -> TreeResult:
    """Segment customers by the regression tree that foretells next period's value.

    The tree is grown on ``sign(y) log(1 + |y|)`` of the value ``y``, so that a few large
    customers do not decide every split. With ``n_segments`` at 0 a tree of 12 leaves is
    pruned by cost-complexity; of the pruned trees the smallest is taken whose
    cross-validated error lies within one standard error of the least (Breiman et al.,
    1984, sections 3.3 and 3.4.3).

    Parameters
    ----------
    space : Space
        Criteria known at the end of the first period.
    outcome : Series indexed by customer
        Value in the period after; 0 for who bought nothing.
    seed : int
        Seed of the folds.
    n_segments : int
        Leaves to grow, at most; 0 chooses.
    originals : DataFrame indexed by customer, optional
        The variables in their own units, in which thresholds are then given: halfway
        between the customers on either side, and whole numbers where the variable is one.

    Raises
    ------
    DataError
        If ``outcome`` holds a customer twice, or an infinite value.
    ModelError
        If fewer than 60 customers have an outcome, all outcomes are equal, or they do not
        sum to a positive amount.
    """
    known, value = match_outcome(space, outcome)
    _require_outcomes(value, n_segments)
    spread = spread_variables(known)
    order = np.lexsort((value, *spread.values.T[::-1]))
    points, logged = spread.values[order], modulus_log(value[order])
    choice, error, standard_error = choose_pruned(points, logged, seed=seed, n_segments=n_segments)
    chosen = choice.index[choice["chosen"]]
    alpha = 0.0 if n_segments else float(choice.loc[chosen[0], "pruned_at"])
    tree = grow_leaves(points, logged, n_leaves=n_segments or LARGEST, seed=0, alpha=alpha)
    rank = rank_leaves(tree, _average_leaves(tree.apply(points), value[order]))
    labels = pd.Series(rank[tree.apply(spread.values)], index=known.customers, name="segment")
    nodes = describe_nodes(
        tree, rank, spread, value, None if originals is None else originals.reindex(known.customers)
    )
    return TreeResult(
        labels=labels,
        leaves=_summarise(labels, value),
        bounds=bound_leaves(nodes),
        nodes=nodes.drop(columns=["own_unit"]),
        choice=choice.drop(columns="pruned_at"),
        error=error,
        standard_error=standard_error,
        checks=(_check_tree(error, standard_error),),
        units=_name_units(spread, originals),
        value=str(outcome.name or "value"),
        name=space.name,
        n_customers=len(known.customers),
        n_left_out=len(space.customers) - len(known.customers),
    )


def _require_outcomes(value: Floats, n_segments: int) -> None:
    if len(value) < max(FEWEST, n_segments * FEWEST_IN_LEAF):
        needed = max(FEWEST, n_segments * FEWEST_IN_LEAF)
        raise ModelError(f"a tree needs {needed} customers with an outcome, not {len(value)}")
    if not (value != value[0]).any():
        raise ModelError("the outcome is equal for all customers: a tree has nothing to foretell")
    if value.sum() <= 0:
        raise ModelError("shares of the outcome need a positive sum")


def _average_leaves(leaves: npt.NDArray[np.intp], value: Floats) -> Floats:
    """Average the value at each leaf; the mean orders segments, the mean of logs only grew them."""
    return np.bincount(leaves, value) / np.maximum(np.bincount(leaves), 1)


def _summarise(labels: pd.Series, value: Floats) -> pd.DataFrame:
    # Sorted by value: sums must not depend on the order of the customers.
    frame = pd.DataFrame({"segment": labels.to_numpy(), "value": value}).sort_values("value")
    groups = frame.groupby("segment")["value"]
    size, mean = groups.size(), groups.mean()
    reach: pd.Series = groups.std() * Z / np.sqrt(size)
    return pd.DataFrame(
        {
            "n_customers": size,
            "share_customers": size / len(value),
            "mean": mean,
            "lower": mean - reach,
            "upper": mean + reach,
            "value": groups.sum(),
            "share_value": groups.sum() / frame["value"].sum(),
        }
    )


def _name_units(spread: SpreadVariables, originals: pd.DataFrame | None) -> dict[str, bool]:
    known = set() if originals is None else set(map(str, originals.columns))
    return {name: name in known for name in dict.fromkeys(spread.variables)}


def _check_tree(error: float, standard_error: float) -> Check:
    return Check(
        name="the tree foretells held-out customers better than their mean (error + its error)",
        passed=error + standard_error < 1,
        statistic=error + standard_error,
        threshold="< 1",
        source="Breiman et al. (1984), sec. 3.4.3",
        consequence="the criteria do not foretell the value: do not serve these segments apart",
    )
