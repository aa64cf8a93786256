import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError
from crmstudy.segmentation.positioning.ratios import (
    Quantity,
    code_segments,
    draw_ratios,
    sum_by_segment,
)

SEGMENTS = pd.Series(list("aaabbb"), index=list("uvwxyz"))
MONEY = pd.Series([1.0, 2.0, 3.0, 10.0, 20.0, np.nan], index=list("uvwxyz"))
KNOWN = MONEY.notna().astype(float)


def firm(n: int = 400, seed: int = 0) -> tuple[pd.Series, pd.Series]:
    draw = np.random.default_rng(seed)
    index = [f"c{i}" for i in range(n)]
    return pd.Series(draw.gamma(2.0, 50.0, n), index=index), pd.Series(
        draw.choice(["x", "y", "z"], n), index=index
    )


def test_worked_by_hand():
    mean = Quantity("mean", MONEY, KNOWN)
    share = Quantity("share", MONEY, MONEY, of_all=True)
    ratios = draw_ratios([mean, share], SEGMENTS, n_draws=2, seed=1)
    assert ratios.segments == ("a", "b")
    assert ratios.estimate[:, 0] == pytest.approx([2.0, 15.0])
    assert ratios.firm == pytest.approx([36 / 5, 1 / 2])  # an equal share of two
    assert ratios.estimate[:, 1] == pytest.approx([6 / 36, 30 / 36])
    assert ratios.counted.tolist() == [[3, 3], [2, 2]]


def test_a_segment_without_the_measure_has_no_ratio():
    quantity = Quantity("mean", MONEY.where(SEGMENTS == "a"), KNOWN)
    ratios = draw_ratios([quantity], SEGMENTS, n_draws=3, seed=1)
    assert np.isnan(ratios.estimate[1, 0])
    assert ratios.counted[1, 0] == 0
    assert ratios.firm[0] == pytest.approx(2.0)


def test_spread_of_draws_is_the_standard_error_of_a_mean():
    money, segments = firm(900)
    quantity = Quantity("mean", money, pd.Series(1.0, index=money.index))
    ratios = draw_ratios([quantity], segments, n_draws=2_000, seed=3)
    for row, name in enumerate(ratios.segments):
        values = money[segments == name]
        error = values.std() / np.sqrt(len(values))
        assert ratios.draws[:, row, 0].std() == pytest.approx(error, rel=0.1)
    assert ratios.firm_draws[:, 0].std() == pytest.approx(money.std() / 30, rel=0.1)


def test_shares_of_the_whole_sum_to_one_in_every_draw():
    money, segments = firm()
    ratios = draw_ratios([Quantity("s", money, money, of_all=True)], segments, n_draws=50, seed=0)
    assert ratios.draws.sum(axis=1) == pytest.approx(1.0)


def test_order_of_the_customers_changes_nothing():
    money, segments = firm()
    quantity = Quantity("mean", money, pd.Series(1.0, index=money.index))
    one = draw_ratios([quantity], segments, n_draws=20, seed=5)
    mixed = segments.sample(frac=1.0, random_state=2)
    other = draw_ratios([quantity], mixed, n_draws=20, seed=5)
    assert one.estimate.tobytes() == other.estimate.tobytes()
    assert one.draws.tobytes() == other.draws.tobytes()


def test_blocks_of_weights_change_nothing(monkeypatch):
    money, segments = firm(60)
    codes, names = code_segments(segments)
    values = money.to_numpy()[:, None]
    _, one = sum_by_segment(values, codes, len(names), n_draws=9, seed=1)
    monkeypatch.setattr("crmstudy.segmentation.positioning.ratios.BLOCK", 100)
    _, other = sum_by_segment(values, codes, len(names), n_draws=9, seed=1)
    assert one == pytest.approx(other)


def test_segments_stand_in_the_order_of_readers():
    labels = pd.Series(["10 x", "2 y", "1 z", "b", "a"], index=range(5))
    assert code_segments(labels)[1] == ("1 z", "2 y", "10 x", "a", "b")
    assert code_segments(pd.Series([10, 9, 9], index=range(3)))[1] == ("9", "10")


def test_refusals():
    with pytest.raises(ModelError, match="no customer has a segment"):
        code_segments(pd.Series([], dtype="str"))
    with pytest.raises(DataError, match="'u' has two segments"):
        code_segments(pd.Series(["a", "b"], index=["u", "u"]))
    with pytest.raises(DataError, match="'v' has no segment"):
        code_segments(pd.Series(["a", None], index=["u", "v"]))
    with pytest.raises(ModelError, match="nothing is measured"):
        draw_ratios([], SEGMENTS, n_draws=1, seed=0)
