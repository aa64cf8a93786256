"""The Markov chain of stages: R's markovchain, the Land of Oz, simulated chains, laws, refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value.lifecycle.chain import (
    compare_tables,
    divide_rows,
    mean_stay,
    pass_to,
    reach_states,
    settle,
    share_sparse,
)
from crmstudy.value.lifecycle.lapse import choose_lapse
from crmstudy.value.lifecycle.stages import (
    DECLINING,
    GROWING,
    LOST,
    MATURE,
    STAGES,
    stage_customers,
)
from crmstudy.value.lifecycle.transitions import estimate_transitions

REFERENCE = Path(__file__).parents[1] / "reference" / "markov"
STATES = ["a", "b", "c", "d"]
#: The reference's states as stages; the last one is lost, so that times to it are compared.
PLACES = dict(zip(STATES, (GROWING, MATURE, DECLINING, LOST), strict=True))
NAMES = {state: STAGES[place] for state, place in PLACES.items()}


@pytest.fixture(scope="module")
def template():
    """Any lifecycle, to put other stages into."""
    days = pd.date_range("2020-01-01", "2021-12-31", freq="D")
    frame = pd.DataFrame({"customer_id": "a", "ordered_at": days, "revenue": 1.0})
    return stage_customers(frame, choose_lapse(frame, lapse_weeks=1))


def put(template, codes: np.ndarray):
    codes = np.asarray(codes, np.int8)
    calendar = template.calendar
    wide = codes.shape[1]
    start = calendar.start[0] + 91 * np.arange(wide)
    labels = tuple(f"p{i}" for i in range(wide))
    return replace(
        template,
        codes=codes,
        customers=pd.Index([f"c{i}" for i in range(len(codes))]),
        calendar=replace(calendar, labels=labels, start=start, stop=start + 90),
    )


@pytest.fixture(scope="module")
def expected() -> pd.Series:
    return pd.read_csv(REFERENCE / "expected.csv").set_index("quantity")["value"]


@pytest.fixture(scope="module")
def chain(template):
    sequences = pd.read_csv(REFERENCE / "sequences.csv")
    codes = sequences.apply(lambda column: column.map(PLACES)).to_numpy()
    # the stage of a period before the first settles that lost was possible at the first step
    return estimate_transitions(put(template, codes), seed=1, n_replicates=400)


def test_shares_times_and_long_run_are_those_of_r(chain, expected):
    matrix = chain.matrix()
    for i in STATES:
        for j in STATES:
            share = matrix.loc[NAMES[i], NAMES[j]]
            assert share == pytest.approx(expected[f"share {i} {j}"], abs=1e-10)
        assert chain.long_run[NAMES[i]] == pytest.approx(expected[f"steady {i}"], abs=1e-10)
        recurrence = 1 / chain.long_run[NAMES[i]]
        assert recurrence == pytest.approx(expected[f"recurrence {i}"], abs=1e-8)
    until = dict(zip(chain.stages, chain.until_lost, strict=True))
    for i in "abc":
        assert until[NAMES[i]] == pytest.approx(expected[f"until d {i}"], abs=1e-9)
    assert until["lost"] == 0.0


def test_likelihood_ratios_are_those_of_r(chain, expected):
    names = ("homogeneity", "order one", "order two")
    for name, test in zip(names, chain.tests.values(), strict=True):
        assert test.statistic == pytest.approx(expected[name], abs=1e-8)
        assert test.distribution == f"chi2({expected[f'{name} df']:.0f})"


def test_the_land_of_oz():
    # Grinstead & Snell (1997), Introduction to probability, 2nd ed., examples 11.1 and 11.24:
    # rain, nice, snow; fixed vector (.4, .2, .4); mean first passage times 4, 10/3, 8/3, 8/3.
    oz = np.array([[0.5, 0.25, 0.25], [0.5, 0, 0.5], [0.25, 0.25, 0.5]])
    assert settle(oz, ["rain", "nice", "snow"]).tolist() == pytest.approx([0.4, 0.2, 0.4])
    assert pass_to(oz, 1) == pytest.approx([4, 0, 4])
    assert pass_to(oz, 2) == pytest.approx([10 / 3, 8 / 3, 0])
    assert pass_to(oz, 0) == pytest.approx([0, 8 / 3, 10 / 3])
    assert mean_stay(oz).tolist() == [2, 1, 2]


def test_times_are_those_of_simulated_walks():
    shares = np.array(
        [[0.6, 0.3, 0.1, 0.0], [0.2, 0.5, 0.2, 0.1], [0, 0.3, 0.4, 0.3], [0, 0, 0, 1]]
    )
    draw = np.random.default_rng(4)
    state, alive = np.zeros(40_000, np.int64), np.ones(40_000, bool)
    steps = np.zeros(40_000)
    cumulative = shares.cumsum(axis=1)
    while alive.any():
        steps[alive] += 1
        state[alive] = (draw.random(alive.sum())[:, None] > cumulative[state[alive]]).sum(axis=1)
        alive &= state != 3
    error = steps.std() / np.sqrt(steps.size)
    assert abs(pass_to(shares, 3)[0] - steps.mean()) < 4 * error


def test_rows_add_up_to_one_and_times_obey_one_step(chain):
    assert chain.shares.sum(axis=1) == pytest.approx(np.ones(4))
    rest = np.array(chain.stages) != "lost"
    one_step = 1 + chain.shares @ chain.until_lost
    assert chain.until_lost[rest] == pytest.approx(one_step[rest])
    settled = chain.long_run.to_numpy()
    assert settled @ chain.shares == pytest.approx(settled)
    assert (chain.lower <= chain.shares).all()
    assert (chain.shares <= chain.upper).all()


def test_a_known_chain_is_recovered_and_both_intervals_cover(template):
    shares = np.array(
        [[0.4, 0.3, 0.2, 0.1], [0.1, 0.6, 0.2, 0.1], [0.1, 0.2, 0.4, 0.3], [0, 0, 0.1, 0.9]]
    )
    cumulative = shares.cumsum(axis=1)
    wilson = bootstrap = until = 0
    true_until = pass_to(shares, 3)
    for seed in range(30):
        draw = np.random.default_rng(seed)
        walk = np.zeros((150, 7), np.int64)
        walk[:, 0] = draw.integers(0, 4, 150)
        for t in range(1, 7):
            walk[:, t] = (draw.random(150)[:, None] > cumulative[walk[:, t - 1]]).sum(axis=1)
        codes = np.array([GROWING, MATURE, DECLINING, LOST])[walk]
        found = estimate_transitions(put(template, codes), seed=seed, n_replicates=150)
        # in the order of STAGES: growing, mature, declining, lost
        inside = (found.lower <= shares) & (shares <= found.upper)
        wilson += inside[shares > 0].mean() / 30
        low, high = found.drawn["shares"]
        bootstrap += ((low <= shares) & (shares <= high))[shares > 0].mean() / 30
        low, high = found.drawn["until_lost"]
        until += ((low <= true_until) & (true_until <= high))[:3].mean() / 30
        assert found.tests["depends on the present stage"].p_value < 1e-6
    assert 0.91 < wilson < 0.985
    assert 0.89 < bootstrap < 0.985
    assert 0.85 < until < 1.0


def test_tests_keep_their_level_and_see_a_changing_or_longer_memory(template):
    shares = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6]])
    places = np.array([GROWING, MATURE, LOST])

    def walk(seed: int, *, drift: bool = False, memory: bool = False) -> np.ndarray:
        draw = np.random.default_rng(seed)
        states = draw.integers(0, 3, (400, 6))
        for t in range(1, 6):
            rows = shares[states[:, t - 1]]
            if drift and t > 2:
                rows = shares[::-1][states[:, t - 1]]
            moved = (draw.random(400)[:, None] > rows.cumsum(axis=1)).sum(axis=1)
            keep = memory and t > 1 and draw.random(400) < 0.3
            states[:, t] = np.where(keep, states[:, t - 2], moved)
        return places[states]

    p = [
        [
            test.p_value
            for test in estimate_transitions(
                put(template, walk(s)), seed=1, n_replicates=2
            ).tests.values()
        ]
        for s in range(60)
    ]
    same, _, enough = np.array(p).T
    assert (same < 0.05).mean() < 0.15
    assert (enough < 0.05).mean() < 0.15
    drifting = estimate_transitions(put(template, walk(1, drift=True)), seed=1, n_replicates=2)
    assert drifting.tests["the same at every step"].p_value < 1e-6
    longer = estimate_transitions(put(template, walk(1, memory=True)), seed=1, n_replicates=2)
    assert longer.tests["one stage back is enough"].p_value < 1e-6


def test_order_of_customers_does_not_matter(template):
    draw = np.random.default_rng(0)
    codes = draw.choice([-1, GROWING, MATURE, LOST], (200, 5))
    first = estimate_transitions(put(template, codes), seed=3, n_replicates=50)
    second = estimate_transitions(put(template, draw.permutation(codes)), seed=3, n_replicates=50)
    pd.testing.assert_frame_equal(first.table(), second.table())
    pd.testing.assert_frame_equal(first.times(), second.times())
    assert first.to_metrics() == second.to_metrics()


def test_lost_for_good_and_never_lost(template):
    absorbing = [[MATURE, MATURE, LOST, LOST], [MATURE, LOST, LOST, LOST], [MATURE] * 4] * 20
    found = estimate_transitions(put(template, absorbing), seed=1, n_replicates=20)
    assert found.lost_returns == 0
    assert found.long_run.to_dict() == {"stable-mature": 0.0, "lost": 1.0}
    assert found.stay[list(found.stages).index("lost")] == np.inf
    never = estimate_transitions(put(template, [[MATURE, GROWING, MATURE]] * 9), seed=1)
    assert np.isinf(never.until_lost).all()
    assert "until_lost_stable_mature" not in never.to_metrics()
    assert never.lost_returns == 0


def test_a_stage_seen_last_only_keeps_the_books_balanced(template):
    found = estimate_transitions(put(template, [[MATURE, LOST]] * 12), seed=1, n_replicates=20)
    assert found.until_lost.tolist() == [1.0, 0.0]
    assert found.matrix().index.tolist() == ["stable-mature"]
    assert len(found.times()) == 1
    assert isinstance(found.forecast, NotAvailable)
    assert isinstance(found.tests["one stage back is enough"], NotAvailable)
    assert len(found.tabulate_tests()) == 3


def test_two_ends_have_no_long_run():
    split = np.array([[0.5, 0.25, 0.25], [0, 1, 0], [0, 0, 1.0]])
    found = settle(split, ["a", "b", "c"])
    assert isinstance(found, NotAvailable)
    assert "different groups of stages (b; c)" in found.reason
    assert pass_to(split, 1).tolist() == [np.inf, 0, np.inf]
    assert reach_states(split)[0].all()


def test_the_last_period_is_foretold_from_those_before(template):
    codes = [[MATURE, MATURE, LOST, LOST]] * 10 + [[MATURE, LOST, LOST, LOST]] * 10
    found = estimate_transitions(put(template, codes), seed=1, n_replicates=5)
    table = found.forecast.set_index("stage")
    assert table.loc["lost", ["before", "expected", "actual"]].tolist() == [20, 20, 20]
    assert found.checks[-1].passed


def test_one_period_or_nobody_is_refused(template):
    with pytest.raises(ModelError, match="nobody has a stage in two quarters in a row"):
        estimate_transitions(put(template, [[MATURE]] * 5), seed=1)
    with pytest.raises(ModelError, match="nobody has a stage in two quarters in a row"):
        estimate_transitions(put(template, [[MATURE, -1, MATURE]] * 5), seed=1)


def test_independence_of_a_table_without_two_rows_is_refused():
    with pytest.raises(ModelError, match="nothing can be tested"):
        compare_tables(np.array([[[3.0, 4.0]]]), "no")
    assert share_sparse(np.array([[[10.0, 10.0], [1.0, 1.0]]])) == 0.5
    assert divide_rows(np.array([[0.0, 0.0], [1.0, 3.0]])).tolist() == [[0, 0], [0.25, 0.75]]
