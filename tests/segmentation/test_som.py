from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space, build_space
from crmstudy.segmentation.networks import som_map, som_segments
from crmstudy.segmentation.networks.som import (
    HexGrid,
    TrainedMap,
    average_neighbours,
    find_winners,
    plan_grid,
    start_codes,
    train_map,
)
from crmstudy.segmentation.networks.som_map import map_customers
from crmstudy.segmentation.networks.som_segments import fit_som_segments, join_units

REFERENCE = Path(__file__).parents[1] / "reference" / "som"
GRID = HexGrid(4, 6)
# kohonen moves the first row, we the second: ours is theirs from the last row to the first.
FLIPPED = np.arange(24).reshape(4, 6)[::-1].ravel()


def read_reference(name: str) -> np.ndarray:
    return pd.read_csv(REFERENCE / f"{name}.csv").to_numpy(dtype=float)


def make_space(n: int = 80, seed: int = 0, *, channel: bool = False) -> Space:
    draw = np.random.default_rng(seed)
    centres = [[0, 0, 0], [6, 0, 3], [0, 7, -3]]
    points = np.concatenate([draw.normal(centre, 1.0, (n, 3)) for centre in centres])
    frame = pd.DataFrame(points, columns=["visits", "spend", "recency"])
    if channel:
        frame["channel"] = np.where(draw.random(len(frame)) < 0.3, "web", "store")
    frame.index = pd.Index([f"c{i:03}" for i in range(len(frame))], name="customer_id")
    return build_space(frame, name="behavioural", log=False)


def test_grid_start_epochs_and_units_are_those_of_kohonen_in_r():
    points, init = read_reference("points"), read_reference("init")[FLIPPED]
    assert GRID.distances == pytest.approx(read_reference("distances")[FLIPPED][:, FLIPPED])
    codes = init
    for _, epoch in pd.read_csv(REFERENCE / "codes.csv").groupby("epoch"):
        winners, radius = find_winners(points, codes), epoch["radius"].iloc[0]
        codes = average_neighbours(points, winners, codes, GRID.distances, radius=radius)
        expected = epoch[["x1", "x2", "x3"]].to_numpy()[FLIPPED]
        assert codes == pytest.approx(expected, abs=1e-10)


def test_linear_start_is_that_of_prcomp():
    # kohonen's sheet mirrored upside down is ours moved by half a unit in every row: the
    # steps along a row, and from row to row, are the same parts of the two components.
    ours = start_codes(read_reference("points"), GRID).reshape(4, 6, 3)
    theirs = read_reference("init").reshape(4, 6, 3)
    assert np.diff(ours, axis=1) == pytest.approx(np.diff(theirs, axis=1), abs=1e-12)
    assert ours[2] - ours[0] == pytest.approx(theirs[2] - theirs[0], abs=1e-12)
    assert ours[0, 0] == pytest.approx(theirs[1, 0] - (theirs[2, 0] - theirs[0, 0]) / 2, abs=1e-12)


def test_groups_and_distances_of_units_are_those_of_r():
    points = read_reference("points")
    units = pd.read_csv(REFERENCE / "units.csv").iloc[FLIPPED].reset_index(drop=True)
    last = pd.read_csv(REFERENCE / "codes.csv").query("epoch == epoch.max()")
    codes = last[["x1", "x2", "x3"]].to_numpy()[FLIPPED]
    hits = np.bincount(find_winners(points, codes), minlength=24)
    assert hits.tolist() == units["hits"].tolist()
    full = hits > 0
    for k in range(2, 7):
        groups = join_units(codes, hits, n_groups=k)
        assert adjusted_rand_score(groups[full], units.loc[full, f"groups_{k}"]) == 1.0
        assert sorted(set(groups)) == list(range(k))


