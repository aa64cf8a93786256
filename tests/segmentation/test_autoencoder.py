import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.neural_network import MLPRegressor

from crmstudy.checks import failed
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space, build_space
from crmstudy.segmentation.networks import autoencoder
from crmstudy.segmentation.networks.autoencoder import fit_autoencoder_segments, train_autoencoder
from crmstudy.segmentation.networks.reconstruction import compare_reconstruction
from crmstudy.segmentation.networks.training import fill_slopes, pass_through

QUICK = {"seed": 1, "widths": (1,), "n_starts": 1}


def make_space(points: np.ndarray) -> Space:
    frame = pd.DataFrame(points, columns=[f"x{j}" for j in range(points.shape[1])])
    frame.index = pd.Index([f"c{i:04}" for i in range(len(frame))], name="customer_id")
    return build_space(frame, name="needs", log=False)


def make_bow(n: int = 400) -> Space:
    """One hidden number behind three: a line through a bow, which no plane follows."""
    draw = np.random.default_rng(5)
    t = draw.uniform(-1, 1, n)
    bow = np.column_stack([t, t**2, np.sin(2 * t)])
    return make_space(bow + draw.normal(0, 0.02, bow.shape))


def make_groups(n: int = 70) -> Space:
    draw = np.random.default_rng(6)
    centres = [[0, 0, 0, 0], [8, 0, 4, 4], [0, 8, -4, 4]]
    return make_space(np.concatenate([draw.normal(centre, 1.0, (n, 4)) for centre in centres]))


def test_a_bow_is_given_back_better_than_by_a_component():
    result = compare_reconstruction(make_bow(), **QUICK)
    row = result.errors.loc[1]
    assert row["upper"] < 0
    assert row["network"] < 0.6 * row["components"]
    assert row["mean"] == pytest.approx(1.0, abs=0.05)


def test_a_linear_cloud_is_given_back_no_better_than_by_components():
    # The best any method can do with one code is the noise beside the one factor.
    draw = np.random.default_rng(7)
    factor = draw.normal(size=(400, 1))
    result = compare_reconstruction(
        make_space(factor @ [[1.0, 0.8, 0.6]] + draw.normal(0, 0.4, (400, 3))), **QUICK
    )
    assert result.errors.loc[1, "upper"] > 0
    assert not failed(result.checks)


def test_components_are_those_of_principal_component_analysis():
    # Of points on a plane, two components leave nothing and one leaves the second variance.
    draw = np.random.default_rng(8)
    plane = draw.normal(size=(300, 2)) @ np.array([[1.0, 0.4, -0.2], [0.1, 1.0, 0.7]])
    result = compare_reconstruction(make_space(plane), seed=1, widths=(1, 2), n_starts=1, n_folds=2)
    assert result.errors.loc[2, "components"] == pytest.approx(0.0, abs=1e-20)
    assert result.errors.loc[1, "components"] > 0.1


def test_pass_through_the_network_is_that_of_scikit_learn():
    points = np.sort(make_bow(200).points, axis=0)
    network = train_autoencoder(points, n_codes=1, seed=3)
    given = (points - points.mean(axis=0)) / points.std(axis=0)
    other = MLPRegressor(
        hidden_layer_sizes=(16, 1, 16), activation="tanh", max_iter=1, random_state=0
    )
    with pytest.warns(ConvergenceWarning):
        other.fit(given, given)
    other.coefs_ = [weights for weights, _ in network.layers]
    other.intercepts_ = [biases for _, biases in network.layers]
    expected = other.predict(given) * points.std(axis=0) + points.mean(axis=0)
    assert network.reconstruct(points) == pytest.approx(expected, abs=1e-12)
    assert network.encode(points).shape == (200, 1)
    assert np.abs(network.encode(points)).max() <= 1


