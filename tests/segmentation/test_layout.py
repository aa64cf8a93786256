from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space, build_space
from crmstudy.segmentation.explain.layout import bound_segments, lay_out_customers

REFERENCE = Path(__file__).parents[1] / "reference" / "principal_components"


def make_arrests() -> Space:
    frame = pd.read_csv(REFERENCE / "arrests.csv", index_col=0)
    return build_space(frame, name="arrests", log=False)


def make_mixed(n: int = 120) -> Space:
    draw = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "visits": draw.normal(size=n),
            "spend": draw.normal(size=n),
            "channel": np.where(draw.random(n) < 0.4, "web", "store"),
        },
        index=pd.Index([f"c{i:03}" for i in range(n)], name="customer_id"),
    )
    return build_space(frame, name="behavioural", log=False)


def test_plane_is_that_of_prcomp():
    expected = pd.read_csv(REFERENCE / "expected.csv").set_index("quantity")
    layout = lay_out_customers(make_arrests())
    assert layout.explained == pytest.approx(expected.loc["explained", "first"], abs=1e-10)
    axes = ["first", "second"]
    loadings = expected.loc["loading"].set_index("name")[axes]
    assert layout.loadings.loc[loadings.index, axes].to_numpy() == pytest.approx(
        loadings.to_numpy(), abs=1e-10
    )
    scores = expected.loc["score"].set_index("name")[axes]
    assert layout.coordinates.loc[scores.index].to_numpy() == pytest.approx(
        scores.to_numpy(), abs=1e-10
    )


def test_explained_variance_is_as_published():
    # James, Witten, Hastie & Tibshirani (2013), section 10.2.3: 62.0% and 24.7%.
    layout = lay_out_customers(make_arrests())
    assert 100 * layout.explained[:2] == pytest.approx([62.0, 24.7], abs=0.05)


def test_two_dimensions_are_shown_whole():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(50, 2)) @ [[2.0, 1.0], [0.0, 1.0]], columns=["a", "b"])
    space = build_space(frame, name="pair", log=False)
    layout = lay_out_customers(space)
    assert layout.shown == pytest.approx(1.0)
    assert layout.loadings["share"].to_numpy() == pytest.approx([1.0, 1.0])
    gaps = [
        np.linalg.norm(p[:, None] - p[None], axis=-1)
        for p in (space.points, layout.coordinates.to_numpy())
    ]
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-10)


def test_levels_load_with_opposite_signs_and_equal_size():
    loadings = lay_out_customers(make_mixed()).loadings[["first", "second"]]
    assert loadings.loc["channel: store"].to_numpy() == pytest.approx(
        -loadings.loc["channel: web"].to_numpy(), abs=1e-12
    )


def test_map_does_not_flip_or_depend_on_order():
    space = make_mixed()
    layout = lay_out_customers(space)
    mixed = lay_out_customers(space.take(np.random.default_rng(9).permutation(120)))
    other = mixed.coordinates.loc[layout.coordinates.index]
    assert other.to_numpy().tobytes() == layout.coordinates.to_numpy().tobytes()
    assert mixed.loadings.to_numpy().tobytes() == layout.loadings.to_numpy().tobytes()


def test_bounds_are_means_and_covariances_of_the_segments():
    layout = lay_out_customers(make_mixed())
    segments = pd.Series(
        np.where(np.arange(120) % 4 == 0, "2 few", "1 many"), index=[f"c{i:03}" for i in range(120)]
    )
    segments.iloc[5] = "3 alone"
    bounds = bound_segments(layout, segments.iloc[:110])
    part = layout.coordinates.loc[segments.index[:110][segments.iloc[:110] == "2 few"]]
    assert bounds.loc["2 few", "n_customers"] == len(part)
    assert bounds.loc["2 few", ["first", "second"]].tolist() == pytest.approx(part.mean().tolist())
    assert bounds.loc["2 few", "covariance"] == pytest.approx(np.cov(part.T)[0, 1])
    assert bounds.loc["3 alone", "var_first"] == 0.0
    assert bounds["n_customers"].sum() == 110


def test_customers_in_one_direction_or_without_segment_are_refused():
    frame = pd.DataFrame({"a": np.arange(9.0), "b": 2 * np.arange(9.0)})
    with pytest.raises(ModelError, match="differ in two directions"):
        lay_out_customers(build_space(frame, name="line", log=False))
    with pytest.raises(ModelError, match="no customer of the map has a segment"):
        bound_segments(lay_out_customers(make_mixed()), pd.Series({"stranger": "1 a"}))
    missing = NotAvailable("nothing")
    assert lay_out_customers(missing) is missing
