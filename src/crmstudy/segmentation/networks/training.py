"""Train a network that gives back what it was given: Adam, stopped by held-out customers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Layers = tuple[tuple[Floats, Floats], ...]

BATCH = 200  # customers a step
SMOOTHING = (0.9, 0.999)  # of the gradient and of its square, as Kingma & Ba (2015) advise
TINY = 1e-8  # keeps a step finite where no gradient was seen


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network is trained.

    Parameters
    ----------
    held_out : float
        Share of the customers that decide when to stop.
    patience, most_epochs : int
        Epochs without improvement on them; epochs at most.
    improvement : float
        Share of their variance, given back in addition, that counts as one.
    learning_rate, decay : float
        Step of Adam; weight of the squared weights in the loss.
    """

    held_out: float
    patience: int
    most_epochs: int
    improvement: float
    learning_rate: float
    decay: float


@dataclass(frozen=True)
class Trained:
    """The layers of the best epoch, the epochs passed, and whether patience ended them."""

    layers: Layers
    n_epochs: int
    stopped: bool


def pass_through(values: Floats, layers: Layers, *, linear_end: bool) -> list[Floats]:
    """Send rows through the layers: ``tanh`` after each, but for the last where it is linear.

    Returns
    -------
    list of arrays
        The rows, then what comes out of each layer.
    """
    passed = [values]
    for position, (weights, biases) in enumerate(layers):
        sums = passed[-1] @ weights + biases
        last = linear_end and position == len(layers) - 1
        passed.append(sums if last else np.tanh(sums))
    return passed


def train_to_give_back(
    given: Floats, *, widths: tuple[int, ...], seed: int, schedule: Schedule
) -> Trained:
    """Train a network whose output is its input, by Adam on batches of 200 customers.

    Weights start by ``seed`` (Glorot & Bengio, 2010). The loss of a batch is half the mean
    over its customers of the squared error, and of ``decay`` times the squared weights.
    One vector holds all weights: networks as small as these would else
    spend their time between the steps, as those of scikit-learn do.

    Parameters
    ----------
    given : array of shape (n_customers, n_dimensions)
        Standardised.
    widths : tuple of int
        Units of the hidden layers.

    References
    ----------
    Kingma, D. P., & Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.
    Glorot, X., & Bengio, Y. (2010). Understanding the difficulty of training deep
    feedforward neural networks. AISTATS, 249-256.
    """
    draw = np.random.default_rng(seed)
    sizes = (given.shape[1], *widths, given.shape[1])
    weights = _start(sizes, draw)
    order = draw.permutation(len(given))
    n_held = max(round(schedule.held_out * len(given)), 1)
    known, held = given[order[n_held:]], given[order[:n_held]]
    descent = _Descent(weights, sizes, schedule)
    best, kept, waited = -np.inf, weights.copy(), 0
    for epoch in range(1, schedule.most_epochs + 1):
        mixed = known[draw.permutation(len(known))]
        for start in range(0, len(mixed), BATCH):
            descent.step(mixed[start : start + BATCH])
        score = _explain(held, descent.layers)
        waited = 0 if score >= best + schedule.improvement else waited + 1
        if score > best:
            best, kept = score, weights.copy()
        if waited > schedule.patience:
            return Trained(_cut(kept, sizes), epoch, stopped=True)
    return Trained(_cut(kept, sizes), schedule.most_epochs, stopped=False)


class _Descent:
    """Adam on one vector of weights, which is changed in place."""

    def __init__(self, weights: Floats, sizes: tuple[int, ...], schedule: Schedule) -> None:
        self.weights, self.schedule = weights, schedule
        self.layers = _cut(weights, sizes)
        self.gradient = np.empty_like(weights)
        self.slopes = _cut(self.gradient, sizes)
        self.mean, self.square = np.zeros_like(weights), np.zeros_like(weights)
        self.n_steps = 0

    def step(self, batch: Floats) -> None:
        """Move the weights once, against the slope of the loss of a batch."""
        fill_slopes(batch, self.layers, self.slopes, decay=self.schedule.decay)
        self.n_steps += 1
        first, second = SMOOTHING
        self.mean += (1 - first) * (self.gradient - self.mean)
        self.square += (1 - second) * (self.gradient**2 - self.square)
        bias = np.sqrt(1 - second**self.n_steps) / (1 - first**self.n_steps)
        rate = self.schedule.learning_rate * bias
        self.weights -= rate * self.mean / (np.sqrt(self.square) + TINY)


def fill_slopes(batch: Floats, layers: Layers, slopes: Layers, *, decay: float) -> None:
    """Write the slopes of the loss of a batch into ``slopes``, by backpropagation."""
    passed = pass_through(batch, layers, linear_end=True)
    error = passed[-1] - batch
    for position in range(len(layers) - 1, -1, -1):
        (weights, _), (slope, shift) = layers[position], slopes[position]
        np.matmul(passed[position].T, error, out=slope)
        slope += decay * weights
        slope /= len(batch)
        shift[:] = error.mean(axis=0)
        if position:
            error = (error @ weights.T) * (1 - passed[position] ** 2)


def _explain(held: Floats, layers: Layers) -> float:
    """Share of the variance of held-out customers that is given back."""
    lost = float(((pass_through(held, layers, linear_end=True)[-1] - held) ** 2).sum())
    total = float(((held - held.mean(axis=0)) ** 2).sum())
    return 1 - lost / total if total > 0 else -lost


def _start(sizes: tuple[int, ...], draw: np.random.Generator) -> Floats:
    parts = []
    for n_in, n_out in pairwise(sizes):
        reach = np.sqrt(6 / (n_in + n_out))
        parts.append(draw.uniform(-reach, reach, (n_in + 1) * n_out))
    return np.concatenate(parts)


def _cut(vector: Floats, sizes: tuple[int, ...]) -> Layers:
    """Cut a vector into weights and biases by layer, as views of it."""
    layers, start = [], 0
    for n_in, n_out in pairwise(sizes):
        middle, end = start + n_in * n_out, start + (n_in + 1) * n_out
        layers.append((vector[start:middle].reshape(n_in, n_out), vector[middle:end]))
        start = end
    return tuple(layers)
