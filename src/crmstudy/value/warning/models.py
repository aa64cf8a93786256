"""The models that foretell, and the settings that earlier origins choose among."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.statistics.draws import draw_rows
from crmstudy.value.warning.encode import learn_encoder
from crmstudy.value.warning.rules import Learned, learn_nothing, learn_rfm, learn_rhythm

Floats = npt.NDArray[np.float64]
Learner = Callable[[pd.DataFrame, Floats, float, int], Learned]

#: Rows that a model is trained on; of more a sample is drawn.
LARGEST_TRAINING = 20_000
N_TREES, LEARNING_RATE, SMALLEST_LEAF = 80, 0.08, 40
N_LANDMARKS = 150  # rows that stand for all in the kernel (Nystroem)
KERNEL_WIDTH = 0.3  # gamma times the number of columns
N_HIDDEN, BATCH = 8, 400  # hidden units, and rows between two steps of the network
STANDSTILL, PATIENCE, MOST_EPOCHS = 1e-3, 10, 1_000  # of its loss, in epochs
MOST_STEPS = 5_000


@dataclass(frozen=True)
class Recipe:
    """A way to foretell events.

    Parameters
    ----------
    name : str
        As printed.
    setting : str
        What earlier origins choose, in words; empty where there is nothing to choose.
    grid : tuple of float
        The values among which they choose.
    learn : callable
        From features, events, a value of the setting and a seed to what was learnt.
    is_rule : bool
        Whether it is a rule of thumb.
    """

    name: str
    setting: str
    grid: tuple[float, ...]
    learn: Learner
    is_rule: bool = False


def learn_logit(features: pd.DataFrame, events: Floats, size: float, seed: int) -> Learned:
    """Fit a logistic regression with a ridge; ``size`` is its inverse weight C."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=size, max_iter=MOST_STEPS)
    return _train(model, features, events, model_scores="decision_function")


def learn_boosting(features: pd.DataFrame, events: Floats, size: float, seed: int) -> Learned:
    """Fit gradient boosted trees with ``size`` leaves each."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_leaf_nodes=int(size),
        max_iter=N_TREES,
        learning_rate=LEARNING_RATE,
        min_samples_leaf=SMALLEST_LEAF,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    return _train(model, features, events, model_scores="decision_function")


def learn_margin(features: pd.DataFrame, events: Floats, size: float, seed: int) -> Learned:
    """Fit a support vector machine with a Gaussian kernel; ``size`` is its penalty C.

    The kernel is drawn near by landmarks, so that its cost grows with the rows and not with
    their square (Williams & Seeger, 2001).
    """
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    encoder = learn_encoder(features)
    gamma = KERNEL_WIDTH / max(len(encoder.owners), 1)
    landmarks = min(N_LANDMARKS, len(features))
    model = make_pipeline(
        Nystroem(gamma=gamma, n_components=landmarks, random_state=seed),
        LinearSVC(C=size, dual=False, max_iter=MOST_STEPS),
    )
    return _train(model, features, events, model_scores="decision_function")


def learn_network(features: pd.DataFrame, events: Floats, size: float, seed: int) -> Learned:
    """Fit a neural network with one hidden layer; ``size`` is its weight decay.

    Training goes on until the loss stands still: the share of right answers, by which the
    library would stop earlier, hardly moves where events are rare.
    """
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        hidden_layer_sizes=(N_HIDDEN,),
        alpha=size,
        learning_rate_init=0.01,
        tol=STANDSTILL,
        n_iter_no_change=PATIENCE,
        max_iter=MOST_EPOCHS,
        batch_size=min(BATCH, len(features)),
        random_state=seed,
    )
    return _train(model, features, events, model_scores="predict_log_proba")


def _train(model: Any, features: pd.DataFrame, events: Floats, *, model_scores: str) -> Learned:
    encoder = learn_encoder(features)
    if not encoder.owners:  # nobody differs from anybody
        return learn_nothing(features, events, 0, 0)
    converged = _fit(model, encoder.encode(features), events)
    scoring = getattr(model, model_scores)

    def score(matrix: Floats) -> Floats:
        found = np.asarray(scoring(matrix), dtype=np.float64)
        # Log probabilities of both classes become log odds.
        return found[:, 1] - found[:, 0] if found.ndim == 2 else found

    return Learned(encoder.encode, score, encoder.owners, converged)


def _fit(model: Any, matrix: Floats, events: Floats) -> bool:
    """Train, and say whether the training came to its end; other warnings go on."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(matrix, events)
    ended = True
    for one in told:
        if issubclass(one.category, ConvergenceWarning):
            ended = False
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return ended


def hold_one_thread() -> AbstractContextManager[Any]:
    """Hold all libraries at one thread: sums of several differ in the last digit.

    What is loaded later is not held, so everything is loaded first.
    """
    import sklearn.ensemble
    import sklearn.kernel_approximation
    import sklearn.linear_model
    import sklearn.neural_network
    import sklearn.svm  # noqa: F401

    from crmstudy.statistics.threads import hold_one_thread as one_thread

    return one_thread()


def learn(
    recipe: Recipe, features: pd.DataFrame, events: Floats, size: float, seed: int
) -> Learned:
    """Learn from training rows, of many a sample."""
    rows = draw_rows(len(features), seed, most=LARGEST_TRAINING)
    return recipe.learn(features.iloc[rows], events[rows], size, seed)


#: In rising order of what they ask of the data: of equally good ones the first is chosen.
RECIPES = (
    Recipe("base rate", "", (0.0,), learn_nothing, is_rule=True),
    Recipe("own rhythm", "", (0.0,), learn_rhythm, is_rule=True),
    Recipe("RFM score", "", (0.0,), learn_rfm, is_rule=True),
    Recipe("logit", "C", (0.003, 0.03, 0.3), learn_logit),
    Recipe("gradient boosting", "leaves", (3.0, 8.0), learn_boosting),
    Recipe("support vector machine", "C", (0.01, 0.1), learn_margin),
    Recipe("neural network", "decay", (1.0, 10.0), learn_network),
)