def test_slopes_are_those_of_finite_differences():
    draw = np.random.default_rng(2)
    batch = draw.normal(size=(30, 3))
    shapes = [(3, 4), (4, 2), (2, 3)]
    layers = tuple((draw.normal(size=shape), draw.normal(size=shape[1])) for shape in shapes)
    slopes = tuple((np.empty(shape), np.empty(shape[1])) for shape in shapes)
    fill_slopes(batch, layers, slopes, decay=0.5)

    def loss() -> float:
        error = pass_through(batch, layers, linear_end=True)[-1] - batch
        squares = sum((weights**2).sum() for weights, _ in layers)
        return float((error**2).sum() + 0.5 * squares) / (2 * len(batch))

    for layer, slope in zip(layers, slopes, strict=True):
        for values, expected in zip(layer, slope, strict=True):
            place = (-1,) * values.ndim
            values[place] += 1e-6
            above = loss()
            values[place] -= 2e-6
            below = loss()
            values[place] += 1e-6
            assert expected[place] == pytest.approx((above - below) / 2e-6, rel=1e-6)


def test_training_reaches_what_scikit_learn_reaches():
    given = (points := make_bow(400).points) / points.std(axis=0)
    rows = np.random.default_rng(1).permutation(400)
    known, new = given[rows[:300]], given[rows[300:]]
    ours = train_autoencoder(known, n_codes=1, seed=5).reconstruct(new)
    theirs = MLPRegressor(
        hidden_layer_sizes=(16, 1, 16),
        activation="tanh",
        alpha=0.01,
        learning_rate_init=0.02,
        early_stopping=True,
        validation_fraction=0.15,
        n_iter_no_change=20,
        tol=5e-4,
        max_iter=500,
        random_state=5,
    ).fit(known, known)
    error, other = (((new - back) ** 2).mean() for back in (ours, theirs.predict(new)))
    assert error < 1.5 * other
    assert error < 0.1  # of a variance of 1


def test_known_segments_are_recovered():
    space = make_groups()
    truth = space.customers.str.slice(1).astype(int) // 70
    labels = fit_autoencoder_segments(space, n_segments=3, seed=1)(space)
    assert adjusted_rand_score(truth, labels) > 0.95
    assert sorted(set(labels)) == [0, 1, 2]


def test_result_does_not_depend_on_order_or_run():
    space = make_bow(150)
    mixed = space.take(np.random.default_rng(9).permutation(150))
    first, second = (compare_reconstruction(one, **QUICK) for one in (space, mixed))
    assert first.errors.to_numpy().tobytes() == second.errors.to_numpy().tobytes()
    cloud = make_space(np.random.default_rng(4).normal(size=(150, 4)))
    other = cloud.take(np.random.default_rng(9).permutation(150))
    assign, again = (fit_autoencoder_segments(one, n_segments=5, seed=1) for one in (cloud, other))
    assert (assign(cloud) == again(cloud)).all()


def test_a_network_stopped_by_its_limit_is_a_failed_check_and_no_warning(monkeypatch):
    monkeypatch.setattr(autoencoder, "MOST_EPOCHS", 3)
    result = compare_reconstruction(make_bow(120), **QUICK)
    assert [check.name for check in failed(result.checks)] == [result.checks[0].name]
    assert result.checks[0].statistic == 0.0


def test_many_customers_are_trained_on_a_sample(monkeypatch):
    monkeypatch.setattr(autoencoder, "LARGEST_TRAINING", 150)
    space = make_groups()
    truth = space.customers.str.slice(1).astype(int) // 70
    labels = fit_autoencoder_segments(space, n_segments=3, seed=1)(space)
    assert adjusted_rand_score(truth, labels) > 0.9


def test_widths_not_below_the_dimensions_are_left_out():
    result = compare_reconstruction(make_bow(120), seed=1, widths=(2, 3), n_starts=1, n_folds=2)
    assert result.errors.index.tolist() == [2]
    assert set(result.to_metrics()) == {"n_customers", "components_2", "network_2", "difference_2"}


def test_too_few_customers_and_too_few_dimensions_are_refused():
    space = make_bow(120)
    with pytest.raises(ModelError, match="needs 60 customers, not 40"):
        fit_autoencoder_segments(space.take(np.arange(40)), n_segments=2, seed=1)
    one = make_space(np.random.default_rng(1).normal(size=(100, 1)))
    with pytest.raises(ModelError, match="codes 0, dimensions 1"):
        fit_autoencoder_segments(one, n_segments=2, seed=1)
    with pytest.raises(ModelError, match="all customers are alike"):
        fit_autoencoder_segments(space.take(np.zeros(80, dtype=int)), n_segments=2, seed=1)
    missing = NotAvailable("no needs")
    assert compare_reconstruction(missing, seed=1) is missing
