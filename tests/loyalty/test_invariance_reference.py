"""Joint models of several groups against lavaan, and against printed numbers."""

from dataclasses import replace
from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.invariance.advice import advise_partial, score_equalities
from crmstudy.loyalty.invariance.fit import measure_joint_fit
from crmstudy.loyalty.invariance.groups import find_groups
from crmstudy.loyalty.invariance.joint import LEVELS, lay_out_groups
from crmstudy.loyalty.invariance.paths import compare_paths
from crmstudy.loyalty.invariance.samples import fit_each, sample_groups, start_cells
from crmstudy.loyalty.invariance.solve import solve_joint
from crmstudy.loyalty.invariance.steps import assess_invariance
from crmstudy.loyalty.model.moments import lay_out
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel

REFERENCE = FilePath(__file__).parents[1] / "reference"
CFA = StructuralModel(
    (
        Construct("visual", ("x1", "x2", "x3")),
        Construct("textual", ("x4", "x5", "x6")),
        Construct("speed", ("x7", "x8", "x9")),
    ),
    (),
    "cfa",
)
NONE = NotAvailable("no customers")
PATHS = (Path("visual", "textual"), Path("visual", "speed"), Path("textual", "speed"))
MODELS = {
    "cfa": CFA,
    "paths": replace(CFA, paths=PATHS),
    "single": StructuralModel(
        (CFA.constructs[0], Construct("one", ("x4",)), CFA.constructs[2]),
        (Path("visual", "one"), Path("one", "speed")),
    ),
}
MEASURES = {
    "npar": "n_free",
    "ntotal": "n_used",
    "chisq": "chi2",
    "df": "df",
    "pvalue": "p_value",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "rmsea.ci.lower": "rmsea_lower",
    "rmsea.ci.upper": "rmsea_upper",
    "srmr": "srmr",
    "logl": "log_likelihood",
    "aic": "aic",
    "bic": "bic",
}
CASES = [
    *((f"cfa {level}", "cfa", "school", level, False, "n") for level in LEVELS),
    *((f"classes {level}", "cfa", "class", level, False, "n") for level in LEVELS),
    *((f"single {level}", "single", "school", level, False, "n") for level in LEVELS),
    *((f"paths {level}", "paths", "school", level, False, "n") for level in list(LEVELS)[1:]),
    *((f"equal paths {level}", "paths", "school", level, True, "n") for level in list(LEVELS)[1:]),
    ("cfa n-1 scalar", "cfa", "school", "scalar", False, "n-1"),
]
# lavaan weighs groups by n in its Wishart likelihood, we by n - 1 as its chi2 does; the other
# is inadmissible.
APART = ("cfa n-1 scalar", "classes configural")


@pytest.fixture(scope="module")
def expected():
    frame = pd.read_csv(REFERENCE / "sem_invariance" / "expected.csv")
    return frame.fillna({"group": "", "left": "", "op": "", "right": ""})


@pytest.fixture(scope="module")
def pupils(holzinger):
    grade = holzinger["grade"].map({7.0: "7", 8.0: "8"})
    return holzinger.assign(**{"class": holzinger["school"] + " " + grade})


@pytest.fixture(scope="module")
def started(pupils):
    """Each model in every group alone, by model, grouping column and divisor."""

    def split(model, column, divisor):
        answers = {str(g): rows[list(model.items)] for g, rows in pupils.groupby(column)}
        return fit_each(answers, model, divisor)

    used = dict.fromkeys((model, column, divisor) for _, model, column, _, _, divisor in CASES)
    return {key: split(MODELS[key[0]], *key[1:]) for key in used}


@pytest.fixture(scope="module")
def solved(started):
    """Every case of the reference file, by its name there."""
    found = {}
    for name, model, column, level, equal, divisor in CASES:
        single = started[model, column, divisor]
        joint = lay_out_groups(lay_out(MODELS[model]), len(single), level=level, equal_paths=equal)
        found[name] = solve_joint(joint, sample_groups(single), start=start_cells(single))
    return found


