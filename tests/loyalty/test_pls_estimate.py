"""Partial least squares: published numbers, an R script, a second engine, laws, refusals."""

from dataclasses import replace
from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.partial_least_squares.assess import assess_pls, compare_composites
from crmstudy.loyalty.partial_least_squares.bootstrap import bootstrap_pls
from crmstudy.loyalty.partial_least_squares.estimate import find_refused, fit_pls, fit_pls_of

EXPECTED = FilePath(__file__).parents[1] / "reference" / "pls" / "expected.csv"
SCHEMES = ("path", "factorial", "centroid")

# SmartPLS 2.0.M3, path weighting scheme; R's seminr and semPLS print the same.
PATHS = {
    ("image", "expectation"): 0.504914,
    ("image", "satisfaction"): 0.178740,
    ("image", "loyalty"): 0.195755,
    ("expectation", "quality"): 0.556749,
    ("expectation", "value"): 0.049988,
    ("expectation", "satisfaction"): 0.062523,
    ("quality", "value"): 0.558304,
    ("quality", "satisfaction"): 0.512024,
    ("value", "satisfaction"): 0.194765,
    ("satisfaction", "complaints"): 0.528066,
    ("satisfaction", "loyalty"): 0.485478,
    ("complaints", "loyalty"): 0.066926,
}
EXPLAINED = {
    "expectation": 0.254938,
    "quality": 0.309969,
    "value": 0.345279,
    "satisfaction": 0.681078,
    "complaints": 0.278854,
    "loyalty": 0.456944,
}
RELIABILITY = {  # alpha, composite reliability, average variance extracted
    "Image": (0.7228, 0.8189, 0.4784),
    "expectation": (0.4519, 0.7332, 0.4804),
    "Perceived quality": (0.8770, 0.9047, 0.5767),
    "value": (0.8236, 0.9180, 0.8484),
    "satisfaction": (0.7792, 0.8713, 0.6931),
    "loyalty": (0.4724, 0.7217, 0.5173),
}
RATIOS = {
    ("image", "expectation"): 0.8880,
    ("image", "quality"): 0.9287,
    ("image", "value"): 0.6517,
    ("image", "satisfaction"): 0.9101,
    ("expectation", "quality"): 0.8783,
    ("quality", "satisfaction"): 0.9536,
    ("quality", "value"): 0.6733,
    ("value", "satisfaction"): 0.7408,
    ("satisfaction", "loyalty"): 0.9566,
    ("image", "loyalty"): 0.8670,
}


@pytest.fixture(scope="module")
def full(ecsi):
    return ecsi["full"]


@pytest.fixture(scope="module")
def pls(mobi, full):
    return {scheme: fit_pls(mobi, model=full, scheme=scheme) for scheme in SCHEMES}


def map_paths(result):
    rows = result.paths().to_dict("records")
    return {(row["source"], row["target"]): row["estimate"] for row in rows}


def test_paths_are_those_that_smartpls_prints(pls):
    assert map_paths(pls["path"]) == pytest.approx(PATHS, abs=5e-7)


def test_explained_shares_are_those_that_smartpls_prints(pls):
    found = pls["path"].explained()
    assert {name: found[name] for name in EXPLAINED} == pytest.approx(EXPLAINED, abs=5e-7)
    assert found["image"] == 0.0


def test_reliability_is_that_which_seminr_prints(pls):
    table = assess_pls(pls["path"]).set_index("construct")
    indices = table[["alpha", "composite reliability", "average variance extracted"]]
    assert set(indices.index) == set(RELIABILITY)  # complaints has a single item
    for name, expected in RELIABILITY.items():
        assert tuple(indices.loc[name]) == pytest.approx(expected, abs=5e-5)


