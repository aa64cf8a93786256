"""Ways to recommend: popularity, one's own purchases, neighbours of items, factors.

References
----------
Sarwar, B., Karypis, G., Konstan, J., & Riedl, J. (2001). Item-based collaborative filtering
recommendation algorithms. Proceedings of WWW '01, 285-295.
Hu, Y., Koren, Y., & Volinsky, C. (2008). Collaborative filtering for implicit feedback
datasets. Proceedings of ICDM '08, 263-272.
Rendle, S., Freudenthaler, C., Gantner, Z., & Schmidt-Thieme, L. (2009). BPR: Bayesian
personalized ranking from implicit feedback. Proceedings of UAI '09, 452-461.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.recommendation.purchase_matrix import PurchaseMatrix

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]
#: Settings of a method: whatever tells one of its variants from another.
Setting = tuple[Any, ...]
REPEAT, NEW = "repeat purchases allowed", "new to the customer"
TASKS = (REPEAT, NEW)

POPULAR, RECENT, OWN = "popularity", "recent popularity", "own purchases"
NEIGHBOURS, FACTORS = "item neighbours", "latent factors (ALS)"
PAIRWISE, BLEND = "pairwise ranking (BPR)", "own purchases + neighbours"

#: Half-lives tried for own purchases, in lengths of the test window; numbers of neighbours;
#: numbers of factors and how strongly they are drawn to 0; weights of the neighbours in the
#: blend.
HALF_LIVES = (math.inf, 2.0, 1.0)
NEIGHBOUR_SETTINGS = ((20,), (100,))
MOST_NEIGHBOURS = 100
FACTOR_SETTINGS = ((16, 10.0), (16, 1.0), (64, 10.0))
BLEND_WEIGHTS = (0.1, 0.3)

ALS_ROUNDS = 6
#: Few steps: many unlearn popularity, on which baskets of daily needs rest. A small shop, whose
#: purchases would be seen too seldom to learn anything, goes over them more often.
BPR = {"factors": 16, "learning_rate": 0.04, "regularization": 0.01}
BPR_STEPS, BPR_ROUNDS = 2_500_000, (5, 100)


@dataclass(frozen=True)
class Scorer:
    """Scores of all items for a range of customers.

    Parameters
    ----------
    score : callable
        Positions of customers -> array of shape (n_rows, n_items), higher first.
    complete : bool
        Whether every item has an opinion of its own; else 0 means none, and popularity
        decides.
    """

    score: Callable[[Positions], Floats]
    complete: bool = False


@dataclass(frozen=True)
class Method:
    """One way to recommend, with the settings that may be tried.

    Parameters
    ----------
    name : str
        In words.
    baseline : bool
        Whether it needs no learning from other customers than counting.
    tasks : tuple of str
        Tasks for which it can be used.
    settings : tuple of Setting
        To be chosen from on the tuning window, the simplest first.
    """

    name: str
    baseline: bool
    tasks: tuple[str, ...] = TASKS
    settings: tuple[Setting, ...] = ((),)


METHODS = (
    Method(POPULAR, baseline=True),
    Method(RECENT, baseline=True),
    Method(OWN, baseline=True, tasks=(REPEAT,), settings=tuple((h,) for h in HALF_LIVES)),
    Method(NEIGHBOURS, baseline=False, settings=NEIGHBOUR_SETTINGS),
    Method(FACTORS, baseline=False, settings=FACTOR_SETTINGS),
    Method(PAIRWISE, baseline=False),
    Method(BLEND, baseline=False, tasks=(REPEAT,), settings=tuple((w,) for w in BLEND_WEIGHTS)),
)


@dataclass
class Workbench:
    """What methods are fitted on, and the parts that several of them share.

    Parameters
    ----------
    matrix : PurchaseMatrix
        Purchases learnt from.
    window_days : int
        Length of the window to be foretold.
    seed : int
        Of the factors' starts.
    """

    matrix: PurchaseMatrix
    window_days: int
    seed: int
    made: dict[Setting, Any] = field(default_factory=dict)

    def fit(self, method: str, setting: Setting) -> Scorer:
        """Fit a method; what was fitted before is taken again."""
        key = (method, *setting)
        if key not in self.made:
            self.made[key] = _FITS[method](self, *setting)
        return self.made[key]

    def share(self, name: str, make: Callable[[], Any]) -> Any:
        """Make a part once."""
        if (name,) not in self.made:
            self.made[(name,)] = make()
        return self.made[(name,)]

    def damp(self) -> Any:
        """Give counts on a log scale: the tenth purchase says less than the second."""
        damped = self.matrix.counts.copy()
        damped.data = np.log1p(damped.data)
        return damped


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold all libraries at one thread, so that sums come out equal to the last bit.

    Only what is loaded already can be held: implicit brings a BLAS of its own.
    """
    from crmstudy.statistics.threads import hold_one_thread

    _load_implicit()
    with hold_one_thread():
        yield


def _load_implicit() -> None:
    """Import implicit without the progress bars that it asks for and nobody is shown."""
    import threading
    import warnings

    from tqdm import TqdmWarning, tqdm

    with warnings.catch_warnings():
        # In a kernel without ipywidgets tqdm says that it cannot draw its bars.
        warnings.filterwarnings("ignore", message="IProgress not found", category=TqdmWarning)
        import implicit.cpu.als
        import implicit.cpu.bpr
        import implicit.nearest_neighbours  # noqa: F401
    # The lock of the hidden bars is one between processes, and would outlive ours.
    tqdm.set_lock(threading.RLock())