@pytest.fixture(scope="module")
def assessed(pupils):
    """The three-factor model over school, with one marker and with another."""
    turned = tuple(replace(c, items=(c.items[1], c.items[0], *c.items[2:])) for c in CFA.constructs)
    models = {"cfa": CFA, "second marker": replace(CFA, constructs=turned)}
    groups = find_groups(pupils, model=CFA, items=CFA.items, customers=NONE, wanted="school")
    return {n: assess_invariance(pupils, model=m, groups=groups) for n, m in models.items()}


@pytest.mark.parametrize("case", [case[0] for case in CASES])
def test_fit_is_lavaans(solved, expected, case):
    rows = expected[(expected.model == case) & (expected.kind == "fit")]
    theirs = rows.set_index("left")["estimate"]
    result = solved[case]  # of classes, the configural one is inadmissible, as lavaan warns
    fit = measure_joint_fit(result.joint, result.theta, result.samples)
    for name, own in MEASURES.items():
        assert getattr(fit, own) == pytest.approx(theirs[name], rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize("case", [case[0] for case in CASES if case[0] not in APART])
def test_parameters_and_errors_are_lavaans(solved, expected, case):
    theirs = expected[(expected.model == case) & (expected.kind == "parameter")]
    theirs = theirs.set_index(["group", "left", "op", "right"])
    ours = solved[case].table()
    keys = list(zip(ours.group, ours.left, ours.op, ours.right, strict=True))
    found = theirs.loc[[_match(key, theirs.index) for key in keys]]
    free = (ours["equal"] != "fixed").to_numpy()
    for column in ("estimate", "lower", "upper"):
        close(ours.loc[free, column], found.loc[free, column])
    close(ours.loc[free, "se"], found.loc[free, "se"])
    close(ours["estimate"], found["estimate"])
    shown = (ours["op"] != "~1").to_numpy()
    close(ours.loc[shown, "standardised"], found.loc[shown, "standardised"])
    close(ours.loc[shown, "standardised se"], found.loc[shown, "standardised_se"])


def test_wishart_estimates_are_nearly_lavaans(solved, expected):
    case = "cfa n-1 scalar"
    theirs = expected[(expected.model == case) & (expected.kind == "parameter")]
    theirs = theirs.set_index(["group", "left", "op", "right"])
    ours = solved[case].table()
    keys = [_match(key, theirs.index) for key in ours[["group", "left", "op", "right"]].to_numpy()]
    gap = ours["estimate"].to_numpy() - theirs.loc[keys, "estimate"].to_numpy()
    assert 1e-6 < np.abs(gap).max() < 1e-4
    chi2 = expected[(expected.model == case) & (expected.left == "chisq")]["estimate"].item()
    assert solved[case].fit.chi2 <= chi2


def _match(key, index):
    group, left, op, right = key = tuple(key)
    return key if key in index else (group, right, op, left)


def close(ours, theirs):
    np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("level", "chi2", "df"),
    [
        ("configural", 115.851, 48),
        ("metric", 124.043, 54),
        ("scalar", 164.103, 60),
        ("strict", 181.511, 69),
    ],
)
def test_printed_chi2_over_school(assessed, level, chi2, df):
    # lavaan's tutorial, "Multiple groups": https://lavaan.ugent.be/tutorial/groups.html, and
    # semTools::measurementInvariance; the third digit of 124.04354 is printed cut off.
    fit = assessed["cfa"].levels[level].fit
    assert fit.chi2 == pytest.approx(chi2, abs=0.00055)
    assert fit.df == df


def test_the_steps_over_school(assessed):
    invariance = assessed["cfa"]
    rows = invariance.table().set_index("level")
    assert rows["holds"].tolist() == ["yes", "yes", "no", "no"]
    assert invariance.held == "metric"
    # semTools and the tutorial print .923, .921, .882, .873
    assert rows["CFI"].tolist() == pytest.approx([0.923, 0.921, 0.882, 0.873], abs=0.0005)
    assert rows.loc["scalar", "chi2 added"] == pytest.approx(40.059, abs=0.0005)
    assert rows.loc["scalar", "df added"] == 6