def test_quality_is_that_of_r(monkeypatch):
    expected = pd.read_csv(REFERENCE / "expected.csv").set_index("quantity")["value"]
    units = pd.read_csv(REFERENCE / "units.csv").iloc[FLIPPED]
    last = pd.read_csv(REFERENCE / "codes.csv").query("epoch == epoch.max()")
    codes = last[["x1", "x2", "x3"]].to_numpy()[FLIPPED]
    frame = pd.DataFrame(read_reference("points"), columns=["x1", "x2", "x3"])
    space = build_space(frame, name="reference", log=False, standardise="none")
    trained = TrainedMap(GRID, codes, 7, settled=True)
    monkeypatch.setattr(som_map, "train_segments", lambda *_: (trained, np.zeros(24, dtype=int)))
    result = map_customers(space, n_segments=1, seed=0)
    assert result.quantisation_error == pytest.approx(expected["quantisation_error"], abs=1e-10)
    assert result.topographic_error == pytest.approx(expected["topographic_error"], abs=1e-10)
    assert result.units["distance"].to_numpy() == pytest.approx(units["u"].to_numpy(), abs=1e-10)


def test_topographic_error_counts_units_that_are_not_beside_each_other(monkeypatch):
    # Codes in no order, and neighbours written out for rows of which every second is moved.
    codes = np.random.default_rng(2).normal(size=(24, 3))
    trained = TrainedMap(GRID, codes, 7, settled=True)
    monkeypatch.setattr(som_map, "train_segments", lambda *_: (trained, np.zeros(24, dtype=int)))
    space = make_space()
    apart = np.linalg.norm(space.points[:, None] - codes[None], axis=-1).argsort(axis=1)
    folds = 0
    for first, second in apart[:, :2]:
        (r, c), (s, d) = divmod(int(first), 6), divmod(int(second), 6)
        moved = r % 2
        beside = {(r, c - 1), (r, c + 1)} | {
            (r + up, c + step - 1 + moved) for up in (-1, 1) for step in (0, 1)
        }
        folds += (s, d) not in beside
    result = map_customers(space, n_segments=1, seed=0)
    assert result.topographic_error == pytest.approx(folds / len(space.customers))
    assert 0.3 < result.topographic_error < 1


def test_units_of_one_customer_each_join_as_ward_joins_customers():
    points = np.random.default_rng(3).normal(size=(60, 4))
    expected = fcluster(linkage(points, "ward"), 5, criterion="maxclust")
    assert adjusted_rand_score(join_units(points, np.ones(60), n_groups=5), expected) == 1.0


def test_a_unit_counts_as_much_as_its_customers():
    draw = np.random.default_rng(4)
    points, weights = draw.normal(size=(25, 2)), draw.integers(1, 6, size=25)
    repeated = fcluster(linkage(np.repeat(points, weights, axis=0), "ward"), 4, "maxclust")
    first = np.cumsum(weights) - weights
    assert adjusted_rand_score(join_units(points, weights, n_groups=4), repeated[first]) == 1.0


def test_units_without_customers_follow_the_nearest_one_with_some():
    codes = np.array([[0.0], [1.0], [9.0], [10.0]])
    assert join_units(codes, [5, 0, 0, 5], n_groups=2).tolist() == [0, 0, 1, 1]


def test_trained_map_is_a_fixed_point_and_knows_it():
    points = np.random.default_rng(0).normal(size=(200, 3))
    trained = train_map(points)
    assert trained.settled
    codes, distances = trained.codes, trained.grid.distances
    again = average_neighbours(points, find_winners(points, codes), codes, distances, radius=1.0)
    assert again == pytest.approx(trained.codes, abs=1e-12)


def test_grid_follows_the_rule():
    draw = np.random.default_rng(1)
    points = draw.normal(size=(2_500, 2)) * [2.0, 1.0]
    grid = plan_grid(points)
    units = grid.rows * grid.columns
    assert units == pytest.approx(5 * np.sqrt(2_500), rel=0.05)
    length = grid.columns / (grid.rows * np.sqrt(0.75))
    assert length == pytest.approx(2.0, rel=0.1)
    assert plan_grid(points[:, :1]).rows == 1
    assert plan_grid(np.column_stack([points, points])).rows > 1


def test_known_segments_are_recovered():
    space = make_space()
    truth = space.customers.str.slice(1).astype(int) // 80
    labels = fit_som_segments(space, n_segments=3, seed=1)(space)
    assert sorted(set(labels)) == [0, 1, 2]
    assert adjusted_rand_score(truth, labels) > 0.99
    result = map_customers(space, n_segments=3, seed=1)
    assert adjusted_rand_score(truth, result.labels) > 0.99
    assert all(check.passed for check in result.checks)
    assert result.explained > result.explained_plane


