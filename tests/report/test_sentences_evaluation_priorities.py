"""Sentences on judgements and weights are true on any of them."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.fuzzy_priorities.hierarchy import prioritise_fuzzy_hierarchy
from crmstudy.evaluation.judgements.panel import JudgementPanel
from crmstudy.evaluation.priorities.advice import advise_panel
from crmstudy.evaluation.priorities.compare import compare_matrices, compare_methods
from crmstudy.evaluation.priorities.consistency import SAATY_1980
from crmstudy.evaluation.priorities.derive import prioritise
from crmstudy.evaluation.priorities.triads import find_triads
from crmstudy.report.sentences.evaluation.priorities import (
    read_advice,
    read_consistency,
    read_fuzzy,
    read_methods,
    read_methods_by_matrix,
    read_steps,
    read_triads,
)


def square(upper, names=None):
    n = int((1 + (1 + 8 * len(upper)) ** 0.5) / 2)
    values = np.ones((n, n))
    rows, columns = np.triu_indices(n, 1)
    values[rows, columns] = upper
    values[columns, rows] = 1 / np.array(upper, dtype=float)
    labels = names or [f"name_{k}" for k in range(n)]
    return pd.DataFrame(values, index=labels, columns=labels)


def consistency(*rows):
    return pd.DataFrame(rows, columns=["expert", "matrix", "size", "consistency ratio"])


def panel(**experts):
    names = tuple(next(iter(experts.values())).index)
    values = np.stack([one.to_numpy() for one in experts.values()])
    return {"my_matrix": JudgementPanel("my_matrix", tuple(experts), names, values)}


CYCLE = square([9, 1 / 9, 9])
GOOD = square([2, 4, 2])
SLIP = square([2, 4, 8, 2, 1 / 4, 2])


def test_consistency_of_experts():
    one = consistency(("E1", "goal_a", 4, 0.02), ("E1", "b", 2, 0.0))
    said = read_consistency(one, limit=0.1)
    assert said.startswith("The one expert is under the limit of 0.10 in every matrix; the largest")
    assert "0.020 (goal a)" in said
    two = consistency(("E1", "a", 4, 0.02), ("E2", "a", 4, 0.3), ("E2", "b", 3, 0.05))
    assert read_consistency(two, limit=0.1) == (
        "Of 2 experts 1 is at or over the limit of 0.10: E2 (1 of 2 matrices). The largest ratio "
        "is 0.30 (E2, a)."
    )
    mixed = pd.concat([two, consistency(("E1", "c", 2, 0.0))])
    assert read_consistency(mixed, limit=0.1).endswith("inconsistent, are not counted.")
    assert "E2 (1 of 1 matrix)." in read_consistency(two.head(2), limit=0.1)
    assert read_consistency(two.head(1).assign(expert="E9"), limit=0.02).startswith(
        "Of 1 expert 1 is at or over"
    )
    assert "All 2 experts are under the limit of 0.50" in read_consistency(two, limit=0.5)
    small = consistency(("E1", "a", 2, 0.0), ("E2", "a", 2, 0.0))
    assert "2 experts are consistent by construction" in read_consistency(small, limit=0.1)


def test_many_inconsistent_experts_are_counted():
    rows = [(f"E{k}", "a", 4, 0.2 + k / 100) for k in range(7)]
    said = read_consistency(consistency(*rows), limit=0.1)
    assert "Of 7 experts 7 are at or over" in said
    assert "E3 (1 of 1 matrix) and 3 more." in said
    assert "0.26 (E6, a)" in said


def test_methods():
    assert "give the same weights, as they must where nothing" in read_methods(
        compare_methods(square([3]))
    )
    assert "judgements without contradiction" in read_methods(compare_methods(GOOD))
    assert "and on some with it" in read_methods(compare_methods(CYCLE))
    city = compare_methods(square([1 / 5, 3, 1 / 2, 5, 7, 1, 7, 1 / 4, 3, 7]))
    said = read_methods(city)
    assert "put the 5 names in the same order; they differ by 0.014 at most, in name 1" in said
    assert "the eigenvector stands farthest" in said
    logs = np.triu(np.random.default_rng(2).normal(0, 1.2, (6, 6)), 1)
    other = compare_methods(square(np.exp(logs[np.triu_indices(6, 1)])))
    assert len(other.reversed_pairs) >= 1
    assert "do not agree on the order" in read_methods(other)


def test_methods_by_matrix():
    table = pd.DataFrame(
        {
            "matrix": ["my_goal", "b"],
            "names": [4, 3],
            "largest difference": [0.02, 0.0],
            "in": ["a_b", "–"],
            "same order": ["yes", "yes"],
            "reversed pairs": [0, 0],
        }
    )
    assert read_methods_by_matrix(table) == (
        "The three methods order the names alike in all 2 matrices; they differ by 0.020 at most, "
        "in a b (my goal)."
    )
    assert "in the one matrix" in read_methods_by_matrix(table.head(1))
    assert read_methods_by_matrix(table.tail(1)) == (
        "The three methods give the same weights in the one matrix."
    )
    turned = table.assign(**{"same order": ["no", "yes"]})
    assert read_methods_by_matrix(turned).startswith("In 1 of 2 matrices (my goal) the order")
    real = compare_matrices({"m": prioritise(SLIP), "n": prioritise(GOOD)})
    assert "at most" in read_methods_by_matrix(real)


def test_triads():
    assert read_triads(find_triads(prioritise(square([3])))).startswith("With two names or fewer")
    assert read_triads(find_triads(prioritise(GOOD))) == "The one triad does not contradict itself."
    assert read_triads(find_triads(prioritise(CYCLE))) == (
        "The triad that contradicts itself most: name 0 is judged 9 times name 1, and name 1 9 "
        "times name 2, which makes 81 for name 0 over name 2; judged was 1/9, 729.0 times off. 1 "
        "triad prefers in a circle, which no weights can express."
    )
    said = read_triads(find_triads(prioritise(SLIP)))
    assert "of the inconsistency of 4 triads" in said


def test_advice():
    said = read_advice(advise_panel(panel(E1=GOOD)))
    assert said == (
        "The one matrix of three names or more is under the limit of 0.10, so no judgement has to "
        "be asked again."
    )
    assert "nothing to repair" in read_advice(advise_panel(panel(E1=square([3]))))
    one = read_advice(advise_panel(panel(E1=square([2, 4, 2, 2, 1, 1]), E2=SLIP)))
    assert one.startswith("1 of 2 matrices is at the limit of 0.10 or over it; one other judgement")
    assert "with E2 in my matrix: name 3 over name 1 at 1/4 instead of 4" in one
    assert "4, a preference the other way round, would lower the ratio from" in one
    assert one.endswith("only who judged can say what was meant.")
    assert "Each of the 2 matrices" in read_advice(advise_panel(panel(E1=GOOD, E2=GOOD)))
    none = read_advice(advise_panel(panel(E1=CYCLE)))
    assert none.startswith("The one matrix is at the limit")
    assert "no one judgement is enough" in none
    assert "could be the slip" not in none
    both = read_advice(advise_panel(panel(E1=CYCLE, E2=square([1, 3, 1]))))
    assert "2 of 2 matrices are at the limit" in both
    assert "bring 1 of them under" in both
    three = read_advice(advise_panel(panel(E2=square([1, 3, 1]))))
    assert "Any of 3 judgements of this matrix could be the slip" in three
    assert "at 3 instead of 1 would lower" in three


def test_steps():
    assert read_steps(prioritise(square([3]))) == (
        "With 2 names there is nothing to contradict: λmax = 2 and the consistency ratio is 0 by "
        "definition."
    )
    said = read_steps(prioritise(SLIP))
    assert "divided by the random index 0.89 (Saaty 2005)" in said
    large = prioritise(square([1.0] * 55), random_index=SAATY_1980)
    assert "The ratio is not available: the random index of Saaty 1980 ends at 10" in read_steps(
        large
    )


@pytest.fixture
def fuzzy_of():
    def derive(upper, spread=1.0):
        matrix = square(upper, ["a_b", "c", "d"])
        tree = {name: (f"under_{name}",) for name in matrix.index}
        return prioritise_fuzzy_hierarchy(
            {"criteria": prioritise(matrix)}, hierarchy=tree, spread=spread
        )

    return derive


def test_fuzzy(fuzzy_of):
    said = read_fuzzy(fuzzy_of([2, 2, 1]))
    assert said.startswith(
        "With a spread of 1 step Buckley's overall weights differ from the crisp"
    )
    assert "no indicator changes its rank" in said
    assert "gives no weight of zero here" in said
    flawed = read_fuzzy(fuzzy_of([1, 7, 7]))
    assert "Chang's extent analysis gives d no weight at all, as if it were irrelevant" in flawed
    assert "was judged 1/7 times as important as a b" in flawed
    assert "known flaw" in flawed
    crisp = read_fuzzy(fuzzy_of([2, 4, 2], spread=0))
    assert crisp.startswith("With a spread of 0 steps Buckley's overall weights are the crisp ones")
    assert "gives c and d no weight at all, against" in crisp


def test_what_is_not_available_is_handed_on():
    missing = NotAvailable("no judgements")
    for read in (read_methods, read_methods_by_matrix, read_triads, read_advice, read_steps):
        assert read(missing) is missing
    assert read_fuzzy(missing) is missing
    assert read_consistency(missing, limit=0.1) is missing