def test_ratios_are_those_that_seminr_prints(pls):
    frame = compare_composites(pls["path"])
    found = {(row["first"], row["second"]): row["htmt"] for row in frame.to_dict("records")}
    assert {pair: found[pair] for pair in RATIOS} == pytest.approx(RATIOS, abs=5e-5)
    nearest = assess_pls(pls["path"]).set_index("construct").loc["loyalty"]
    assert (nearest["largest HTMT"], nearest["with"]) == (
        pytest.approx(0.9566, abs=5e-5),
        "satisfaction",
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_number_agrees_with_the_r_script(pls, scheme):
    table = pd.read_csv(EXPECTED).fillna("")
    outer, explained = pls[scheme].outer(), pls[scheme].explained()
    found = {("path", *ends): value for ends, value in map_paths(pls[scheme]).items()}
    for kind in ("weight", "loading"):
        found |= {
            (kind, row["construct"], row["item"]): row[kind] for row in outer.to_dict("records")
        }
    found |= {("r squared", name, ""): value for name, value in explained.items() if value}
    own = table[table["scheme"] == scheme]
    expected = {
        (row["kind"], row["left"], row["right"]): row["value"] for row in own.to_dict("records")
    }
    assert found == pytest.approx(expected, abs=1e-9)


def test_second_engine_agrees(mobi, pls, full):
    seminr = pytest.importorskip("seminr", reason="optional second engine (GPL)")
    measured = [seminr.composite(each.name, list(each.items)) for each in full.constructs]
    paths = [seminr.paths(path.source, path.target) for path in full.paths]
    for scheme, inner in (("path", seminr.path_weighting), ("factorial", seminr.path_factorial)):
        other = seminr.estimate_pls(
            mobi,
            seminr.constructs(*measured),
            seminr.relationships(*paths),
            inner_weights=inner,
        )
        matrix = pd.DataFrame(
            other.path_coef.values, list(other.path_coef.rows), list(other.path_coef.cols)
        )
        theirs = {ends: matrix.loc[ends] for ends in PATHS}
        assert map_paths(pls[scheme]) == pytest.approx(theirs, abs=1e-6)


def test_composites_have_variance_one_and_point_with_their_items(pls):
    found = pls["path"]
    variances = np.diag(found.weights.T @ found.correlation @ found.weights)
    assert variances == pytest.approx(np.ones(7), abs=1e-12)
    assert (found.outer().groupby("construct")["loading"].sum() > 0).all()


def test_a_single_item_is_its_own_composite(pls):
    row = pls["path"].outer().set_index("item").loc["CUSCO"]
    assert (row["weight"], row["loading"]) == pytest.approx((1.0, 1.0), abs=1e-12)


def test_order_of_respondents_and_units_do_not_matter(mobi, full, pls):
    shuffled = mobi.sample(frac=1.0, random_state=4)
    again = fit_pls(shuffled, model=full)
    assert np.array_equal(again.weights, pls["path"].weights)
    scaled = fit_pls(mobi * 7.0 - 3.0, model=full)
    assert map_paths(scaled) == pytest.approx(map_paths(again), abs=1e-9)


def test_an_item_turned_round_changes_its_own_sign_only(mobi, full, pls):
    turned = fit_pls(mobi.assign(IMAG3=11 - mobi["IMAG3"]), model=full)
    assert map_paths(turned) == pytest.approx(PATHS, abs=5e-7)
    loading = turned.outer().set_index("item")["loading"]
    assert loading["IMAG3"] == pytest.approx(
        -pls["path"].outer().set_index("item").loc["IMAG3", "loading"], abs=1e-9
    )


def test_with_single_items_it_is_a_regression(mobi):
    model = StructuralModel(
        (Construct("a", ("PERQ1",)), Construct("b", ("PERV1",)), Construct("c", ("CUSA1",))),
        (Path("a", "c"), Path("b", "c")),
    )
    z = ((mobi - mobi.mean()) / mobi.std())[["PERQ1", "PERV1", "CUSA1"]].to_numpy()
    slopes = np.linalg.lstsq(z[:, :2], z[:, 2], rcond=None)[0]
    assert list(fit_pls(mobi, model=model).paths()["estimate"]) == pytest.approx(list(slopes))


def test_composites_of_noisy_items_understate_paths():
    """Why paths of the two methods are not comparable: composites keep the items' errors."""
    rng = np.random.default_rng(11)
    cause = rng.standard_normal(20_000)
    effect = 0.6 * cause + 0.8 * rng.standard_normal(20_000)
    items = {
        f"{name}{k}": 0.7 * score + np.sqrt(0.51) * rng.standard_normal(20_000)
        for name, score in (("a", cause), ("b", effect))
        for k in range(3)
    }
    model = StructuralModel(
        (Construct("cause", ("a0", "a1", "a2")), Construct("effect", ("b0", "b1", "b2"))),
        (Path("cause", "effect"),),
    )
    found = fit_pls(pd.DataFrame(items), model=model)
    reliability = 3 * 0.49 / (1 + 2 * 0.49)  # of the sum of three parallel items
    assert map_paths(found)["cause", "effect"] == pytest.approx(0.6 * reliability, abs=0.015)
    assert (found.outer()["loading"] > 0.75).all()  # true loadings are .7


def test_gaps_are_left_out_and_counted(mobi, full):
    holes = mobi.astype(float)
    holes.loc[[3, 10], "PERQ2"] = np.nan
    found = fit_pls(holes, model=full)
    assert (found.n_used, found.n_dropped) == (248, 2)
    assert map_paths(found) == pytest.approx(map_paths(fit_pls(holes.dropna(), model=full)))


def test_a_refused_covariance_model_is_found_and_estimated_on_its_respondents(fitted):
    refused = find_refused([fitted["admissible"], fitted["full"]])
    assert refused is fitted["full"]
    assert map_paths(fit_pls_of(refused)) == pytest.approx(PATHS, abs=5e-7)


def test_incomplete_answers_are_not_taken(fitted):
    gaps = replace(fitted["full"], missing="fiml")
    assert "answers are missing" in str(fit_pls_of(gaps))


def test_no_other_method_is_called_for_when_no_model_was_refused(fitted):
    none = find_refused([fitted["admissible"], NotAvailable("no rival")])
    assert "no covariance model was refused" in str(none)
    assert isinstance(bootstrap_pls(fit_pls_of(none), seed=1), NotAvailable)
    gone = NotAvailable("too few respondents")
    assert "no covariance model could be estimated" in str(find_refused([gone, gone]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="PERQ3"), "item 'PERQ3'.* is not a column"),
        (lambda f: f.assign(PERQ3=5), "'PERQ3' is constant"),
        (lambda f: f.head(10), "too few"),
    ],
)
def test_bad_surveys_are_refused(mobi, full, change, said):
    with pytest.raises(ModelError, match=said):
        fit_pls(change(mobi), model=full)


def test_collinear_causes_and_lonely_constructs_are_refused(mobi):
    a, b, c = (Construct(n, (i,)) for n, i in (("a", "PERQ1"), ("b", "PERQ2"), ("c", "CUSA1")))
    model = StructuralModel((a, b, c), (Path("a", "c"), Path("b", "c")))
    with pytest.raises(ModelError, match="collinear"):
        fit_pls(mobi.assign(PERQ2=mobi["PERQ1"] * 2), model=model)
    with pytest.raises(ModelError, match="none joins 'b'"):
        fit_pls(mobi, model=StructuralModel((a, b, c), (Path("a", "c"),)))
    with pytest.raises(ModelError, match="inner scheme"):
        fit_pls(mobi, model=model, scheme="horst")