def word_setting(method: str, setting: Setting) -> str:
    """Put the settings of a method into words."""
    if method == OWN:
        return (
            "every purchase counts alike"
            if math.isinf(setting[0])
            else (f"half-life {setting[0]:g} x the test window")
        )
    if method == NEIGHBOURS:
        return f"{setting[0]} neighbours"
    if method == FACTORS:
        return f"{setting[0]} factors, regularisation {setting[1]:g}"
    if method == BLEND:
        return f"weight of the neighbours {setting[-1]:g}"
    return ""


def limit_factors(n_factors: int, matrix: PurchaseMatrix) -> int:
    """Allow one factor to four items at most."""
    return min(n_factors, max(len(matrix.items) // 4, 1))


def scale_rows(scores: Floats) -> Floats:
    """Divide every row by its largest score; rows without a score stay 0."""
    largest = scores.max(axis=1, keepdims=True)
    return scores / np.where(largest > 0, largest, 1.0)


def _broadcast(values: Floats) -> Scorer:
    return Scorer(lambda rows: np.broadcast_to(values, (len(rows), len(values))))


def _fit_popularity(bench: Workbench) -> Scorer:
    return _broadcast(bench.matrix.buyers)


def _fit_recent(bench: Workbench) -> Scorer:
    """Count the customers who bought an item within one window before the end."""
    days = bench.matrix.days
    late = days.data <= bench.window_days
    return _broadcast(np.bincount(days.indices[late], minlength=days.shape[1]).astype(float))


def _weigh_own(bench: Workbench, half_life: float) -> Any:
    own = bench.matrix.counts.copy()
    own.data = own.data * 2.0 ** (-bench.matrix.days.data / (half_life * bench.window_days))
    return own


def _fit_own(bench: Workbench, half_life: float) -> Scorer:
    own = _weigh_own(bench, half_life)
    return Scorer(lambda rows: np.asarray(own[rows].toarray()))


def _fit_neighbours(bench: Workbench, n: int) -> Scorer:
    similarity = find_neighbours(bench, n)
    counts = bench.matrix.counts
    return Scorer(lambda rows: np.asarray((counts[rows] @ similarity).toarray()))


def find_neighbours(bench: Workbench, n: int) -> Any:
    """Compute the cosine of each item with its ``n`` nearest, itself among them."""
    from implicit.nearest_neighbours import ItemItemRecommender, normalize

    def fit() -> Any:
        most = min(MOST_NEIGHBOURS, len(bench.matrix.items))
        model = ItemItemRecommender(K=most, num_threads=1)
        model.fit(normalize(bench.damp().T.tocsr()).T.tocsr(), show_progress=False)
        return model.similarity

    whole = bench.share("similarity", fit)
    return whole if n >= MOST_NEIGHBOURS else _keep_nearest(whole, n)


def _keep_nearest(similarity: Any, n: int) -> Any:
    """Keep the ``n`` largest entries of every row."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(similarity.shape[0]), np.diff(similarity.indptr))
    order = np.lexsort((similarity.indices, -similarity.data, rows))
    place = np.arange(len(order)) - similarity.indptr[rows[order]]
    kept = order[place < n]
    cells = rows[kept], similarity.indices[kept]
    return csr_matrix((similarity.data[kept], cells), shape=similarity.shape)


def _multiply(customers: Any, items: Any) -> Scorer:
    left, right = np.asarray(customers, dtype=float), np.asarray(items, dtype=float).T
    return Scorer(lambda rows: left[rows] @ right, complete=True)


def _fit_factors(bench: Workbench, n_factors: int, regularisation: float) -> Scorer:
    """Factorise counts on a log scale by alternating least squares.

    Items start at random, customers at 0, so that their order does not matter.
    """
    from implicit.cpu.als import AlternatingLeastSquares

    n_customers, n_items = bench.matrix.counts.shape
    n_factors = limit_factors(n_factors, bench.matrix)
    seed = draw_seeds(bench.seed, stage=130, n=1)[0]
    model = AlternatingLeastSquares(
        factors=n_factors, regularization=regularisation, iterations=ALS_ROUNDS, num_threads=1
    )
    rng = np.random.default_rng(seed)
    model.item_factors = (rng.random((n_items, n_factors)) * 0.01).astype(np.float32)
    model.user_factors = np.zeros((n_customers, n_factors), dtype=np.float32)
    model.fit(bench.damp().astype(np.float32), show_progress=False)
    return _multiply(model.user_factors, model.item_factors)


def _fit_pairwise(bench: Workbench) -> Scorer:
    """Learn factors from pairs of a bought and another item by stochastic gradient."""
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    seed = draw_seeds(bench.seed, stage=131, n=1)[0]
    factors = limit_factors(int(BPR["factors"]), bench.matrix)
    rounds = int(np.clip(BPR_STEPS // bench.matrix.counts.nnz, *BPR_ROUNDS))
    model = BayesianPersonalizedRanking(
        **{**BPR, "factors": factors}, iterations=rounds, num_threads=1, random_state=seed
    )
    once = bench.matrix.counts.astype(np.float32)
    once.data[:] = 1
    model.fit(once, show_progress=False)
    return _multiply(model.user_factors, model.item_factors)


def _fit_blend(bench: Workbench, half_life: float, n: int, weight: float) -> Scorer:
    own = bench.fit(OWN, (half_life,))
    near = bench.fit(NEIGHBOURS, (n,))
    return Scorer(lambda rows: scale_rows(own.score(rows)) + weight * scale_rows(near.score(rows)))


_FITS: dict[str, Callable[..., Scorer]] = {
    POPULAR: _fit_popularity,
    RECENT: _fit_recent,
    OWN: _fit_own,
    NEIGHBOURS: _fit_neighbours,
    FACTORS: _fit_factors,
    PAIRWISE: _fit_pairwise,
    BLEND: _fit_blend,
}
