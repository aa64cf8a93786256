"""Reading judgements: what is accepted, and every refusal with its message."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, JudgementError, NotAvailable
from crmstudy.evaluation import read_judgements
from crmstudy.evaluation.judgements.reading import read_panel, read_panels

NAMES = ("price", "service", "brand")


def test_matrix_is_square_named_reciprocal(long):
    matrix = read_judgements(long(NAMES, ["1/3", "2", 5]), matrix="criteria")
    assert list(matrix.index) == list(matrix.columns) == list(NAMES)
    expected = [[1, 1 / 3, 2], [3, 1, 5], [1 / 2, 1 / 5, 1]]
    np.testing.assert_allclose(matrix.to_numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("text", ["1/3", " 1 / 3 ", "1／3", 1 / 3])
def test_fractions_as_text_and_numbers(long, text):
    matrix = read_judgements(long(NAMES, [text, 1, 1]), matrix="criteria")
    assert matrix.loc["price", "service"] == 1 / 3


def test_lower_triangle_and_mixed_directions(long):
    table = long(NAMES, ["3", "4", "5"])
    table.loc[1, ["row", "column", "value"]] = ["brand", "price", "1/4"]
    pd.testing.assert_frame_equal(
        read_judgements(table, matrix="criteria"),
        read_judgements(long(NAMES, [3, 4, 5]), matrix="criteria"),
    )


def test_of_two_directions_the_larger_counts(long):
    table = pd.concat([long(NAMES, [0.33, 1, 1]), long(("service", "price"), [3])])
    matrix = read_judgements(table, matrix="criteria")
    assert matrix.loc["service", "price"] == 3
    assert matrix.loc["price", "service"] == 1 / 3


def test_equal_repeats_are_one_judgement(long):
    table = long(NAMES, [3, 4, 5])
    pd.testing.assert_frame_equal(
        read_judgements(pd.concat([table, table]), matrix="criteria"),
        read_judgements(table, matrix="criteria"),
    )


def test_typed_ninth_is_on_the_scale(long):
    assert read_judgements(long(NAMES, [0.11, 1, 1]), matrix="criteria").loc["price", "service"]


def test_one_of_several_experts(long):
    table = pd.concat([long(NAMES, [1, 1, 1]), long(NAMES, [2, 2, 2], expert="E2")])
    matrix = read_judgements(table, matrix="criteria", expert="E2")
    assert matrix.loc["price", "service"] == 2
    with pytest.raises(JudgementError, match=r"judged by 2 experts \(E1, E2\); say which one"):
        read_judgements(table, matrix="criteria")
    with pytest.raises(JudgementError, match="'E3' did not judge matrix 'criteria'; judged by: E1"):
        read_judgements(table, matrix="criteria", expert="E3")


WHERE = "expert 'E1', matrix 'criteria', row 'price', column 'service': "


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "found 0; allowed: a positive number; write the reciprocal"),
        (-3, "found -3; allowed: a positive number"),
        (12, "found 12; allowed: Saaty's scale from 1/9 to 9; judge the pair again"),
        ("1/10", "found '1/10'; allowed: Saaty's scale from 1/9 to 9"),
        ("three", "found 'three'; allowed: a number or a fraction such as 1/3; correct"),
        ("1/0", "found '1/0'; allowed: a number or a fraction"),
        ("3/", "found '3/'; allowed: a number or a fraction"),
        ("1.2.3/4", "found '1.2.3/4'; allowed: a number or a fraction"),
        (None, "found nothing; allowed: a number or a fraction such as 1/3; fill in"),
        (np.inf, "found inf; allowed: Saaty's scale"),
    ],
)
def test_refuses_a_value(long, value, message):
    with pytest.raises(JudgementError, match=r".") as caught:
        read_judgements(long(NAMES, [value, 1, 1]), matrix="criteria")
    assert str(caught.value).startswith(WHERE + message)


def test_refuses_conflicting_repeats(long):
    table = pd.concat([long(NAMES, [3, 1, 1]), long(NAMES[:2], [5])])
    with pytest.raises(JudgementError, match="found 3 and 5; allowed: one judgement a pair; keep"):
        read_judgements(table, matrix="criteria")


def test_refuses_a_pair_that_is_not_reciprocal(long):
    table = pd.concat([long(NAMES, [3, 1, 1]), long(("service", "price"), ["1/5"])])
    with pytest.raises(JudgementError, match=r"found 3 against 0.2; allowed: reciprocals, such as"):
        read_judgements(table, matrix="criteria")


def test_refuses_missing_pairs_where_asked_and_lists_them_all(long):
    table = long(("a", "b", "c", "d"), [1, 1, 1, 1, 1, 1]).drop(index=[1, 4])
    with pytest.raises(JudgementError, match=r".") as caught:
        read_judgements(table, matrix="criteria", open_pairs="refuse")
    first, second = str(caught.value).splitlines()
    assert "row 'a', column 'c': found no judgement; allowed: one judgement a pair; add" in first
    assert "row 'b', column 'd'" in second


def test_refuses_a_diagonal_other_than_one(long):
    table = pd.concat([long(NAMES, [3, 1, 1]), long(("price", "price"), [2])])
    with pytest.raises(JudgementError, match="found 2; allowed: 1 on the diagonal; leave the row"):
        read_judgements(table, matrix="criteria")
    table.loc[:, "value"] = 1
    assert read_judgements(table, matrix="criteria").to_numpy().sum() == 9


def test_refuses_names_that_differ_between_experts(long):
    other = long(("price", "servise", "brand"), [1, 1, 1], expert="E2")
    with pytest.raises(JudgementError, match=r"'E2'.*found name 'servise'; allowed: price"):
        read_panel(pd.concat([long(NAMES, [1, 1, 1]), other]), matrix="criteria")
    with pytest.raises(JudgementError, match="did you mean 'service'"):
        read_panel(pd.concat([long(NAMES, [1, 1, 1]), other]), matrix="criteria")


def test_refuses_an_unknown_matrix(long):
    with pytest.raises(JudgementError, match=r"no judgements on matrix 'criterion'.*did you mean"):
        read_judgements(long(NAMES, [1, 1, 1]), matrix="criterion")
    with pytest.raises(JudgementError, match="'criteria' is not in the hierarchy; allowed: goal"):
        read_panels(long(NAMES, [1, 1, 1]), names={"goal": NAMES})


def test_refuses_a_table_without_its_columns(long):
    with pytest.raises(DataError, match="lacks matrix, value; it needs expert, matrix, row"):
        read_judgements(long(NAMES, [1, 1, 1]).drop(columns=["matrix", "value"]), matrix="criteria")


def test_long_lists_of_faults_are_cut(long):
    table = long([f"n{i}" for i in range(9)], [0] * 36)
    with pytest.raises(JudgementError, match=r"\.\.\. and 16 more$"):
        read_judgements(table, matrix="criteria")


def test_order_of_rows_does_not_matter_for_a_panel(long):
    table = pd.concat([long(NAMES, [3, "1/2", 5]), long(NAMES, [1, 2, 3], expert="E2")])
    shuffled = table.sample(frac=1, random_state=4)
    straight, mixed = (
        read_panel(one, matrix="criteria", names=NAMES, experts=["E1", "E2"])
        for one in (table, shuffled)
    )
    np.testing.assert_array_equal(straight.values, mixed.values)


def test_inputs_are_not_changed(long):
    table = long(NAMES, ["1/3", 2, 5])
    before = table.copy()
    read_judgements(table, matrix="criteria")
    pd.testing.assert_frame_equal(table, before)


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no judgements")
    assert read_judgements(missing, matrix="criteria") is missing
