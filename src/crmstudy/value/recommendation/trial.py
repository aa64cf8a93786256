"""Rival ways to recommend, judged by what customers bought afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.recommendation.intervals import bootstrap_means, bound_leads, bound_means
from crmstudy.value.recommendation.measures import (
    expect_random,
    measure_exposure,
    measure_lists,
    trace_hit_rate,
)
from crmstudy.value.recommendation.purchase_matrix import (
    PurchaseMatrix,
    arrange_purchases,
    gather_purchases,
)
from crmstudy.value.recommendation.recommenders import (
    METHODS,
    NEW,
    REPEAT,
    TASKS,
    Setting,
    Workbench,
    one_thread,
    word_setting,
)
from crmstudy.value.recommendation.trial_windows import TrialWindows
from crmstudy.value.recommendation.tuning import (
    Judges,
    Tuning,
    find_judges,
    judge_scorer,
    tune_methods,
)

#: Places over which the hit rate is drawn.
LONGEST = 20
#: Customers whom a trial learns from and is judged by; more cost time and tell no more.
MOST_CUSTOMERS = 10_000
#: Fewer judging customers give no interval worth its name.
FEWEST_JUDGES = 2
SHORT = {REPEAT: "repeat", NEW: "new"}


@dataclass(frozen=True)
class RecommendationTrial:
    """What each method's lists were worth on the test window.

    Parameters
    ----------
    measures : DataFrame
        One row a task and method: ``task``, ``method``, ``baseline``, ``setting``,
        ``n_customers`` (who judge), ``n_served`` (who have a list), means of the measures
        (``hit_rate`` and ``ndcg`` with ``_lower`` and ``_upper``), ``lead``, ``lead_lower``,
        ``lead_upper`` (NDCG less that of the best baseline; missing for the baseline itself),
        ``verdict``, ``coverage``, ``gini``, ``novelty``, ``filled`` (share of places given to
        popularity), ``tuned_best`` (whether it did best on the tuning window).
    curves : DataFrame
        ``task``, ``method``, ``k``, ``hit_rate``, ``lower``, ``upper``.
    tuning : Tuning
        Settings tried, and the method that did best before the test, by task.
    counts : DataFrame
        ``what``, ``number``: customers and items, and what became of them.
    random_hit_rate : Mapping of str to float
        Task -> hit rate of lists drawn by lot, exactly.
    n_items : int
        Items of the catalogue.
    level : str
        What an item is, in words.
    windows : TrialWindows
        Days of learning, tuning and test.
    k, n_replicates : int
        Places of a list, bootstrap draws.
    """

    measures: pd.DataFrame
    curves: pd.DataFrame
    tuning: Tuning
    counts: pd.DataFrame
    random_hit_rate: Mapping[str, float]
    n_items: int
    level: str
    windows: TrialWindows
    k: int
    n_replicates: int

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that could be judged."""
        return tuple(dict.fromkeys(self.measures["task"]))

    def choose(self, task: str) -> tuple[str, Setting]:
        """Name the method to use: the best before the test, with its setting."""
        method = self.tuning.best[task]
        return method, self.tuning.settings[task, method]

    def table(self) -> pd.DataFrame:
        """Arrange tasks and methods with their quality and their lead over the best baseline."""
        names = {
            "task": "task",
            "method": "method",
            "n_customers": "customers",
            "hit_rate": f"hit rate at {self.k}",
            "hit_rate_lower": "lower",
            "hit_rate_upper": "upper",
            "precision": "precision",
            "recall": "recall",
            "ndcg": "NDCG",
            "lead": "lead in NDCG",
            "lead_lower": "lead, lower",
            "lead_upper": "lead, upper",
            "verdict": "against the best baseline",
        }
        return self.measures[list(names)].rename(columns=names)

    def tabulate_reach(self) -> pd.DataFrame:
        """Arrange what is shown to customers at all: coverage, evenness, novelty."""
        names = {
            "task": "task",
            "method": "method",
            "setting": "setting",
            "coverage": "share of the catalogue shown",
            "gini": "Gini of exposure",
            "novelty": "novelty (bits)",
            "filled": "share filled by popularity",
            "reciprocal_rank": "mean reciprocal rank",
            "average_precision": "mean average precision",
        }
        return self.measures[list(names)].rename(columns=names)

    def tabulate_tuning(self) -> pd.DataFrame:
        """Arrange the settings tried on the tuning window."""
        several = self.tuning.table.groupby(["task", "method"])["setting"].transform("size") > 1
        table = self.tuning.table[several]
        return table.rename(columns={"ndcg": "NDCG, tuning window"}).reset_index(drop=True)

    def to_metrics(self) -> dict[str, float]:
        """Give the main measures of every task and method, and the counts."""
        metrics: dict[str, float] = {"k": self.k, "n_items": self.n_items}
        for row in self.measures.to_dict("records"):
            name = f"{SHORT[row['task']]}_{_key(row['method'])}"
            for column in ("hit_rate", "ndcg", "precision", "recall", "coverage"):
                metrics[f"{name}_{column}"] = float(row[column])
        for task in self.tasks:
            metrics[f"{SHORT[task]}_customers"] = float(
                self.measures.loc[self.measures["task"] == task, "n_customers"].iloc[0]
            )
            metrics[f"{SHORT[task]}_random_hit_rate"] = self.random_hit_rate[task]
        return metrics


