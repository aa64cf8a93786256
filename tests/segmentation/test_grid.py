"""Criteria x methods: recovery, laws, degenerate blocks, and blocks without structure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from crmstudy.collection.simulate import simulate_firm
from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.grid.grid import compare_criteria_and_methods
from crmstudy.segmentation.grid.measures import separate_variables
from crmstudy.segmentation.grid.standing import MEASURES
from crmstudy.segmentation.methods.latent_class import (
    compare_class_numbers,
    estimate_latent_classes,
)
from crmstudy.segmentation.methods.methods import METHODS, find_method

FAST = tuple(find_method(name) for name in ("k-means", "Ward", "k-prototypes"))
QUICK = {"n_segments": 3, "seed": 1, "n_replicates": 2}
ABSENT = NotAvailable("no later period")


def make_space(name: str, frame: pd.DataFrame) -> Space:
    """Standardise numbers; indicators of one category have variance 1 together."""
    numbers = frame.select_dtypes("number")
    numbers = (numbers - numbers.mean()) / numbers.std().replace(0.0, 1.0)
    categories = frame.drop(columns=numbers.columns)
    columns = [numbers.to_numpy(dtype=float)]
    for category in categories:
        levels = pd.get_dummies(categories[category]).to_numpy(dtype=float)
        columns.append(levels / np.sqrt(levels.var(axis=0).sum() or 1.0))
    return Space(name, np.hstack(columns), numbers, categories, pd.DataFrame(), 0)


def number_customers(n: int) -> pd.Index:
    return pd.Index([f"c{i:04d}" for i in range(n)], name="customer_id")


def draw_blocks(n=240, *, seed=0, structure=True):
    """Two blocks on the same three groups, one that knows nothing, and the later value."""
    draw = np.random.default_rng(seed)
    index = number_customers(n)
    truth = draw.integers(3, size=n)
    shift = 4.0 * np.eye(3)[truth] if structure else np.zeros((n, 3))
    frames = {
        "needs": pd.DataFrame(shift + draw.normal(size=(n, 3)), index, ["tea", "coffee", "sweets"]),
        "behavioural": pd.DataFrame(
            {
                "visits": 3.0 * truth * structure + draw.normal(size=n),
                "channel": np.where(
                    draw.random(n) < 0.8 * structure, truth, draw.integers(3, size=n)
                ).astype(str),
            },
            index,
        ),
        "demographic": pd.DataFrame(draw.normal(size=(n, 2)), index, ["age", "income"]),
    }
    blocks = {name: make_space(name, frame) for name, frame in frames.items()}
    value = np.exp(1.5 * truth * structure + draw.normal(size=n)) * (draw.random(n) < 0.8)
    return blocks, pd.Series(value, index, name="revenue"), truth


def cell_of(grid, block, method):
    return next(cell for cell in grid.cells if (cell.block, cell.method) == (block, method))


# --- recovery -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def firm():
    return simulate_firm(seed=11)


@pytest.fixture(scope="module")
def bought(firm):
    """Lines bought, with their department, in order of time."""
    lines = firm.tables["transactions"]
    lines = lines[(lines["status"] == "completed") & (lines["revenue"] > 0)]
    departments = firm.tables["products"][["product_id", "department"]]
    return lines.merge(departments, on="product_id").sort_values(["customer_id", "ordered_at"])


@pytest.fixture(scope="module")
def truth(firm):
    return firm.people.set_index("customer_id")["segment"].astype(str)


@pytest.fixture(scope="module")
def needs(bought):
    """Shares of spending by department, of customers with five baskets or more."""
    spend = bought.pivot_table(
        index="customer_id", columns="department", values="revenue", aggfunc="sum", fill_value=0.0
    )
    known = bought.groupby("customer_id")["basket_id"].nunique() >= 5
    shares = spend.div(spend.sum(axis=1), axis=0)[known]
    return make_space("needs", shares.set_axis(list(shares.columns), axis=1))


@pytest.mark.parametrize(
    "name", ["k-means", "Ward", "Gaussian mixture", "self-organising map", "autoencoder"]
)
def test_the_firms_four_segments_are_found_in_its_needs(name, needs, truth):
    labels = find_method(name).fit(needs, n_segments=4, seed=1)(needs)
    assert adjusted_rand_score(truth.loc[needs.customers], labels) > 0.9


def test_latent_classes_find_four_segments_in_the_first_six_baskets(bought, truth):
    baskets = bought.groupby(["customer_id", "basket_id"], sort=False)["department"].first()
    place = baskets.groupby("customer_id").cumcount().rename("place")
    table = baskets.reset_index().assign(place=place.to_numpy()).query("place < 6")
    table = table.pivot_table(
        index="customer_id", columns="place", values="department", aggfunc="first"
    ).dropna()
    space = make_space("needs", table.set_axis([f"basket {i}" for i in range(6)], axis=1))
    numbers = compare_class_numbers(space, candidates=range(3, 6), seed=1)
    assert numbers.index[numbers["chosen"]].tolist() == [4]
    labels = estimate_latent_classes(space, n_classes=4, seed=1).assign(space)
    assert adjusted_rand_score(truth.loc[space.customers], labels) > 0.8


def test_the_grid_finds_which_criteria_and_methods_know_the_groups():
    blocks, value, truth = draw_blocks()
    grid = compare_criteria_and_methods(blocks, next_value=value, methods=FAST, **QUICK)
    assert grid.table()["mean rank"].dropna().is_monotonic_increasing
    table = grid.table().set_index(["criteria", "method"])
    assert table.loc[("needs", "k-means"), "stability"] > 0.95
    assert table.loc[("demographic", "k-means"), "stability"] < 0.9
    assert table.loc[("needs", "k-means"), "R² of next value"] > 0.15
    assert table.loc[("needs", "k-means"), "lift of best 20%"] > 1.5
    assert abs(table.loc[("demographic", "k-means"), "separation"]) < 0.03
    assert set(grid.leaders()["block"]) <= {"needs", "behavioural"}
    assert grid.leaders().loc["r_squared", "beyond_chance"] == 1
    sources = grid.sources()
    assert sources.loc["r_squared", "block"] > 0.8 > 0.2 > sources.loc["r_squared", "method"]
    labels = find_method("k-means").fit(blocks["needs"], n_segments=3, seed=1)(blocks["needs"])
    assert adjusted_rand_score(truth, labels) > 0.9
    whole = silhouette_score(blocks["needs"].points, labels)
    assert table.loc[("needs", "k-means"), "silhouette"] == pytest.approx(whole, abs=1e-3)


def test_separation_is_averaged_over_variables_and_then_blocks():
    blocks, value, _ = draw_blocks()
    index = blocks["needs"].customers
    extra = pd.DataFrame({"visits": 0.0, "height": np.arange(240.0)}, index)
    grid = compare_criteria_and_methods(
        blocks, next_value=value, held_back=extra, methods=FAST[:1], **QUICK
    )
    labels = find_method("k-means").fit(blocks["needs"], n_segments=3, seed=1)(blocks["needs"])
    groups = [
        blocks["behavioural"].numeric.join(blocks["behavioural"].categories),
        blocks["demographic"].numeric,
        extra[["height"]],
    ]
    expected = np.mean([separate_variables(group, labels)[0].mean() for group in groups])
    found = cell_of(grid, "needs", "k-means").measures["separation"].value
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_variable_of_the_block_itself_is_never_held_back():
    blocks, value, _ = draw_blocks()
    index = blocks["needs"].customers
    twin = make_space("twin", blocks["needs"].numeric.assign(noise=value.rank().to_numpy() % 7))
    assert index.equals(twin.customers)
    pair = {"needs": blocks["needs"], "twin": twin}
    grid = compare_criteria_and_methods(pair, next_value=value, methods=FAST[:1], **QUICK)
    assert abs(cell_of(grid, "needs", "k-means").measures["separation"].value) < 0.05


# --- no structure, no leak ----------------------------------------------------------------


def test_where_nothing_is_to_be_known_no_forecast_beats_chance():
    above = 0
    for seed in range(4):
        blocks, value, _ = draw_blocks(seed=seed, structure=False)
        grid = compare_criteria_and_methods(
            blocks,
            next_value=value,
            methods=(*FAST, find_method("decision tree")),
            **QUICK,
        )
        above += int(grid.leaders().loc[["r_squared", "lift"], "beyond_chance"].sum())
        table = grid.table().dropna(subset=["R² of next value"])
        assert table["R² of next value"].max() < 0.06
        assert abs(table["separation"].mean()) < 0.02
    assert above == 0


def test_a_method_that_remembers_its_customers_gains_nothing(monkeypatch):
    # Labels made from the very value to be forecast: perfect in sample, useless outside.
    def fit(space, *, n_segments, seed, target=None):
        known = dict(zip(space.points[:, 0], target, strict=True))

        def assign(others):
            values = np.array([known.get(point, np.nan) for point in others.points[:, 0]])
            cut = np.nanquantile(target, [0.5, 0.8])
            return np.where(np.isnan(values), 0, np.searchsorted(cut, values)).astype(np.int64)

        return assign

    monkeypatch.setattr("crmstudy.segmentation.methods.partition.fit_kmeans_segments", fit)
    blocks, value, _ = draw_blocks(structure=False)
    oracle = replace(find_method("k-means"), supervised=True)
    only = {"needs": blocks["needs"]}
    grid = compare_criteria_and_methods(only, next_value=value, methods=(oracle,), **QUICK)
    cell = cell_of(grid, "needs", "k-means")
    assert cell.measures["r_squared"].value < 0
    assert cell.measures["lift"].value < 1.3


# --- laws ---------------------------------------------------------------------------------


def test_the_grid_does_not_depend_on_the_order_or_the_names_of_the_customers():
    blocks, value, _ = draw_blocks(120)
    grid = compare_criteria_and_methods(blocks, next_value=value, methods=FAST, **QUICK)
    again = compare_criteria_and_methods(blocks, next_value=value, methods=FAST, **QUICK)
    assert again.to_metrics() == grid.to_metrics()
    order = np.random.default_rng(4).permutation(120)
    shuffled = {name: space.take(order) for name, space in blocks.items()}
    other = compare_criteria_and_methods(
        shuffled, next_value=value.sample(frac=1, random_state=2), methods=FAST, **QUICK
    )
    assert other.to_metrics() == grid.to_metrics()
    names = dict(zip(value.index, number_customers(120)[::-1], strict=True))
    renamed = {
        name: replace(
            space,
            numeric=space.numeric.rename(index=names),
            categories=space.categories.rename(index=names),
        )
        for name, space in shuffled.items()
    }
    other = compare_criteria_and_methods(
        renamed, next_value=value.rename(index=names), methods=FAST, **QUICK
    )
    assert other.to_metrics() == grid.to_metrics()


def test_what_labels_are_called_changes_nothing(monkeypatch):
    blocks, value, _ = draw_blocks(120)
    only = {"needs": blocks["needs"], "demographic": blocks["demographic"]}
    grid = compare_criteria_and_methods(only, next_value=value, methods=FAST[:1], **QUICK)
    from crmstudy.segmentation.methods import partition

    before = partition.fit_kmeans_segments

    def relabelled(space, **settings):
        assign = before(space, **settings)
        return lambda others: np.array([7, 2, 4])[assign(others)]

    monkeypatch.setattr(partition, "fit_kmeans_segments", relabelled)
    other = compare_criteria_and_methods(only, next_value=value, methods=FAST[:1], **QUICK)
    assert other.to_metrics() == pytest.approx(grid.to_metrics(), rel=1e-12)


def test_inputs_are_not_changed():
    blocks, value, _ = draw_blocks(120)
    points = {name: space.points.copy() for name, space in blocks.items()}
    copy = value.copy()
    compare_criteria_and_methods(blocks, next_value=value, methods=FAST[:1], **QUICK)
    assert all((points[name] == space.points).all() for name, space in blocks.items())
    pd.testing.assert_series_equal(value, copy)


# --- what is missing, degenerate or wrong -------------------------------------------------


def test_what_is_missing_is_said_and_the_rest_goes_on():
    blocks, _, _ = draw_blocks(120)
    blocks = {**blocks, "geographic": NotAvailable("no place is known")}
    grid = compare_criteria_and_methods(
        blocks, next_value=ABSENT, methods=(*FAST, find_method("decision tree")), **QUICK
    )
    assert cell_of(grid, "geographic", "all methods").note == "not available: no place is known"
    note = cell_of(grid, "needs", "decision tree").note
    assert note == "not available: decision tree needs the value of a later period"
    cell = cell_of(grid, "needs", "k-means")
    assert cell.note == (
        "R² of next value not available: no later period; "
        "lift of best 20% not available: no later period"
    )
    assert cell.measures["stability"].value > 0.8
    table = grid.table()
    assert list(table.columns[:4]) == ["criteria", "method", "customers", "segments"]
    assert list(table.columns[4:-2]) == list(MEASURES.values())
    assert table["R² of next value"].isna().all()
    assert table.loc[table["criteria"] == "needs", "mean rank"].notna().any()
    assert set(grid.leaders().index) == {"silhouette", "stability", "separation"}
    assert not any("nan" in str(value) for value in grid.to_metrics().values())


def test_blocks_that_know_few_customers_are_measured_on_their_own():
    blocks, value, _ = draw_blocks(300)
    small = {**blocks, "demographic": blocks["demographic"].take(np.arange(90))}
    grid = compare_criteria_and_methods(small, next_value=value, methods=FAST[:1], **QUICK)
    assert not grid.same_customers
    assert [cell.n_customers for cell in grid.cells] == [300, 300, 90]
    most = {**blocks, "demographic": blocks["demographic"].take(np.arange(200))}
    grid = compare_criteria_and_methods(most, next_value=value, methods=FAST[:1], **QUICK)
    assert grid.same_customers
    assert {cell.n_customers for cell in grid.cells} == {200}
    assert (grid.n_customers, grid.n_known) == (200, 300)


def test_more_than_five_thousand_customers_are_sampled():
    draw = np.random.default_rng(1)
    index = number_customers(7_000)
    frame = pd.DataFrame(draw.normal(size=(7_000, 2)), index, ["x", "y"])
    value = pd.Series(draw.normal(size=7_000) ** 2, index)
    grid = compare_criteria_and_methods(
        {"needs": make_space("needs", frame)}, next_value=value, methods=FAST[:1], **QUICK
    )
    assert (grid.n_customers, grid.n_known) == (5_000, 7_000)


def test_degenerate_blocks_do_not_stop_the_others():
    blocks, value, _ = draw_blocks(120)
    index = value.index
    blocks = {
        "needs": blocks["needs"],
        "one level": make_space("one level", pd.DataFrame({"region": "north"}, index)),
        "identical": make_space("identical", pd.DataFrame({"age": 3.0}, index)),
        "two points": make_space("two points", pd.DataFrame({"sex": [0.0, 1.0] * 60}, index)),
    }
    grid = compare_criteria_and_methods(blocks, next_value=value, methods=METHODS[:5], **QUICK)
    notes = {(cell.block, cell.method): cell.note for cell in grid.cells}
    assert notes["one level", "k-prototypes"] == (
        "not available: k-prototypes finds one segment only"
    )
    assert "needs a number" in notes["one level", "k-means"]
    assert notes["identical", "k-means"] == "not available: k-means finds one segment only"
    cell = cell_of(grid, "two points", "k-means")
    assert cell.n_segments == 2
    assert cell.measures["silhouette"].value == pytest.approx(1)
    assert cell.measures["stability"].value == pytest.approx(1)


def test_a_value_that_does_not_vary_or_is_a_loss_gives_no_forecast():
    blocks, value, _ = draw_blocks(120)
    only = {"needs": blocks["needs"]}
    grid = compare_criteria_and_methods(only, next_value=0 * value, methods=FAST[:1], **QUICK)
    assert "is equal for all customers" in cell_of(grid, "needs", "k-means").note
    grid = compare_criteria_and_methods(only, next_value=-value, methods=FAST[:1], **QUICK)
    cell = cell_of(grid, "needs", "k-means")
    assert isinstance(cell.measures["lift"], NotAvailable)
    assert cell.measures["r_squared"].value > 0


def test_a_method_that_fails_in_a_sample_loses_that_measure_only(monkeypatch):
    from crmstudy.segmentation.methods import partition

    before, n_fits = partition.fit_kmeans_segments, []

    def fails_later(space, **settings):
        n_fits.append(1)
        if len(n_fits) > 1:
            raise ModelError("no solution in this sample")
        return before(space, **settings)

    monkeypatch.setattr(partition, "fit_kmeans_segments", fails_later)
    blocks, value, _ = draw_blocks(120)
    grid = compare_criteria_and_methods(
        {"needs": blocks["needs"], "demographic": blocks["demographic"]},
        next_value=value,
        methods=FAST[:1],
        **QUICK,
    )
    cell = cell_of(grid, "needs", "k-means")
    assert cell.measures["stability"] == NotAvailable("no solution in this sample")
    assert cell.measures["silhouette"].value > 0.3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"n_segments": 1}, SettingsError, "n_segments = 1, n_replicates = 2: both must be"),
        ({"n_replicates": 1}, SettingsError, "both must be at least 2"),
        ({"n_segments": NotAvailable("no number")}, ModelError, "no number"),
        ({"blocks": {"needs": ABSENT}}, ModelError, "no block of criteria is available"),
        ({"few": 40}, ModelError, "needs 50 customers in every block; needs has 40"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, error, message):
    blocks, value, _ = draw_blocks(120)
    settings = {**QUICK, "blocks": blocks, **change}
    blocks = settings.pop("blocks")
    if few := settings.pop("few", 0):
        blocks = {name: space.take(np.arange(few)) for name, space in blocks.items()}
    with pytest.raises(error, match=message):
        compare_criteria_and_methods(blocks, next_value=value, methods=FAST, **settings)
