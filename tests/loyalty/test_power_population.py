"""Supposed populations: what was supposed comes out, impossible ones are refused."""

import numpy as np
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.power.population import suppose_population, take_estimates

# The order of the constructs is not the causal one.
MODEL = StructuralModel(
    (
        Construct("outcome", ("o1", "o2")),
        Construct("left", ("l1", "l2", "l3")),
        Construct("single", ("s1",)),
        Construct("middle", ("m1", "m2")),
    ),
    (
        Path("middle", "outcome"),
        Path("left", "middle"),
        Path("single", "middle"),
        Path("left", "outcome"),
    ),
    "order",
    (("l1", "l2"),),
)
PATHS = {
    ("middle", "outcome"): 0.5,
    ("left", "middle"): 0.4,
    ("single", "middle"): -0.3,
    ("left", "outcome"): 0.2,
}


def test_supposed_values_come_out_standardised():
    population = suppose_population(MODEL, paths=PATHS, loading=0.75, correlation=0.25)
    assert population.standardised_paths() == pytest.approx(PATHS, abs=1e-12)
    structure, theta = population.structure, population.theta
    assert np.diag(structure.implied(theta)) == pytest.approx(np.ones(8), abs=1e-12)
    values = dict(zip(structure.reported, structure.standardise(theta), strict=True))
    loadings = {p.right: v for p, v in values.items() if p.op == "=~"}
    assert loadings.pop("s1") == pytest.approx(1.0)
    assert set(np.round(list(loadings.values()), 12)) == {0.75}
    between = [v for p, v in values.items() if {p.left, p.right} == {"left", "single"}]
    assert between == pytest.approx([0.25])


def test_estimates_are_taken_as_they_are(fitted):
    population = take_estimates(fitted["admissible"])
    assert np.array_equal(population.theta, fitted["admissible"].estimates.theta)
    paths = population.standardised_paths()
    assert paths["satisfaction", "loyalty"] == pytest.approx(0.801, abs=5e-4)  # lavaan
    assert "250 respondents" in population.origin
    assert "inadmissible" in str(take_estimates(fitted["full"]))
    assert isinstance(take_estimates(NotAvailable("nothing")), NotAvailable)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"paths": {k: v for k, v in PATHS.items() if k[0] != "single"}}, "has no value"),
        ({"paths": {**PATHS, ("outcome", "left"): 0.1}}, "is not a path"),
        ({"paths": {**PATHS, ("middle", "outcome"): 0.95}}, "explain 1"),
        ({"loading": 1.0}, "between 0 and 1"),
        ({"loading": 0.0}, "between 0 and 1"),
    ],
)
def test_impossible_populations_are_refused(change, said):
    with pytest.raises(ModelError, match=said):
        suppose_population(MODEL, **{"paths": PATHS, **change})
