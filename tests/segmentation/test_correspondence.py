from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import DataError, ModelError, NotAvailable
from crmstudy.segmentation.positioning.correspondence import analyse_correspondence

REFERENCE = Path(__file__).parents[1] / "reference" / "correspondence"
# Staff by smoking, a made-up table (Greenacre 1984).
SMOKE = pd.DataFrame(
    {
        "none": [4, 4, 25, 18, 10],
        "light": [2, 3, 10, 24, 6],
        "medium": [3, 7, 12, 33, 7],
        "heavy": [2, 4, 4, 13, 2],
    },
    index=["SM", "JM", "SE", "JE", "SC"],
)


def expected(data: str, quantity: str) -> pd.DataFrame:
    rows = pd.read_csv(REFERENCE / "expected.csv")
    rows = rows[(rows["data"] == data) & (rows["quantity"] == quantity)]
    return rows.fillna("").pivot_table(index="name", columns="dimension", values="value")


def read_table(data: str) -> pd.DataFrame:
    cells = pd.read_csv(REFERENCE / "tables.csv")
    return cells[cells["data"] == data].pivot_table(index="name", columns="column", values="value")


def analyse(data: str):
    table = read_table(data)
    if data == "hair_eye":
        return analyse_correspondence(table)
    active = table.loc[list(SMOKE.index), list(SMOKE.columns)]
    return analyse_correspondence(
        active,
        supplementary_rows=table.loc[["national"], list(SMOKE.columns)],
        supplementary_columns=table.loc[list(SMOKE.index), ["no_alcohol", "alcohol"]],
    )


def random_table(seed: int, rows: int = 6, columns: int = 4) -> pd.DataFrame:
    counts = np.random.default_rng(seed).integers(1, 60, (rows, columns))
    return pd.DataFrame(
        counts, index=[f"r{i}" for i in range(rows)], columns=[f"c{i}" for i in range(columns)]
    )


def test_published_inertias_of_the_smoking_table():
    # Nenadic & Greenacre (2007), J. Statistical Software, 20(3): principal inertias and
    # their shares as printed by package ca.
    result = analyse_correspondence(SMOKE)
    assert result.axes()["inertia"].to_numpy() == pytest.approx(
        [0.074759, 0.010017, 0.000414], abs=5e-7
    )
    assert result.axes()["share"].to_numpy() == pytest.approx([0.8776, 0.1176, 0.0049], abs=5e-5)


@pytest.mark.parametrize("data", ["smoke", "hair_eye"])
def test_against_r(data):
    result = analyse(data)
    sizes = expected(data, "singular_value").to_numpy()[0][: result.n_dimensions]
    assert result.singular_values.to_numpy() == pytest.approx(sizes, abs=1e-10)
    for side, points in (("row", result.rows), ("column", result.columns)):
        active = points.mass.dropna().index
        active = active[~points.supplementary[active]]
        for quantity, ours in (
            ("mass", points.mass),
            ("inertia", points.inertia),
            ("distance", np.sqrt(points.squared_distance)),
        ):
            theirs = expected(data, f"{side}_{quantity}")[1]
            assert ours[active].to_numpy() == pytest.approx(theirs[active].to_numpy(), abs=1e-10)
        for quantity, frame, signed in (
            ("standard", points.standard, True),
            ("principal", points.principal, True),
            ("contribution", points.contributions, False),
            ("cosine", points.cosines, False),
            ("sup_principal", points.principal, True),
            ("sup_cosine", points.cosines, False),
        ):
            theirs = expected(data, f"{side}_{quantity}")
            ours = frame.loc[theirs.index, theirs.columns]
            if signed:  # signs of a dimension are free
                theirs = theirs * np.sign((ours * theirs).sum())
            assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-8), quantity


@pytest.mark.parametrize("data", ["smoke", "hair_eye"])
def test_independence_against_r(data):
    test = analyse(data).independence
    assert test.statistic == pytest.approx(expected(data, "chi2").iloc[0, 0], rel=1e-10)
    assert test.p_value == pytest.approx(expected(data, "p_value").iloc[0, 0], rel=1e-8)
    assert test.distribution == f"chi2({expected(data, 'df').iloc[0, 0]:.0f})"


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_laws(seed):
    table = random_table(seed)
    result = analyse_correspondence(table)
    chi2 = result.independence.statistic
    assert result.total_inertia == pytest.approx(chi2 / table.to_numpy().sum())
    assert result.rows.inertia.sum() == pytest.approx(result.total_inertia)
    assert result.columns.inertia.sum() == pytest.approx(result.total_inertia)
    for points in (result.rows, result.columns):
        assert points.contributions.sum().to_numpy() == pytest.approx(1.0)
        assert points.cosines.sum(axis=1).to_numpy() == pytest.approx(1.0)
        centre = points.principal.mul(points.mass, axis=0).sum()
        assert centre.to_numpy() == pytest.approx(0.0, abs=1e-12)
    # transition formulae: a row lies at the average of the columns' standard points
    profiles = table.div(table.sum(axis=1), axis=0)
    assert (profiles @ result.columns.standard).to_numpy() == pytest.approx(
        result.rows.principal.to_numpy(), abs=1e-10
    )
    profiles = table.div(table.sum(axis=0), axis=1).T
    assert (profiles @ result.rows.standard).to_numpy() == pytest.approx(
        result.columns.principal.to_numpy(), abs=1e-10
    )
    # distances between principal points are chi-square distances
    gap = result.rows.principal.loc["r0"] - result.rows.principal.loc["r1"]
    shares = table.div(table.sum(axis=1), axis=0)
    away = (shares.loc["r0"] - shares.loc["r1"]) ** 2 / result.columns.mass
    assert (gap**2).sum() == pytest.approx(away.sum())