@passes_absence
def try_recommenders(
    learnt: pd.DataFrame,
    tuned: pd.DataFrame,
    later: pd.DataFrame,
    *,
    windows: TrialWindows,
    k: int,
    seed: int,
    n_replicates: int,
    level: str = "product",
    fewest_buyers: int = 0,
) -> RecommendationTrial:
    """Tune every method on one window, fit it up to its end, and judge it on the next.

    Two tasks are kept apart: what a customer buys next (repeat purchases allowed), and which
    items that she never bought she will buy. A customer judges a task when she bought an
    item of the catalogue before and at least one that counts afterwards.

    Parameters
    ----------
    learnt, tuned, later : DataFrame
        Purchases by customer and item (``customer_id``, ``item``, ``n_purchases``,
        ``last_at``) of the three windows.
    windows : TrialWindows
        Their days.
    k : int
        Places of a list.
    seed, n_replicates : int
        Of the study; bootstrap draws of customers.
    level : str
        What an item is, in words.
    fewest_buyers : int
        Buyers an item of the catalogue needs; 0 asks for 1 % of the customers, at least 5.

    Returns
    -------
    RecommendationTrial
        Intervals are percentiles of the bootstrap; those of the leads hold together for all
        methods of a task.

    Raises
    ------
    SettingsError
        If ``k`` is not positive.
    ModelError
        If fewer than two customers can judge either task, or nothing can be learnt.
    """
    if k < 1:
        raise SettingsError(f"k = {k}: a list needs one place at least")
    with one_thread():
        limits = {
            "fewest_buyers": fewest_buyers,
            "most": MOST_CUSTOMERS,
            "seed": draw_seeds(seed, stage=135, n=1)[0],
        }
        first = arrange_purchases([learnt], until=windows.learn_until, **limits)
        bench = Workbench(first, windows.window_days, seed)
        tuning = tune_methods(bench, find_judges(first, gather_purchases([tuned])), k=k)
        matrix = arrange_purchases([learnt, tuned], until=windows.tune_until, **limits)
        bench = Workbench(matrix, windows.window_days, seed)
        later = gather_purchases([later])
        judges = find_judges(matrix, later)
        judged = [task for task in tuning.best if len(judges[task].rows) >= FEWEST_JUDGES]
        if not judged:
            raise ModelError(
                "fewer than two customers bought an item of the catalogue before and after: "
                "recommendations cannot be judged"
            )
        parts = [
            _judge_task(bench, judges[task], tuning, task, k=k, n_replicates=n_replicates)
            for task in judged
        ]
    return RecommendationTrial(
        measures=pd.concat([part[0] for part in parts], ignore_index=True),
        curves=pd.concat([part[1] for part in parts], ignore_index=True),
        tuning=tuning,
        counts=_count(matrix, later, judges),
        random_hit_rate={task: _expect(matrix, judges[task], task, k) for task in judged},
        n_items=len(matrix.items),
        level=level,
        windows=windows,
        k=k,
        n_replicates=n_replicates,
    )


