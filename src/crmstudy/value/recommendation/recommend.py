"""Recommendations for every customer, with names and reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.value.recommendation.item_names import name_items
from crmstudy.value.recommendation.lists import Lists, list_items
from crmstudy.value.recommendation.purchase_matrix import PurchaseMatrix, arrange_purchases
from crmstudy.value.recommendation.recommenders import Workbench, one_thread
from crmstudy.value.recommendation.trial import RecommendationTrial

#: Customers shown as examples: shares of all who bought less, and what they are called.
EXAMPLES = {"light buyer": 0.25, "typical buyer": 0.5, "heavy buyer": 0.9}
SHOWN = 3  # items of an example


@dataclass(frozen=True)
class Recommendations:
    """What to offer each customer next.

    Parameters
    ----------
    lists : DataFrame
        One row a task, customer and place: ``task``, ``customer_id``, ``place``, ``item``,
        ``name``, ``by_popularity`` (whether the method had no opinion).
    examples : DataFrame
        ``task``, ``customer`` (light, typical, heavy buyer), ``purchases``, ``place``,
        ``name``, ``reason``.
    methods : dict
        Task -> method used, the best on the tuning window.
    n_customers, n_cold : int
        Customers known; of them those without an item of the catalogue, who get the most
        popular items.
    share_filled : dict
        Task -> share of the places given to popularity, cold customers not counted.
    k : int
        Places of a list.
    """

    lists: pd.DataFrame
    examples: pd.DataFrame
    methods: dict[str, str]
    n_customers: int
    n_cold: int
    share_filled: dict[str, float]
    k: int

    @property
    def share_served(self) -> float:
        """Share of the customers whose list rests on their own purchases."""
        return 1 - self.n_cold / self.n_customers

    def table(self) -> pd.DataFrame:
        """Arrange the examples with names and reasons; no customer is named."""
        return self.examples.rename(columns={"name": "recommended"})

    def tabulate_service(self) -> pd.DataFrame:
        """Say by which method each task is served, and how often popularity steps in."""
        return pd.DataFrame(
            {
                "task": list(self.methods),
                "method": list(self.methods.values()),
                "customers": self.n_customers,
                "without history in the catalogue": self.n_cold,
                "share served by own purchases": self.share_served,
                "share of their places filled by popularity": list(self.share_filled.values()),
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Give the customers served and those left to popularity."""
        return {
            "n_customers": self.n_customers,
            "n_cold": self.n_cold,
            "share_served": self.share_served,
        }


def recommend_items(
    trial: RecommendationTrial | NotAvailable,
    *parts: pd.DataFrame,
    seed: int,
    products: pd.DataFrame | NotAvailable | None = None,
) -> Recommendations | NotAvailable:
    """Fit the method that did best before the test on all purchases and list items.

    Parameters
    ----------
    trial : RecommendationTrial
        Names the method and its settings for each task.
    *parts : DataFrame
        Purchases by customer and item, the windows of the trial.
    seed : int
        The study's seed.
    products : DataFrame, optional
        Canonical table of products, for names; without it items keep their identifiers.
    """
    if isinstance(trial, NotAvailable):
        return trial
    matrix = arrange_purchases(parts, until=trial.windows.test_until)
    table = NotAvailable("no table of products") if products is None else products
    names = name_items(matrix.items, table, level=trial.level)
    rows = np.arange(len(matrix.customers))
    found: dict[str, Lists] = {}
    with one_thread():
        bench = Workbench(matrix, trial.windows.window_days, seed)
        for task in trial.tasks:
            scorer = bench.fit(*trial.choose(task))
            found[task] = list_items(scorer, matrix, rows, task=task, length=trial.k)
    cold = matrix.known.difference(matrix.customers, sort=False)
    return Recommendations(
        lists=pd.concat(
            [_tabulate(task, lists, matrix, names, cold) for task, lists in found.items()],
            ignore_index=True,
        ),
        examples=pd.concat(
            [_explain(task, lists, matrix, names) for task, lists in found.items()],
            ignore_index=True,
        ),
        methods={task: trial.choose(task)[0] for task in found},
        n_customers=len(matrix.known),
        n_cold=len(cold),
        share_filled={
            task: float(lists.filled[lists.items >= 0].mean()) for task, lists in found.items()
        },
        k=trial.k,
    )


def _tabulate(
    task: str, lists: Lists, matrix: PurchaseMatrix, names: pd.Series, cold: pd.Index
) -> pd.DataFrame:
    """Write lists as one row a place; who has no history gets the most popular items."""
    length = lists.items.shape[1]
    popular = np.broadcast_to(np.arange(length), (len(cold), length))
    items = np.concatenate([lists.items, popular])
    filled = np.concatenate([lists.filled, np.ones_like(popular, dtype=bool)])
    customers = matrix.customers.append(cold)
    taken = items.ravel() >= 0
    places = items.ravel()[taken]
    return pd.DataFrame(
        {
            "task": task,
            "customer_id": customers.repeat(length)[taken],
            "place": np.tile(np.arange(1, length + 1), len(items))[taken],
            "item": matrix.items[places],
            "name": names.to_numpy()[places],
            "by_popularity": filled.ravel()[taken],
        }
    )


def _explain(task: str, lists: Lists, matrix: PurchaseMatrix, names: pd.Series) -> pd.DataFrame:
    """Show a light, a typical and a heavy buyer, and why they get what they get."""
    purchases = np.asarray(matrix.counts.sum(axis=1)).ravel()
    order = np.argsort(purchases, kind="stable")
    rows = []
    for customer, share in EXAMPLES.items():
        row = int(order[int(share * (len(order) - 1))])
        for place, item in enumerate(lists.items[row, :SHOWN], start=1):
            if item < 0:
                continue
            rows.append(
                {
                    "task": task,
                    "customer": customer,
                    "purchases": int(purchases[row]),
                    "place": place,
                    "name": names.iloc[item],
                    "reason": _reason(matrix, row, int(item), names),
                }
            )
    columns = ["task", "customer", "purchases", "place", "name", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _reason(matrix: PurchaseMatrix, row: int, item: int, names: pd.Series) -> str:
    """Say what in the data speaks for an item; true whatever method chose it."""
    own = matrix.counts[row]
    place = np.flatnonzero(own.indices == item)
    if len(place):
        times = int(own.data[place[0]])
        last = matrix.until - pd.Timedelta(days=float(matrix.days[row].data[place[0]] - 1))
        said = "once, on" if times == 1 else f"{times} times, last on"
        return f"bought before: {said} {last:%Y-%m-%d}"
    near, together, buyers = _find_companion(matrix, own.indices, item)
    if near < 0:
        share = matrix.buyers[item] / len(matrix.customers)
        return f"popular: bought by {share:.1%} of the customers"
    return f"{together / buyers:.0%} of the {buyers:,} buyers of {names.iloc[near]} bought it too"


def _find_companion(
    matrix: PurchaseMatrix, own: npt.NDArray[np.intp], item: int
) -> tuple[int, int, int]:
    """Find the customer's own item whose buyers are most alike (cosine); -1 for none."""
    bought = (matrix.counts > 0).astype(float).tocsc()
    both = np.asarray((bought[:, own].T @ bought[:, [item]]).todense()).ravel()
    buyers = np.diff(bought.indptr)[own]
    alike = both / np.sqrt(buyers)
    best = int(np.argmax(alike))
    if alike[best] <= 0:
        return -1, 0, 0
    return int(own[best]), int(both[best]), int(buyers[best])
