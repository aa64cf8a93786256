"""An autoencoder: customers squeezed through a bottleneck, and segments of what passes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from crmstudy.errors import ModelError
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.networks.training import (
    Layers,
    Schedule,
    pass_through,
    train_to_give_back,
)
from crmstudy.statistics.draws import draw_rows, sort_points

Floats = npt.NDArray[np.float64]

HIDDEN = 16  # units between input and code, and between code and output
CODES = 2  # numbers that a customer is squeezed into before segments are formed
FEWEST = 60  # customers; 15% of two thirds of fewer are too few to stop by
LARGEST_TRAINING = 5_000  # customers
HELD_OUT = 0.15  # share of the training customers that decide when to stop
PATIENCE = 20  # epochs without improvement on them
IMPROVEMENT = 5e-4  # of R2 on them that counts as one
MOST_EPOCHS = 500
LEARNING_RATE = 0.02
DECAY = 0.01  # weight of the squared weights in the loss


@dataclass(frozen=True)
class Autoencoder:
    """A trained network: input, hidden, code, hidden, output.

    Parameters
    ----------
    layers : tuple of (weights, biases)
        From the input to the output; ``tanh`` after each but the last.
    centre, scale : array of shape (n_dimensions,)
        What was subtracted from the points, and what they were divided by.
    n_epochs : int
        Passes through the training customers.
    stopped : bool
        Whether the customers held out stopped the training, and not the limit of epochs.
    """

    layers: Layers
    centre: Floats
    scale: Floats
    n_epochs: int
    stopped: bool

    def encode(self, points: Floats) -> Floats:
        """Squeeze points into codes between -1 and 1, shape (n_customers, n_codes)."""
        inner = self.layers[: len(self.layers) // 2]
        return pass_through((points - self.centre) / self.scale, inner, linear_end=False)[-1]

    def reconstruct(self, points: Floats) -> Floats:
        """Send points through the whole network."""
        given = (points - self.centre) / self.scale
        return pass_through(given, self.layers, linear_end=True)[-1] * self.scale + self.centre


def train_autoencoder(points: Floats, *, n_codes: int, seed: int) -> Autoencoder:
    """Train a bottleneck network that gives back what it was given.

    Weights start by ``seed`` (Glorot & Bengio, 2010) and are trained by Adam (Kingma & Ba,
    2015) on standardised points until 15% of the customers, held out, are not given back
    better for 20 epochs; the best epoch's weights are kept. Above 5,000 customers a random
    sample is trained on.

    Parameters
    ----------
    points : array of shape (n_customers, n_dimensions)
        Sorted: batches are drawn by position.
    n_codes : int
        Width of the bottleneck, below the number of dimensions.

    Raises
    ------
    ModelError
        If there are fewer than 60 customers, all are alike, or the bottleneck is not
        narrower than the input.

    References
    ----------
    Hinton, G. E., & Salakhutdinov, R. R. (2006). Reducing the dimensionality of data with
    neural networks. Science, 313, 504-507.
    """
    _require_room(points, n_codes)
    training = points[draw_rows(len(points), seed, most=LARGEST_TRAINING)]
    centre, spread = training.mean(axis=0), training.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)  # a level that nobody of the sample has
    given = (training - centre) / scale
    trained = train_to_give_back(
        given,
        widths=(HIDDEN, n_codes, HIDDEN),
        seed=seed,
        schedule=Schedule(HELD_OUT, PATIENCE, MOST_EPOCHS, IMPROVEMENT, LEARNING_RATE, decay=DECAY),
    )
    return Autoencoder(trained.layers, centre, scale, trained.n_epochs, trained.stopped)


def _require_room(points: Floats, n_codes: int) -> None:
    if not 1 <= n_codes < points.shape[1]:
        raise ModelError(
            f"an autoencoder needs a code narrower than the block: codes {n_codes}, dimensions "
            f"{points.shape[1]}"
        )
    if len(points) < FEWEST:
        raise ModelError(f"an autoencoder needs {FEWEST} customers, not {len(points)}")
    if not (points != points[0]).any():
        raise ModelError("all customers are alike: there is nothing to squeeze")


def fit_autoencoder_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Callable[[Space], npt.NDArray[np.int64]]:
    """Segment customers by k-means on the codes of an autoencoder.

    The bottleneck has two codes, one where the block has two dimensions only.

    Parameters
    ----------
    space : Space
        Customers to learn from.
    n_segments, seed : int
        Segments to form; seed of the network and of k-means.
    target : ignored
        The method is unsupervised.

    Returns
    -------
    callable
        Assigns any space of the same block: integers from 0.

    Raises
    ------
    ModelError
        See :func:`train_autoencoder`.
    """
    # Loaded before the limit is set, which holds only for libraries that are there.
    import sklearn.cluster  # noqa: F401

    from crmstudy.segmentation.methods.partition import fit_kmeans_segments
    from crmstudy.statistics.threads import hold_one_thread

    points = space.points[sort_points(space.points)]
    n_codes = min(CODES, points.shape[1] - 1)
    with hold_one_thread():  # sums of several threads differ in the last digit
        network = train_autoencoder(points, n_codes=n_codes, seed=seed)
        place = fit_kmeans_segments(_encode(space, network), n_segments=n_segments, seed=seed)

    def assign(others: Space) -> npt.NDArray[np.int64]:
        with hold_one_thread():
            return place(_encode(others, network))

    return assign


def _encode(space: Space, network: Autoencoder) -> Space:
    return replace(space, points=network.encode(space.points))
