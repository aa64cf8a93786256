"""Points from 0 to 100: by hand, as in PLS-IPMA, and what must hold."""

import numpy as np
import pytest

from crmstudy.errors import ModelError
from crmstudy.loyalty.partial_least_squares.estimate import fit_pls
from crmstudy.loyalty.priorities.points import points_per_unit, rescale_means, share_weights


def test_performance_by_hand():
    """Two items, 1..5 and 0..10, loadings 1 and 3, means 4 and 6."""
    ends = [1.0, 0.0], [5.0, 10.0]
    shares = share_weights([1.0, 3.0], *ends)
    points = rescale_means([4.0, 6.0], *ends)
    assert shares == pytest.approx([4 / 34, 30 / 34])
    assert points == pytest.approx([75.0, 60.0])
    assert shares @ points == pytest.approx(100 * (1 * 3 + 3 * 6) / (1 * 4 + 3 * 10))
    assert points_per_unit([1.0, 3.0], *ends) == pytest.approx(100 * (1 + 9) / (4 + 30))


def test_shares_and_performance_are_those_of_ringle_and_sarstedt(mobi, ecsi):
    """PLS on items rescaled to 0..100: outer weights in items' units, normed to sum 1."""
    rescaled = (mobi - 1.0) / 9.0 * 100.0
    result = fit_pls(rescaled, model=ecsi["full"])
    outer = result.outer()
    low, high = np.ones(24), np.full(24, 10.0)
    for construct in ecsi["full"].constructs:
        items = list(construct.items)
        weights = outer.set_index("item").loc[items, "weight"].to_numpy()
        unstandardised = weights / rescaled[items].std(ddof=1).to_numpy()
        normed = unstandardised / unstandardised.sum()
        scores = rescaled[items].to_numpy() @ normed
        places = slice(0, len(items))
        shares = share_weights(
            weights / mobi[items].std(ddof=1).to_numpy(), low[places], high[places]
        )
        points = rescale_means(mobi[items].mean().to_numpy(), low[places], high[places])
        assert shares == pytest.approx(normed, abs=1e-12)
        assert shares @ points == pytest.approx(scores.mean(), abs=1e-10)


def test_the_unit_of_the_construct_and_of_the_items_drops_out():
    ends = np.array([1.0, 1.0, 0.0]), np.array([7.0, 7.0, 10.0])
    loadings = np.array([1.0, 0.8, 1.3])
    stretched = [10.0 * end - 3.0 for end in ends]
    assert share_weights(5 * loadings, *ends) == pytest.approx(share_weights(loadings, *ends))
    assert share_weights(10 * loadings, *stretched) == pytest.approx(share_weights(loadings, *ends))
    assert points_per_unit(10 * loadings, *stretched) == pytest.approx(
        points_per_unit(loadings, *ends)
    )


def test_ends_of_the_scale_are_0_and_100():
    assert rescale_means([1.0, 10.0, 5.5], [1.0] * 3, [10.0] * 3) == pytest.approx([0, 100, 50])


def test_negative_weights_count_as_none():
    assert share_weights([2.0, -1.0], [0, 0], [1, 1]) == pytest.approx([1.0, 0.0])


def test_impossible_scales_and_weights_are_refused():
    with pytest.raises(ModelError, match="below its highest"):
        share_weights([1.0], [5.0], [5.0])
    with pytest.raises(ModelError, match="positive weight"):
        share_weights([-1.0, 0.0], [0, 0], [1, 1])
