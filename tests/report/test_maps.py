import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.maps import REACH, draw_segment_map, order_segments
from crmstudy.report.sheets import CORNERS, draw_planes, draw_som
from crmstudy.report.theme import save_bytes
from crmstudy.report.trees import (
    draw_reconstruction,
    draw_tree,
    write_condition,
    write_threshold,
)
from crmstudy.segmentation.criteria.space import Space, build_space
from crmstudy.segmentation.explain.layout import lay_out_customers
from crmstudy.segmentation.networks.som_map import map_customers
from crmstudy.segmentation.trees.value_tree import grow_tree

NAMES = (
    "1 frequent, high revenue",
    "2 网上购物的年轻家庭",
    "3 a name of a segment that is so long that it hardly fits into any legend of a page",
    *(f"{number} average" for number in range(4, 13)),
)


def make_space(n: int = 160) -> Space:
    draw = np.random.default_rng(1)
    frame = pd.DataFrame(draw.normal(size=(n, 3)), columns=["n_purchases", "revenue", "天数"])
    frame["main_channel"] = np.where(draw.random(n) < 0.3, "web", "store")
    return build_space(frame, name="behavioural", log=False)


def label(space: Space, n_segments: int) -> pd.Series:
    places = np.arange(len(space.customers)) % n_segments
    return pd.Series([NAMES[place] for place in places], index=space.customers)


def read_texts(figure) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_segments_stand_in_the_order_of_their_numbers():
    assert order_segments(["10 b", "2 a", "1 c", "2 a"]) == ["1 c", "2 a", "10 b"]
    assert order_segments([3, 1, 2]) == [1, 2, 3]
    assert order_segments(["lost", "champions"]) == ["champions", "lost"]


def test_ellipses_hold_the_share_that_they_say():
    cloud = np.random.default_rng(0).normal(size=(200_000, 2))
    for share, reach in REACH.items():
        assert (np.linalg.norm(cloud, axis=1) <= reach).mean() == pytest.approx(share, abs=0.004)


def test_units_tile_the_sheet():
    # The area of a hexagon whose neighbours are 1 apart is sqrt(3) / 2.
    x, y = CORNERS.T
    area = abs((x * np.roll(y, 1) - y * np.roll(x, 1)).sum()) / 2
    assert area == pytest.approx(np.sqrt(3) / 2)


@pytest.mark.parametrize("n_segments", [2, 12])
def test_map_names_every_segment_with_its_size(n_segments):
    space = make_space()
    segments = label(space, n_segments)
    figure = draw_segment_map(lay_out_customers(space), segments)
    said = read_texts(figure)
    for name, n in segments.value_counts().items():
        assert f"{name} (n = {n})" in said
    assert any(text.startswith("first component (") for text in said)
    rings = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 121]
    assert len(rings) == (4 if n_segments == 2 else 12)


@pytest.mark.parametrize("n_segments", [2, 12])
def test_sheet_writes_the_number_of_a_segment_into_every_unit(n_segments):
    space = make_space()
    som = map_customers(space, n_segments=3, seed=1, segments=label(space, n_segments))
    figure = draw_som(som.units)
    numbers = [text.get_text() for text in figure.axes[2].texts]
    assert numbers == [str(name).split()[0] for name in som.units["segment"]]
    assert f"Hits (n = {len(space.customers)})" in read_texts(figure)
    planes = draw_planes(som.units, som.planes)
    assert {"purchases", "天数", "main channel: web"} <= set(read_texts(planes))


def test_figures_have_the_same_bytes_on_every_run():
    space = make_space()
    som = map_customers(space, n_segments=3, seed=1)
    draw = [lambda: draw_som(som.units), lambda: draw_planes(som.units, som.planes)]
    layout = lay_out_customers(space)
    draw.append(lambda: draw_segment_map(layout, label(space, 3)))
    for make in draw:
        assert save_bytes(make(), "svg") == save_bytes(make(), "svg")


def test_tree_says_every_split_and_segment():
    space = make_space()
    revenue = space.numeric["revenue"]
    outcome = pd.Series(np.exp(3 + (revenue > 0) + 0.5 * (revenue > 1)), name="revenue")
    tree = grow_tree(space, outcome, seed=1, n_segments=3)
    said = read_texts(draw_tree(tree.nodes, tree.leaves, x_label="mean revenue"))
    assert sum(text.startswith(("revenue > ", "revenue ≤ ")) for text in said) == 4
    assert {"1", "2", "3", "all customers", "160 (100%)"} <= set(said)
    alone = tree.nodes.iloc[:1].assign(left=-1, right=-1, segment=1)
    said = read_texts(draw_tree(alone, tree.leaves, x_label="mean revenue"))
    assert "all customers" in said


def test_reconstruction_shows_all_three_errors():
    errors = pd.DataFrame(
        {
            "mean": [1.0],
            "components": [0.5],
            "network": [0.412],
            "network_best": [0.4],
            "network_worst": [0.43],
        },
        index=pd.Index([1], name="n_codes"),
    )
    said = read_texts(draw_reconstruction(errors))
    assert {"1.000", "0.500", "0.412", "1 code"} <= set(said)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (4, "4"),
        (0.0, "0"),
        (54.675, "54.67"),
        (1270.53, "1,271"),
        (0.071749, "0.07175"),
        (-12.3, "−12.3"),
        (123_456.7, "123,457"),
        (60.0, "60"),
        (999.96, "1,000"),
    ],
)
def test_thresholds_have_four_digits(value, said):
    assert write_threshold(value) == said


def test_conditions_keep_their_threshold_when_the_name_is_cut():
    said = write_condition("days_since_last_purchase", "", 20, below=True, room=1.0)
    assert said.endswith("… ≤ 20")
    assert write_condition("main_channel", "web", 0.5, below=False) == "main channel is web"
    assert write_condition("main_channel", "web", 0.5, below=True) == "main channel is not web"


def test_what_is_not_available_is_handed_on():
    missing = NotAvailable("no needs")
    for draw in (draw_som, draw_reconstruction):
        assert draw(missing) is missing
    assert draw_segment_map(missing, missing) is missing
    assert draw_tree(missing, missing, x_label="") is missing
