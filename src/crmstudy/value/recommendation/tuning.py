"""Which setting of a method does best on the tuning window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.statistics.draws import draw_rows, draw_seeds
from crmstudy.value.recommendation.lists import Lists, find_hits, list_items
from crmstudy.value.recommendation.measures import measure_lists
from crmstudy.value.recommendation.purchase_matrix import PurchaseMatrix
from crmstudy.value.recommendation.recommenders import (
    BLEND,
    FACTORS,
    METHODS,
    NEIGHBOURS,
    NEW,
    OWN,
    REPEAT,
    TASKS,
    Method,
    Scorer,
    Setting,
    Workbench,
    limit_factors,
    word_setting,
)

#: Customers by whom settings are compared; more of them cost time and change no choice.
MOST_TUNED = 600


@dataclass(frozen=True)
class Judges:
    """Customers who bought afterwards, for one task.

    Parameters
    ----------
    rows : array
        Ascending positions in the matrix of customers with an item to be hit.
    relevant : csr_matrix
        All customers by items: what would be a hit.
    n_relevant : array
        Number of such items for each of ``rows``.
    """

    rows: npt.NDArray[np.intp]
    relevant: Any
    n_relevant: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Tuning:
    """Settings tried, and those chosen.

    Parameters
    ----------
    table : DataFrame
        ``task``, ``method``, ``setting``, ``ndcg`` on the tuning window, ``chosen``.
    settings : dict
        (task, method) -> the setting chosen.
    best : dict
        Task -> the method with the highest NDCG on the tuning window.
    """

    table: pd.DataFrame
    settings: dict[tuple[str, str], Setting]
    best: dict[str, str]


def find_judges(matrix: PurchaseMatrix, later: pd.DataFrame) -> dict[str, Judges]:
    """Find for each task the customers with at least one item that could be hit."""
    bought = matrix.locate(later)
    own = matrix.counts.copy()
    own.data[:] = 1
    fresh = bought - bought.multiply(own)
    found = {}
    for task, relevant in ((REPEAT, bought), (NEW, fresh.tocsr())):
        relevant.eliminate_zeros()
        n_relevant = np.diff(relevant.indptr)
        rows = np.flatnonzero(n_relevant)
        found[task] = Judges(rows, relevant, n_relevant[rows])
    return found


def judge_scorer(
    scorer: Scorer, matrix: PurchaseMatrix, judges: Judges, *, task: str, length: int
) -> tuple[Lists, npt.NDArray[np.bool_]]:
    """List items for the judging customers and mark the hits."""
    lists = list_items(scorer, matrix, judges.rows, task=task, length=length)
    return lists, find_hits(lists, judges.relevant, judges.rows)


def tune_methods(bench: Workbench, judges: dict[str, Judges], *, k: int) -> Tuning:
    """Choose each method's setting by its mean NDCG on the tuning window, task by task.

    The blend takes over the settings chosen for its two parts and tunes its weight only.
    """
    settings: dict[tuple[str, str], Setting] = {}
    rows = []
    for task in TASKS:
        sample = _draw_judges(judges[task], seed=bench.seed)
        if not len(sample.rows):
            continue
        for method in (method for method in METHODS if task in method.tasks):
            tried = []
            for setting in _list_settings(method, settings, task, bench):
                scorer = bench.fit(method.name, setting)
                _, hits = judge_scorer(scorer, bench.matrix, sample, task=task, length=k)
                ndcg = measure_lists(hits, sample.n_relevant, k=k)["ndcg"].mean()
                tried.append((float(ndcg), setting))
            top = max(ndcg for ndcg, _ in tried)
            chosen = next(setting for ndcg, setting in tried if ndcg >= top - 1e-12)
            settings[task, method.name] = chosen
            rows += [
                (task, method.name, word_setting(method.name, setting), ndcg, setting == chosen)
                for ndcg, setting in tried
            ]
    table = pd.DataFrame(rows, columns=["task", "method", "setting", "ndcg", "chosen"])
    return Tuning(table, settings, _find_best(table))


def _draw_judges(judges: Judges, *, seed: int) -> Judges:
    drawn = draw_seeds(seed, stage=132, n=1)[0]
    kept = draw_rows(len(judges.rows), drawn, most=MOST_TUNED)
    return Judges(judges.rows[kept], judges.relevant, judges.n_relevant[kept])


def _list_settings(
    method: Method, chosen: dict[tuple[str, str], Setting], task: str, bench: Workbench
) -> tuple[Setting, ...]:
    if method.name == BLEND:
        parts = (*chosen[task, OWN], *chosen[task, NEIGHBOURS])
        return tuple((*parts, *setting) for setting in method.settings)
    if method.name == FACTORS:  # a small catalogue cannot bear many
        bearable = ((limit_factors(n, bench.matrix), more) for n, more in method.settings)
        return tuple(dict.fromkeys(bearable))
    return method.settings


def _find_best(table: pd.DataFrame) -> dict[str, str]:
    chosen = table[table["chosen"].astype(bool)]
    best = chosen.loc[chosen.groupby("task", sort=False)["ndcg"].idxmax()]
    return dict(zip(best["task"], best["method"], strict=True))
