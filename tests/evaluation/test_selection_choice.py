"""Which CRM system leads, how surely, under which weights, at which cost."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from crmstudy.appraisal import SelectionSpec
from crmstudy.collection.simulate import FirmParameters, simulate_firm
from crmstudy.collection.simulate.draws import open_stream
from crmstudy.collection.simulate.selection import (
    CRITERIA,
    SYSTEMS,
    draw_selection_judgements,
    draw_systems,
    true_selection,
)
from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.selection.benefit import compare_benefit_cost
from crmstudy.evaluation.selection.chances import weigh_chances
from crmstudy.evaluation.selection.choice import SystemChoice, choose_system
from crmstudy.evaluation.selection.draws import draw_performance
from crmstudy.evaluation.selection.gather import gather_performance
from crmstudy.evaluation.selection.sensitivity import trace_choice
from crmstudy.evaluation.selection.shares import find_dominated, prefer, synthesise_ideal

ASKED = {
    "usefulness": {"unit": "points", "scale": [1, 9]},
    "speed": {"label": "Speed", "unit": "points", "scale": [1, 9]},
    "cost": {"label": "Cost", "better": "smaller", "unit": "money"},
}
VALUES = pd.DataFrame(
    {
        "usefulness": {"A": 4.0, "B": 8.0, "C": 6.0, "D": 4.0},
        "speed": {"A": 8.0, "B": 4.0, "C": 6.0, "D": 6.0},
        "cost": {"A": 100.0, "B": 200.0, "C": 125.0, "D": 160.0},
    }
)
WEIGHTS = {"usefulness": 0.4, "speed": 0.4, "cost": 0.2}


def judge(weights: dict[str, float], experts=("E1",), matrix="selection") -> pd.DataFrame:
    rows = [
        (expert, matrix, a, b, weights[a] / weights[b])
        for expert in experts
        for a, b in combinations(weights, 2)
    ]
    return pd.DataFrame(rows, columns=["expert", "matrix", "row", "column", "value"])


def choose(
    values: pd.DataFrame = VALUES,
    weights: dict[str, float] | None = WEIGHTS,
    asked: dict[str, object] = ASKED,
) -> SystemChoice:
    """Choose by measured figures under given weights; None: nobody weighed."""
    table = values.rename_axis("system").reset_index().melt("system", var_name="criterion")
    judged = judge(weights) if weights else NotAvailable("none")
    spec = SelectionSpec.model_validate({"criteria": asked})
    performance = gather_performance(spec, systems=table.assign(rater=None), judgements=judged)
    return choose_system(performance)


def rated(n_raters: int, spread: float = 1.0, seed: int = 1) -> pd.DataFrame:
    """Ratings of two close systems by several raters."""
    rng = np.random.default_rng(seed)
    rows = [
        (system, criterion, f"R{k}", float(np.clip(mean + spread * rng.standard_normal(), 1, 9)))
        for criterion in ("usefulness", "speed")
        for system, mean in (("A", 5.0), ("B", 5.5))
        for k in range(n_raters)
    ]
    rows += [("A", "cost", None, 100.0), ("B", "cost", None, 110.0)]
    return pd.DataFrame(rows, columns=["system", "criterion", "rater", "value"])


def chances_of(systems: pd.DataFrame, judged, **how):
    spec = SelectionSpec.model_validate({"criteria": ASKED})
    decision = gather_performance(spec, systems=systems, judgements=judged)
    return weigh_chances(choose_system(decision), seed=7, n_draws=2000, **how)


# --- the synthesis, by hand -------------------------------------------------------------------


def test_ideal_mode_by_hand():
    choice = choose()
    assert choice.preferences.loc["A"].tolist() == [0.5, 1.0, 1.0]
    assert choice.preferences.loc["C"].tolist() == pytest.approx([0.75, 0.75, 0.8])
    assert choice.score.to_dict() == pytest.approx({"A": 0.8, "B": 0.7, "C": 0.76, "D": 0.625})
    assert choice.order == ("A", "C", "B", "D")
    assert choice.contributions.sum(axis=1).to_dict() == pytest.approx(choice.score.to_dict())


def test_distributive_mode_by_hand():
    share = choose().scores["distributive mode"]
    inverse = 1 / VALUES["cost"]
    by_hand = 0.4 * VALUES["usefulness"] / 22 + 0.4 * VALUES["speed"] / 24
    by_hand += 0.2 * inverse / inverse.sum()
    assert share.to_dict() == pytest.approx(by_hand.to_dict())
    assert share.sum() == pytest.approx(1)


def test_six_methods_stand_beside_each_other():
    choice = choose()
    names = ["ideal mode", "distributive mode", "weighted sum", "TOPSIS", "VIKOR"]
    assert list(choice.scores.columns) == [*names, "grey relational"]
    assert sorted(choice.ranks["TOPSIS"]) == [1, 2, 3, 4]
    assert choice.to_metrics()["n_methods"] == 6
    assert choice.table()["system"].tolist() == list(choice.order)


def test_a_method_that_puts_another_system_first_is_named():
    """Mean shares and distances part ways where one system is first by a wide margin."""
    values = pd.DataFrame(
        {"usefulness": {"A": 9.0, "B": 6.5, "C": 1.0}, "speed": {"A": 4.0, "B": 6.5, "C": 8.0}}
    )
    choice = choose(values, {"usefulness": 0.5, "speed": 0.5, "cost": 0.1})
    leaders = choice.leaders_by_method
    others = {name for name, first in leaders.items() if first != choice.leaders}
    assert others
    assert set(choice.dissenting) == others
    assert choice.to_metrics()["n_methods_dissenting"] == len(others)


def test_a_dominated_system_is_named_with_who_dominates_it():
    choice = choose()
    assert choice.dominated == {"D": ("A", "C")}
    assert choice.front == ("A", "C", "B")
    twin = pd.concat([VALUES, VALUES.loc[["A"]].rename({"A": "A2"})])
    assert "A2" not in choose(twin).dominated


def test_dominance_is_what_random_weights_say():
    rng = np.random.default_rng(5)
    for _ in range(20):
        values = pd.DataFrame(rng.integers(1, 5, (5, 3)).astype(float), columns=["x", "y", "z"])
        values.index = list("abcde")
        better = {"x": "larger", "y": "smaller", "z": "larger"}
        dominated = find_dominated(values, better)
        weights = rng.dirichlet(np.ones(3), 300)
        scores = prefer(values, better).to_numpy() @ weights.T
        for system, others in dominated.items():
            for other in others:
                lower = scores[values.index.get_loc(system)]
                assert (lower <= scores[values.index.get_loc(other)] + 1e-12).all()


def test_all_tie():
    twins = VALUES.loc[["A", "A", "D"]].set_axis(["A", "B", "D"])
    choice = choose(twins)
    assert choice.leaders == ("A", "B")
    assert choice.ranks["ideal mode"].tolist() == [1, 1, 3]


def test_alike_systems_cannot_be_ranked():
    with pytest.raises(ModelError, match="do not differ"):
        choose(VALUES.loc[["A", "A"]].set_axis(["A", "B"]))


@pytest.mark.parametrize(
    ("values", "better", "said"),
    [
        ([0.0, 1.0], "smaller", "ratios of x do not exist: a has 0; measure it on a scale"),
        ([-1.0, 1.0], "larger", "ratios of x do not exist: a has -1"),
        ([0.0, 0.0], "larger", "ratios of x do not exist"),
    ],
)
def test_ratios_that_do_not_exist(values, better, said):
    frame = pd.DataFrame({"x": values}, index=["a", "b"])
    with pytest.raises(ModelError, match=said):
        prefer(frame, {"x": better})


# --- laws -------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.01, 1000.0])
def test_the_unit_of_money_changes_no_score(factor):
    """Every method is free of the scale of a criterion."""
    other = choose(VALUES.assign(cost=VALUES["cost"] * factor))
    pd.testing.assert_frame_equal(other.scores, choose().scores, rtol=1e-9)


def test_a_reciprocal_turned_round_changes_nothing_in_both_modes():
    asked = {**ASKED, "cost": {"better": "larger"}}
    turned = choose(VALUES.assign(cost=1 / VALUES["cost"]), asked=asked)
    modes = ["ideal mode", "distributive mode"]
    pd.testing.assert_frame_equal(turned.scores[modes], choose().scores[modes], rtol=1e-12)


def test_the_order_of_systems_and_criteria_is_of_no_effect():
    asked = dict(reversed(ASKED.items()))
    other = choose(VALUES.iloc[::-1], dict(reversed(WEIGHTS.items())), asked)
    pd.testing.assert_frame_equal(other.scores, choose().scores, rtol=1e-12)
    assert other.order == choose().order
    assert other.dominated == choose().dominated


def test_a_further_system_that_is_best_in_nothing_reverses_nobody_in_ideal_mode():
    fewer = choose(VALUES.loc[["A", "B", "C"]]).score
    more = choose(pd.concat([VALUES, VALUES.loc[["D"]].rename({"D": "D2"})])).score
    assert more[fewer.index].to_dict() == pytest.approx(fewer.to_dict())


def test_a_system_that_is_best_on_everything_scores_one():
    best = pd.concat([VALUES, pd.DataFrame({"usefulness": 9.0, "speed": 9, "cost": 90}, ["E"])])
    choice = choose(best)
    assert choice.score["E"] == pytest.approx(1)
    assert set(choice.leaders_by_method.values()) == {("E",)}
    assert set(choice.dominated) == set("ABCD")


# --- sensitivity ------------------------------------------------------------------------------


def test_the_weight_at_which_another_leads_is_exact():
    """A and B meet where 0.5 v + (1 - v) = v + (1 - v) 0.5, on the others 2/3 to 1/3."""
    sensitivity = trace_choice(choose(VALUES.loc[["A", "B"]]))
    row = sensitivity.table().set_index("criterion").loc["usefulness"]
    others = np.array([2 / 3, 1 / 3])
    alone = {"A": others @ [1, 1], "B": others @ [0.5, 0.5]}
    edge = (alone["A"] - alone["B"]) / ((1 - alone["B"]) - (0.5 - alone["A"]))
    assert row["leads to"] == pytest.approx(edge)
    assert row["then leads"] == "B"
    at = pd.Series({"usefulness": edge, "speed": (1 - edge) * 2 / 3, "cost": (1 - edge) / 3})
    scores = synthesise_ideal(choose(VALUES.loc[["A", "B"]]).preferences, at)
    assert scores["A"] == pytest.approx(scores["B"])


def test_leaders_along_a_weight_are_those_of_a_grid():
    choice = choose()
    sensitivity = trace_choice(choice)
    for name, trace in sensitivity.traces.traces.items():
        others = choice.performance.weights.drop(name)
        for weight in np.linspace(0.003, 0.997, 60):
            given = pd.concat([others / others.sum() * (1 - weight), pd.Series({name: weight})])
            best = synthesise_ideal(choice.preferences, given).idxmax()
            low, high = trace.stays
            assert (best == choice.leaders[0]) == (low <= weight <= high)
    assert sensitivity.critical is not None
    assert sensitivity.to_metrics()["leads_to_usefulness"] <= 1
    assert sensitivity.lines().shape == (3 * 4 * 2, 4)


def test_one_criterion_has_no_other_weight():
    with pytest.raises(ModelError, match="no weight can move"):
        trace_choice(choose(VALUES[["speed"]]))


# --- chances ----------------------------------------------------------------------------------


def test_chances_are_shares_of_draws():
    chances = chances_of(rated(5), judge(WEIGHTS, experts=("E1", "E2", "E3")))
    assert chances.acceptability.sum(axis=0).tolist() == pytest.approx([1, 1])
    assert chances.acceptability.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert chances.beats.to_numpy() + chances.beats.to_numpy().T == pytest.approx(np.ones((2, 2)))
    assert 0 < chances.best["A"] < 1
    assert (chances.scores["lower"] <= chances.scores["upper"]).all()
    assert chances.varying == ("the experts", "their judgements", "the raters")
    assert chances.fixed == ("measured figures",)


def test_ties_share_the_ranks_they_take_up():
    twins = weigh_chances(choose(pd.concat([VALUES, VALUES.set_axis(list("EFGH"))])), seed=1)
    assert twins.best["A"] == pytest.approx(twins.best["E"])
    assert twins.best.sum() == pytest.approx(1)
    assert twins.acceptability.sum(axis=1).tolist() == pytest.approx([1] * 8)
    assert twins.beats.loc["A", "E"] == 0.5


def test_nothing_varies_with_one_expert_one_rater_and_no_noise():
    chances = chances_of(rated(1), judge(WEIGHTS), noise=0.0)
    assert not chances.uncertain
    assert set(chances.best) == {0.0, 1.0}
    assert chances.scores["lower"].tolist() == pytest.approx(chances.scores["value"].tolist())
    assert chances.fixed == (
        *("who judged, as there is one expert", "ratings, as there is one rater"),
        "measured figures",
    )


def test_without_weights_all_possible_ones_are_drawn():
    """Of two systems, one better on the first and one on the second of two criteria."""
    values = pd.DataFrame({"usefulness": {"A": 4.0, "B": 8.0}, "speed": {"A": 8.0, "B": 4.0}})
    chances = weigh_chances(choose(values, None), seed=3, n_draws=4000)
    assert chances.best["A"] == pytest.approx(0.5, abs=0.025)
    assert chances.varying == ("all possible weights",)
    assert chances.weights["lower"].tolist() == pytest.approx([0.025, 0.025], abs=0.012)


def test_more_noise_makes_the_leader_less_sure():
    judged = judge(WEIGHTS, experts=("E1", "E2"))
    quiet, loud = (chances_of(rated(1), judged, noise=noise) for noise in (0.02, 1.0))
    width = [(each.scores["upper"] - each.scores["lower"]).mean() for each in (quiet, loud)]
    assert width[0] < width[1]


def test_the_spread_of_ratings_is_that_of_their_mean():
    """Raters drawn one less than there are give the standard error of the mean, unshrunk."""
    systems = rated(6)
    spec = SelectionSpec.model_validate({"criteria": ASKED})
    decision = gather_performance(spec, systems=systems, judgements=NotAvailable("none"))
    draws = draw_performance(decision, n_draws=20_000, seed=1).values["speed"]
    frame = decision.ratings["speed"]
    assert draws.mean(axis=0) == pytest.approx(frame.mean().to_numpy(), abs=0.02)
    assert draws.std(axis=0) == pytest.approx((frame.std(ddof=1) / np.sqrt(6)).to_numpy(), rel=0.03)


def test_a_rating_nobody_drawn_gave_is_the_observed_mean():
    systems = rated(3)
    only = (systems["system"] == "A") & (systems["criterion"] == "speed")
    systems = systems[~only | (systems["rater"] == "R1")]
    spec = SelectionSpec.model_validate({"criteria": ASKED})
    decision = gather_performance(spec, systems=systems)
    drawn = draw_performance(decision, n_draws=500, seed=1).values["speed"][:, 0]
    assert np.ptp(drawn) == pytest.approx(0)


def test_the_same_seed_gives_the_same_bytes_in_any_order():
    judged = judge(WEIGHTS, experts=("E1", "E2", "E3"))
    one = chances_of(rated(4), judged)
    again = chances_of(rated(4).sample(frac=1, random_state=2), judged.iloc[::-1])
    np.testing.assert_allclose(again.best[one.best.index], one.best, atol=1e-12)


@pytest.mark.parametrize("how", [{"n_draws": 0}, {"noise": -0.1}, {"noise": float("nan")}])
def test_draws_that_cannot_be(how):
    with pytest.raises(SettingsError, match="allowed: 1 draw or more, noise 0 or more"):
        weigh_chances(choose(), **{"seed": 1, **how})


# --- benefit against cost ------------------------------------------------------------------------


def test_benefit_and_cost_by_hand():
    benefit = compare_benefit_cost(choose(), currency="EUR")
    assert benefit.benefit.to_dict() == pytest.approx({"A": 75, "B": 75, "C": 75, "D": 62.5})
    assert benefit.frontier == ("A",)
    assert benefit.dominated["C"] == ("A",)
    table = benefit.table()
    assert table["system"].tolist() == ["A", "C", "D", "B"]
    assert table["cost, EUR"].tolist() == [100, 125, 160, 200]
    assert "lower" not in table
    assert benefit.steps.empty


def test_the_weight_of_cost_is_of_no_effect_on_benefit():
    heavy = choose(weights={"usefulness": 0.1, "speed": 0.1, "cost": 0.8})
    assert compare_benefit_cost(heavy).benefit.to_dict() == pytest.approx(
        compare_benefit_cost(choose()).benefit.to_dict()
    )


def test_steps_up_the_frontier():
    dear = VALUES.assign(usefulness=[4.0, 8, 7, 3])
    benefit = compare_benefit_cost(choose(dear, {"usefulness": 0.6, "speed": 0.2, "cost": 0.2}))
    assert benefit.frontier == ("A", "C", "B")
    first = benefit.steps.iloc[0]
    points = benefit.benefit
    assert first["cost of a point"] == pytest.approx(25 / (points["C"] - points["A"]))


def test_benefit_has_an_interval_when_draws_are_asked_for():
    benefit = compare_benefit_cost(choose(), n_draws=500, seed=1, noise=0.3)
    table = benefit.table()
    assert (table["lower"] < table["benefit"]).all()
    assert (table["upper"] > table["benefit"]).all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({name: {} for name in ASKED}, "no cost is measured in money"),
        (
            {name: {"unit": "money", "better": "smaller"} for name in ASKED},
            "all criteria with weight are costs",
        ),
    ],
)
def test_no_two_sides_to_compare(asked, said):
    with pytest.raises(ModelError, match=said):
        compare_benefit_cost(choose(asked=asked))


def test_absence_passes():
    absent = NotAvailable("no table systems and no judgements of systems")
    for function in (choose_system, trace_choice, compare_benefit_cost):
        assert function(absent) is absent
    assert weigh_chances(absent, seed=1) is absent


# --- recovery -----------------------------------------------------------------------------------

FIRM_SPEC = SelectionSpec.model_validate(
    {
        "criteria": {
            name: {"scale": [1, 9]} if name in ("usefulness", "extensibility", "usability") else {}
            for name in CRITERIA
            if name != "cost"
        }
        | {"cost": {"better": "smaller", "unit": "money"}}
    }
)


def simulated_choice(seed: int, **parameters: float) -> SystemChoice:
    firm = FirmParameters(**parameters)
    decision = gather_performance(
        FIRM_SPEC,
        systems=draw_systems(open_stream(seed, "systems"), firm),
        judgements=draw_selection_judgements(open_stream(seed, "selection judgements"), firm),
    )
    return choose_system(decision)


def true_score(system: str) -> float:
    return true_selection()[f"selection.score.{system.lower().replace(' ', '_')}"]


def test_true_weights_and_the_best_system_are_found():
    """Over simulated panels, intervals and probabilities hold about as often as they say."""
    held, chosen, sure = [], [], []
    best = max(SYSTEMS, key=true_score)
    for seed in range(24):
        choice = simulated_choice(seed)
        chances = weigh_chances(choice, seed=seed, n_draws=800, noise=0.0)
        true = np.array([CRITERIA[name] for name in choice.performance.criteria])
        held += list((chances.weights["lower"] <= true) & (true <= chances.weights["upper"]))
        chosen.append(best in choice.leaders)
        sure.append(float(chances.best[best]))
    assert 0.82 < np.mean(held) < 0.99
    assert np.mean(chosen) > 0.8
    assert np.mean(chosen) == pytest.approx(np.mean(sure), abs=0.12)


def test_the_firm_holds_the_same_tables():
    firm = simulate_firm(seed=3, n_customers=20)
    parameters = FirmParameters()
    systems = draw_systems(open_stream(3, "systems"), parameters)
    pd.testing.assert_frame_equal(firm.tables["systems"], systems)
    judged = draw_selection_judgements(open_stream(3, "selection judgements"), parameters)
    assert firm.tables["judgements"].tail(len(judged))["value"].tolist() == judged["value"].tolist()
    assert true_selection().items() <= firm.truth.items()


def test_many_experts_and_raters_find_the_true_scores():
    choice = simulated_choice(3, panel_experts=300, selection_raters=500)
    true = {system: true_score(system) for system in SYSTEMS}
    assert choice.score.to_dict() == pytest.approx(true, abs=0.015)
    assert choice.leaders == ("System B",)
    assert choice.dominated == {"System D": ("System A",)}