def test_result_does_not_depend_on_order_or_run():
    space = make_space()
    result = map_customers(space, n_segments=3, seed=1)
    mixed = space.take(np.random.default_rng(9).permutation(len(space.customers)))
    other = map_customers(mixed, n_segments=3, seed=1)
    assert other.to_metrics() == result.to_metrics()
    assert other.trained.codes.tobytes() == result.trained.codes.tobytes()
    pd.testing.assert_frame_equal(other.units, result.units)
    pd.testing.assert_frame_equal(other.planes, result.planes)
    assert other.winners.index.equals(mixed.customers)
    assert other.labels.index.equals(mixed.customers)
    pd.testing.assert_series_equal(other.winners.loc[space.customers], result.winners)


def test_planes_are_codes_of_numbers_and_shares_of_levels():
    space = make_space(channel=True)
    result = map_customers(space, n_segments=3, seed=1)
    codes = result.trained.codes[:, :3]
    assert result.planes[["visits", "spend", "recency"]].to_numpy() == pytest.approx(codes)
    shares = result.planes[["channel: store", "channel: web"]]
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_segments_of_another_method_are_shown_by_majority():
    space = make_space()
    given = pd.Series(np.where(space.points[:, 0] > 0, "1 big", "2 small"), index=space.customers)
    result = map_customers(space, n_segments=3, seed=1, segments=given.sample(frac=1))
    most = given.groupby(result.winners).agg(lambda part: part.value_counts().index[0])
    counts = given.groupby(result.winners).nunique()
    sure = counts.index[counts == 1]
    assert result.units.loc[sure, "segment"].tolist() == most.loc[sure].tolist()
    assert 0 < result.agreement < 1
    with pytest.raises(ModelError, match="none of the 240 customers"):
        map_customers(space, n_segments=3, seed=1, segments=given.rename(index=lambda c: f"x{c}"))


def test_customers_of_no_segment_are_shown_as_such():
    space = make_space()
    given = pd.Series(1, index=space.customers[:80])
    units = map_customers(space, n_segments=3, seed=1, segments=given).units
    assert set(units["segment"]) == {"1", "no segment"}


def test_many_customers_are_trained_on_a_sample(monkeypatch):
    monkeypatch.setattr(som_segments, "LARGEST_TRAINING", 120)
    space = make_space()
    truth = space.customers.str.slice(1).astype(int) // 80
    labels = fit_som_segments(space, n_segments=3, seed=1)(space)
    assert adjusted_rand_score(truth, labels) > 0.99
    assert (labels == fit_som_segments(space, n_segments=3, seed=1)(space)).all()


@pytest.mark.parametrize("width", [1, 2])
def test_few_dimensions_and_fewer_points_than_segments_are_taken(width):
    frame = pd.DataFrame(np.repeat([[0.0, 1.0], [1.0, 0.0]], 10, axis=0)[:, :width])
    space = build_space(frame.rename(columns=str), name="two", log=False)
    labels = fit_som_segments(space, n_segments=4, seed=1)(space)
    assert len(set(labels)) == 2
    result = map_customers(space, n_segments=4, seed=1)
    assert np.isfinite(result.units.drop(columns="segment").to_numpy(dtype=float)).all()


def test_customers_that_are_all_alike_or_of_another_block_are_refused():
    space = make_space()
    alike = space.take(np.zeros(20, dtype=int))
    with pytest.raises(ModelError, match="not all alike"):
        fit_som_segments(alike, n_segments=2, seed=1)
    narrow = build_space(pd.DataFrame({"a": [1.0, 2.0, 4.0]}), name="narrow", log=False)
    with pytest.raises(ModelError, match="trained on 3 dimensions of 'behavioural'"):
        fit_som_segments(space, n_segments=2, seed=1)(narrow)
    missing = NotAvailable("no needs")
    assert map_customers(missing, n_segments=2, seed=1) is missing
    assert map_customers(space, n_segments=missing, seed=1) is missing
    own = map_customers(space, n_segments=2, seed=1, segments=missing)
    assert own.agreement == 1.0