def test_order_of_rows_and_columns_changes_nothing():
    table = random_table(3)
    one, other = analyse_correspondence(table), analyse_correspondence(table.iloc[::-1, ::-1])
    same = other.rows.principal.loc[one.rows.principal.index]
    assert same.to_numpy() == pytest.approx(one.rows.principal.to_numpy(), abs=1e-12)
    same = other.columns.standard.loc[one.columns.standard.index]
    assert same.to_numpy() == pytest.approx(one.columns.standard.to_numpy(), abs=1e-12)


def test_merging_proportional_rows_leaves_the_map():
    # distributional equivalence
    table = random_table(5).astype(float)
    table.loc["twin"] = 3 * table.loc["r2"]
    merged = table.drop(index="twin")
    merged.loc["r2"] *= 4
    one, other = analyse_correspondence(table), analyse_correspondence(merged)
    assert one.singular_values.to_numpy() == pytest.approx(other.singular_values.to_numpy())
    assert one.columns.principal.abs().to_numpy() == pytest.approx(
        other.columns.principal.abs().to_numpy()
    )
    twins = one.rows.principal.loc[["twin", "r2"]]
    assert twins.loc["twin"].to_numpy() == pytest.approx(twins.loc["r2"].to_numpy())


def test_unit_of_amounts_changes_no_point():
    table = random_table(8)
    one = analyse_correspondence(table, counts=False)
    other = analyse_correspondence(table * 100, counts=False)
    assert one.rows.principal.to_numpy() == pytest.approx(other.rows.principal.to_numpy())
    assert isinstance(one.independence, NotAvailable)


def test_a_supplementary_copy_falls_on_its_original():
    table = random_table(9)
    copy = table.loc[["r1"]].rename(index={"r1": "again"})
    turned = table[["c2"]].rename(columns={"c2": "again"})
    result = analyse_correspondence(table, supplementary_rows=copy, supplementary_columns=turned)
    for points, name in ((result.rows, "r1"), (result.columns, "c2")):
        assert points.principal.loc["again"].to_numpy() == pytest.approx(
            points.principal.loc[name].to_numpy()
        )
        assert points.squared_distance["again"] == pytest.approx(points.squared_distance[name])
        assert "again" not in points.contributions.index
    alone = analyse_correspondence(table)
    assert alone.total_inertia == pytest.approx(result.total_inertia)


def test_the_largest_contribution_lies_on_the_positive_side():
    result = analyse_correspondence(random_table(11))
    for dimension in result.singular_values.index:
        largest = result.rows.contributions[dimension].idxmax()
        assert result.rows.standard.loc[largest, dimension] > 0


def test_two_columns_give_one_dimension():
    result = analyse_correspondence(random_table(1, columns=2))
    assert result.n_dimensions == 1
    assert result.rows.quality(2).to_numpy() == pytest.approx(1.0)


def test_empty_rows_are_left_out_and_named():
    table = random_table(2)
    table.loc["nothing"] = 0
    table["void"] = 0
    result = analyse_correspondence(table)
    assert result.empty == ("nothing", "void")
    assert result.total_inertia == pytest.approx(
        analyse_correspondence(random_table(2)).total_inertia
    )


def test_a_row_at_the_centre_has_no_cosines():
    table = pd.DataFrame({"a": [10, 30, 20], "b": [30, 10, 20]}, index=list("xyz"))
    result = analyse_correspondence(table)
    assert result.rows.squared_distance["z"] == pytest.approx(0.0, abs=1e-15)
    assert result.rows.cosines.loc["z"].to_numpy() == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (pd.DataFrame({"a": [1, -1], "b": [1, 2]}), DataError, r"cell \(1, 'a'\) .* is -1"),
        (pd.DataFrame({"a": [1, np.nan], "b": [1, 2]}), DataError, "takes amounts from 0"),
        (pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}), DataError, "column 'a' .* not a number"),
        (pd.DataFrame([[1, 2], [3, 4]], index=["r", "r"]), DataError, "row 'r' stands twice"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["c", "c"]), DataError, "column 'c' stands twice"),
        (pd.DataFrame({"a": [1, 2]}), ModelError, "two rows and two columns .* 2 and 1"),
        (pd.DataFrame({"a": [1, 2], "b": [2, 4]}), ModelError, "the same profile"),
    ],
)
def test_refusals(table, error, message):
    with pytest.raises(error, match=message):
        analyse_correspondence(table)


def test_refuses_supplementary_points_that_do_not_fit():
    table = random_table(0)
    with pytest.raises(DataError, match="supplementary rows lack the cell 'c3'"):
        analyse_correspondence(table, supplementary_rows=table[["c0", "c1", "c2"]])
    with pytest.raises(DataError, match="called like others: 'r0'"):
        analyse_correspondence(table, supplementary_rows=table.head(1))
    with pytest.raises(DataError, match="'hollow' holds nothing"):
        analyse_correspondence(
            table, supplementary_rows=pd.DataFrame(0, index=["hollow"], columns=table.columns)
        )
