"""Small cells: suppressed, and not to be computed from what is published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.optimize import linprog

from crmstudy.collection.privacy.suppression import suppress_small_cells, suppress_small_counts
from crmstudy.errors import DataError


def attack(published: pd.DataFrame) -> dict[tuple[int, int], tuple[float, float]]:
    """Bound each suppressed cell by all that a reader knows: sums, and no negative count.

    Written apart from the code under test: one variable a cell, published ones fixed.
    """
    values = published.to_numpy(dtype=float, na_value=np.nan)
    rows, columns = values.shape
    equations = []
    for r in range(rows):
        line = np.zeros((rows, columns))
        line[r, :-1], line[r, -1] = 1, -1
        equations.append(line.ravel())
    for c in range(columns):
        line = np.zeros((rows, columns))
        line[:-1, c], line[-1, c] = 1, -1
        equations.append(line.ravel())
    box = [(0, None) if np.isnan(v) else (v, v) for v in values.ravel()]
    bounds = {}
    for place in np.flatnonzero(np.isnan(values.ravel())):
        goal = np.zeros(values.size)
        goal[place] = 1
        ends = []
        for sign in (1, -1):
            found = linprog(
                sign * goal,
                A_eq=np.array(equations),
                b_eq=np.zeros(rows + columns),
                bounds=box,
                method="highs",
            )
            ends.append(sign * found.fun if found.status == 0 else np.inf)
        bounds[divmod(int(place), columns)] = (ends[0], ends[1])
    return bounds


def assert_safe(table: pd.DataFrame, k: int) -> None:
    result = suppress_small_cells(table, k=k)
    shown = result.published.to_numpy(dtype=float, na_value=np.nan)
    assert not ((shown > 0) & (shown < k)).any()
    small = result.primary.to_numpy()
    for cell, (low, high) in attack(result.published).items():
        assert high > low + 0.5, (cell, low, high)
        assert not small[cell] or high >= k - 1e-6, (cell, low, high)


def test_one_small_cell_takes_three_others_with_it():
    table = pd.DataFrame(
        {"web": [20, 3, 50], "store": [30, 40, 60], "app": [12, 25, 33]}, ["n", "s", "w"]
    )
    result = suppress_small_cells(table, k=5)
    assert result.primary.to_numpy().sum() == 1
    assert result.secondary.to_numpy().sum() == 3
    assert result.published["total"].tolist() == [62, 68, 143, 273]
    # The cheapest rectangle by persons is the one with 20, 12 and 25.
    assert result.published.loc["n"].isna().tolist() == [True, False, True, False]
    assert_safe(table, 5)


def test_nothing_small_nothing_hidden():
    table = pd.DataFrame({"a": [5, 0], "b": [9, 8]})
    assert suppress_small_cells(table, k=5).count == 0


def test_suppression_by_the_small_cells_alone_would_be_undone():
    table = pd.DataFrame({"a": [2, 30], "b": [40, 50]})
    result = suppress_small_cells(table, k=5)
    naive = result.published.copy()
    naive[:] = pd.DataFrame([[pd.NA, 40, 42], [30, 50, 80], [32, 90, 122]])
    assert attack(naive)[0, 0] == pytest.approx((2, 2))
    assert_safe(table, 5)


@pytest.mark.parametrize(
    "rows",
    [
        [[1]],
        [[1, 2], [2, 1]],
        [[1, 50, 60]],
        [[1], [50], [60]],
        [[0, 1], [1, 0]],
        [[4, 4, 4], [4, 4, 4]],
        [[1, 0, 0], [0, 100, 0], [0, 0, 100]],
        [[3, 0], [0, 0]],
        [[2, 100], [0, 100], [0, 100]],
    ],
)
def test_awkward_tables(rows):
    assert_safe(pd.DataFrame(rows), 5)


@examples(max_examples=40)
@given(
    st.integers(1, 5).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 14), min_size=width, max_size=width), min_size=1, max_size=5
        )
    ),
    st.integers(2, 6),
)
def test_no_table_gives_a_small_cell_away(rows, k):
    assert_safe(pd.DataFrame(rows), k)


def test_the_same_cells_on_every_run_and_inputs_unchanged():
    table = pd.DataFrame(np.random.default_rng(3).poisson(6, (8, 5)))
    before = table.copy()
    first, second = (suppress_small_cells(table, k=5).published for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(table, before)


def test_marks_for_the_reader():
    table = pd.DataFrame({"a": [2, 30], "b": [40, 50]}, pd.Index(["x", "y"], name="region"))
    text = suppress_small_cells(table, k=5).table()
    assert text.columns.tolist() == ["region", "a", "b", "total"]
    assert text.loc[0, "a"] == "–"
    assert text.loc[2, "total"] == "122"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([10, 20, 30], [10, 20, 30]),
        ([2, 20, 10], [None, 20, None]),
        ([1, 1, 20, 10], [None, None, 20, None]),
        ([4, 4, 20, 10], [None, None, 20, 10]),
        ([2], [None]),
        ([2, 0], [None, None]),
        ([0, 7], [0, 7]),
    ],
)
def test_a_list_of_counts(counts, expected):
    found = suppress_small_counts(pd.Series(counts), k=5)
    assert [None if pd.isna(value) else value for value in found] == expected


@pytest.mark.parametrize("bad", [[[1.5]], [[-1]], [[np.nan]]])
def test_what_is_no_count_is_refused(bad):
    with pytest.raises(DataError, match="whole numbers"):
        suppress_small_cells(pd.DataFrame(bad), k=5)


def test_margins_are_refused():
    with pytest.raises(DataError, match="without margins"):
        suppress_small_cells(pd.DataFrame({"total": [1]}), k=5)
