"""Sentences on a panel: exclusion, pooling, agreement, each in every case that can be."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable, attempt
from crmstudy.evaluation.groups.agreement import measure_agreement
from crmstudy.evaluation.groups.comparing import compare_aggregations, compare_exclusion
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.report.sentences.evaluation.groups import (
    read_aggregations,
    read_exclusion,
    read_panel_agreement,
)

TREE = {"customer_value": ["a", "b", "c"], "loyalty": ["d", "e"]}
CIRCLE = (3, 1 / 3, 3)


def write(by_expert):
    """Judgements: the pair of criteria, the triad of a, b, c, the pair d, e."""
    rows = []
    for expert, (pair, triad, last) in by_expert.items():
        for matrix, names, values in (
            ("criteria", list(TREE), [pair]),
            ("customer_value", "abc", triad),
            ("loyalty", "de", [last]),
        ):
            pairs = combinations(names, 2)
            rows += [(expert, matrix, i, j, v) for (i, j), v in zip(pairs, values, strict=True)]
    return pd.DataFrame(rows, columns=["expert", "matrix", "row", "column", "value"])


def weigh(by_expert, **settings):
    return prioritise_hierarchy(write(by_expert), hierarchy=TREE, **settings)


STEADY = {"Ann": (2, (2, 4, 2), 3), "Bob": (3, (2, 6, 3), 2)}


@pytest.mark.parametrize(
    ("panel", "rule", "said", "unsaid"),
    [
        (STEADY, "keep", "It met nobody, so the weights are the same", "Had"),
        ({"Ann": STEADY["Ann"]}, "keep", "did not meet the one expert", "nobody,"),
        (
            STEADY | {"Cy": (2, CIRCLE, 2)},
            "keep",
            "It met Cy (1 of 3 experts), who stays in. Had Cy been left out, the weight",
            "It left out",
        ),
        (
            STEADY | {"Cy": (2, CIRCLE, 2)},
            "exclude",
            "It left out Cy (1 of 3 experts). Without the rule, the weight of an indicator",
            "Had",
        ),
        (
            STEADY | {"Cy": (2, CIRCLE, 2), "Di": (2, CIRCLE, 2)},
            "keep",
            "It met Cy and Di (2 of 4 experts), who stay in. Had Cy and Di been",
            "nobody",
        ),
        (
            {"Cy": (2, CIRCLE, 2)},
            "keep",
            "stays in. Leaving out everybody over the limit would have left nobody.",
            "differ",
        ),
    ],
)
def test_exclusion(panel, rule, said, unsaid):
    result = weigh(panel, over_limit=rule)
    text = read_exclusion(result, compare_exclusion(result))
    assert text.startswith("The rule, stated beforehand: experts with a consistency ratio of 0.1")
    assert said in text
    assert unsaid not in text


def test_exclusion_gives_the_difference():
    result = weigh(STEADY | {"Cy": (1 / 5, CIRCLE, 1 / 5)}, over_limit="exclude")
    found = compare_exclusion(result)
    assert f"up to {found.largest_difference:.3f}, and the order of the indicators would be " in (
        read_exclusion(result, found)
    )
    # Cy's circle weighs a, b and c the same and changes nothing when the rest is as the group.
    assert "another." in read_exclusion(result, found)


def test_aggregations():
    alone = read_aggregations(compare_aggregations(weigh({"Ann": STEADY["Ann"]})))
    assert "give the same weights to three decimals" in alone
    found = compare_aggregations(weigh({"Ann": (2, (2, 4, 2), 3), "Bob": (1 / 3, (5, 8, 2), 2)}))
    text = read_aggregations(found)
    assert f"differ by up to {found.largest_difference:.3f}" in text
    assert "the study uses judgements by their geometric mean" in text


def test_agreement_of_three_with_one_apart():
    panel = dict.fromkeys(("Ann", "Bob", "Cy"), (3, (2, 4, 2), 3))
    text = read_panel_agreement(
        measure_agreement(weigh(panel | {"Di": (1 / 3, (0.5, 0.25, 0.5), 1 / 3)}), seed=1)
    )
    assert "The 4 experts rank the 5 indicators with Kendall's W = 0." in text
    assert "Apart from the others stands Di: without this expert a weight changes by up to" in text
    assert "not to leave them out" in text


def test_agreement_of_equals_and_of_two():
    panel = dict.fromkeys(("Ann", "Bob"), (3, (2, 4, 2), 3))
    text = read_panel_agreement(measure_agreement(weigh(panel), seed=1))
    assert "Kendall's W = 1.00" in text
    assert "All experts give the same weights. With two experts nobody can stand apart." in text
    three = read_panel_agreement(measure_agreement(weigh(panel | {"Cy": panel["Ann"]}), seed=1))
    assert three.endswith("Nobody stands apart.")
    assert "p < .001" in three or "p = ." in three


def test_agreement_that_could_be_by_lot_is_not_called_disagreement():
    panel = {"Ann": (2, (2, 4, 2), 2), "Bob": (1 / 2, (1 / 2, 1 / 4, 1 / 2), 1 / 2)}
    text = read_panel_agreement(measure_agreement(weigh(panel), seed=1))
    assert "not surely more alike than rankings drawn by lot" in text
    assert "does not show that they disagree" in text
    assert "lowest on" in text
    assert "highest on" in text


def test_agreement_without_any_order():
    panel = dict.fromkeys(("Ann", "Bob"), 1)
    rows = [(expert, "criteria", "x", "y", 1) for expert in panel]
    table = pd.DataFrame(rows, columns=["expert", "matrix", "row", "column", "value"])
    result = prioritise_hierarchy(table, hierarchy={"x": ["one"], "y": ["two"]})
    text = read_panel_agreement(measure_agreement(result, seed=1))
    assert text.startswith("Whether the experts rank the indicators alike cannot be said: every")
    assert "The consensus on criteria is very high (100%)." in text


def test_absence_is_handed_on():
    one = weigh({"Ann": STEADY["Ann"]})
    missing = attempt(measure_agreement, one, seed=1)
    assert isinstance(missing, NotAvailable)
    assert read_panel_agreement(missing) is missing
    assert read_exclusion(missing, missing) is missing
    assert read_aggregations(missing) is missing


def test_no_number_is_a_bare_nan():
    rng = np.random.default_rng(1)
    for n in (2, 3, 6):
        panel = {
            f"E{k}": (
                float(rng.integers(1, 9)),
                tuple(float(v) for v in rng.integers(1, 4, 3)),
                float(rng.integers(1, 9)),
            )
            for k in range(n)
        }
        result = weigh(panel)
        text = read_panel_agreement(measure_agreement(result, seed=1))
        assert "nan" not in text
        assert "nan" not in read_exclusion(result, compare_exclusion(result))