@pytest.mark.parametrize(
    ("name", "level"),
    [
        *((name, level) for name in ("cfa", "second marker") for level in list(LEVELS)[1:]),
        ("classes", "metric"),
        ("classes", "scalar"),
    ],
)
def test_score_tests_are_lavaans(assessed, solved, expected, name, level):
    op = {"metric": "=~", "scalar": "~1", "strict": "~~"}[level]
    chosen = (expected.kind == "score") & (expected.model == f"{name} {level}")
    theirs = expected[chosen & (expected.op == op)]
    result = solved[f"classes {level}"] if name == "classes" else assessed[name].levels[level]
    ours = score_equalities(result, level=level).table().set_index(["group", "item"])
    item = theirs["right"] if op == "=~" else theirs["left"]
    found = ours.loc[list(zip(theirs["group"], item, strict=True))]
    close(found["chi2"], theirs["estimate"])
    close(found["p value"], theirs["p_value"])
    close(found["expected change"], theirs["standardised"])


def test_the_markers_equality_is_tested_as_any_other(assessed, expected):
    """lavaan cannot test x1 while x1 is the marker, but can when x2 is."""
    ours = advise_partial(assessed["cfa"], level="metric").table().set_index("item")
    chosen = (expected.model == "second marker metric") & (expected.kind == "score")
    theirs = expected[chosen].set_index("right")["estimate"]
    for marker in ("x1", "x4", "x7"):
        assert ours.loc[marker, "chi2"] == pytest.approx(theirs[marker], rel=1e-6)


def test_loadings_are_tested_where_constructs_have_means(assessed, expected):
    """At the scalar level a loading moves means too; x1, x4, x7 as lavaan with another marker."""
    result = assessed["cfa"].levels["scalar"]
    ours = score_equalities(result, level="metric").table().set_index("item")["chi2"]
    for name in ("cfa", "second marker"):
        chosen = (expected.model == f"{name} scalar") & (expected.kind == "score")
        theirs = expected[chosen & (expected.op == "=~")].set_index("right")["estimate"]
        close(ours.loc[theirs.index], theirs)


def test_the_gate_of_a_joint_model_names_the_group(solved):
    failed = [check.name for check in solved["classes configural"].checks if not check.passed]
    assert len(failed) == 2
    assert all(name.startswith("Pasteur 7: ") for name in failed)
    assert isinstance(solved["classes configural"].table(), NotAvailable)


def test_equal_paths_cost_what_lavaan_says(pupils, assessed, expected):
    groups = assessed["cfa"].groups
    compared = compare_paths(assess_invariance(pupils, model=MODELS["paths"], groups=groups))
    chi2 = expected[expected.left == "chisq"].set_index("model")["estimate"]
    df = expected[expected.left == "df"].set_index("model")["estimate"]
    assert compared.level == "metric"
    cost = chi2["equal paths metric"] - chi2["paths metric"]
    assert compared.difference.chi2 == pytest.approx(cost, abs=1e-6)
    assert compared.difference.df == df["equal paths metric"] - df["paths metric"] == 3


def test_a_path_difference_has_the_error_of_a_contrast(solved, pupils, assessed):
    """Pasteur is the larger school: Grant-White minus Pasteur."""
    groups = assessed["cfa"].groups
    compared = compare_paths(assess_invariance(pupils, model=MODELS["paths"], groups=groups))
    row = compared.differences().iloc[0]
    result = solved["paths metric"]
    cell = [str(c) for c in result.joint.cells].index("visual -> textual")
    first, second = result.joint.index[:, cell]
    gap = result.theta[first] - result.theta[second]
    spread = result.covariance
    se = np.sqrt(spread[first, first] + spread[second, second] - 2 * spread[first, second])
    assert row["difference"] == pytest.approx(gap, rel=1e-8)
    assert row["se"] == pytest.approx(se, rel=1e-8)
    assert row["Wald chi2"] == pytest.approx((gap / se) ** 2, rel=1e-8)