def _judge_task(
    bench: Workbench, judges: Judges, tuning: Tuning, task: str, *, k: int, n_replicates: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    matrix, rows, values = bench.matrix, [], []
    traces: dict[str, np.ndarray] = {}
    for method in (method for method in METHODS if task in method.tasks):
        setting = tuning.settings[task, method.name]
        scorer = bench.fit(method.name, setting)
        lists, hits = judge_scorer(scorer, matrix, judges, task=task, length=max(LONGEST, k))
        measured = measure_lists(hits, judges.n_relevant, k=k)
        values.append(measured[["hit_rate", "ndcg"]].to_numpy())
        traces[method.name] = trace_hit_rate(hits).astype(float)
        shown = lists.items[:, :k]
        rows.append(
            {
                "task": task,
                "method": method.name,
                "baseline": method.baseline,
                "setting": word_setting(method.name, setting),
                "n_customers": len(judges.rows),
                "n_served": len(matrix.customers),
                **{str(name): float(mean) for name, mean in measured.mean().items()},
                **measure_exposure(shown, matrix.buyers, n_customers=len(matrix.customers)),
                "filled": float(lists.filled[:, :k][shown >= 0].mean()),
                "tuned_best": tuning.best[task] == method.name,
            }
        )
    table = pd.DataFrame(rows)
    seeds = draw_seeds(bench.seed, stage=133 + TASKS.index(task), n=2)
    _add_intervals(table, np.stack(values), seed=seeds[0], n_replicates=n_replicates)
    return table, _bound_curves(task, traces, seed=seeds[1], n_replicates=n_replicates)


def _add_intervals(
    table: pd.DataFrame, values: np.ndarray, *, seed: int, n_replicates: int
) -> None:
    """Add the limits of hit rate and NDCG, and each method's lead over the best baseline."""
    n_methods, n_customers, _ = values.shape
    flat = values.transpose(1, 2, 0).reshape(n_customers, 2 * n_methods)
    draws = bootstrap_means(flat, seed=seed, n_replicates=n_replicates)
    lower, upper = bound_means(draws)
    for place, name in enumerate(("hit_rate", "ndcg")):
        part = slice(place * n_methods, (place + 1) * n_methods)
        table[f"{name}_lower"], table[f"{name}_upper"] = lower[part], upper[part]
    ndcg = table["ndcg"].to_numpy()
    best = int(np.argmax(np.where(table["baseline"], ndcg, -1.0)))
    rivals = np.flatnonzero(np.arange(n_methods) != best)
    drawn = draws[:, n_methods:]
    leads = ndcg[rivals] - ndcg[best]
    low, high = bound_leads(leads, drawn[:, rivals] - drawn[:, [best]])
    for name, found in (("lead", leads), ("lead_lower", low), ("lead_upper", high)):
        table[name] = pd.Series(found, index=rivals).reindex(table.index)
    verdicts = np.select([low > 0, high < 0], ["better", "worse"], "not told apart")
    table["verdict"] = pd.Series(verdicts, index=rivals).reindex(table.index)
    table["verdict"] = table["verdict"].fillna("the best baseline")


def _bound_curves(
    task: str, traces: dict[str, np.ndarray], *, seed: int, n_replicates: int
) -> pd.DataFrame:
    draws = bootstrap_means(np.hstack(list(traces.values())), seed=seed, n_replicates=n_replicates)
    lower, upper = bound_means(draws)
    lengths = [trace.shape[1] for trace in traces.values()]
    return pd.DataFrame(
        {
            "task": task,
            "method": np.repeat(list(traces), lengths),
            "k": np.concatenate([np.arange(1, length + 1) for length in lengths]),
            "hit_rate": np.concatenate([trace.mean(axis=0) for trace in traces.values()]),
            "lower": lower,
            "upper": upper,
        }
    )


def _expect(matrix: PurchaseMatrix, judges: Judges, task: str, k: int) -> float:
    """Give the hit rate of items drawn by lot from those that may be recommended."""
    n_items = np.full(len(judges.rows), len(matrix.items))
    if task == NEW:
        n_items = n_items - np.diff(matrix.counts.indptr)[judges.rows]
    return float(expect_random(judges.n_relevant, n_items, k=k).mean())


def _count(matrix: PurchaseMatrix, later: pd.DataFrame, judges: dict[str, Judges]) -> pd.DataFrame:
    """Say who is judged, who is not, and why."""
    after = pd.Index(later["customer_id"].unique())
    listed = later["item"].isin(matrix.items)
    pieces = float(later.loc[listed, "n_purchases"].sum() / later["n_purchases"].sum())
    known = int(after.isin(matrix.customers).sum())
    n_drawn = len(matrix.customers)
    drawn = [("of those served, drawn at random for the trial", n_drawn)]
    drawn = drawn if n_drawn < matrix.n_able else []
    rows = [
        ("items bought before the test", matrix.n_items_bought),
        (f"items in the catalogue ({matrix.fewest_buyers} buyers or more)", len(matrix.items)),
        ("share of the purchases before the test that are of the catalogue", matrix.share_kept),
        ("share of the purchases in the test that are of the catalogue", pieces),
        ("customers who bought before the test", len(matrix.known)),
        ("of them with an item of the catalogue (served by their own purchases)", matrix.n_able),
        ("of them without (served by popularity)", len(matrix.known) - matrix.n_able),
        *drawn,
        ("customers served by their own purchases who bought in the test", known),
        ("who bought nothing in the test (cannot judge)", len(matrix.customers) - known),
        ("customers first seen in the test (served by popularity, not judged)",
         int((~after.isin(matrix.known)).sum())),
        *((f"customers who judge the task: {task}", len(judges[task].rows)) for task in TASKS),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["what", "number"], dtype="object")
    return table.astype({"what": "str"})  # numbers stay objects: counts beside shares


def _key(method: str) -> str:
    kept = "".join(sign if sign.isalnum() else " " for sign in method.lower())
    return "_".join(kept.split())
