"""What semopy is known to mishandle is never passed on to it, or makes no difference."""

import re

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel, write_semopy

# Words of semopy's syntax, of its parameter names, of Python, and letters of other scripts.
ODD = (
    *("START", "BOUND", "CONSTRAINT", "DEFINE", "start", "bound", "ordinal", "latent"),
    *("NA", "nan", "inf", "None", "True", "lambda", "beta", "e1", "E5", "is", "index"),
    *("题项一", "項目２", "é", "ß", "x²", "Х"),
)
#: All that may stand in a line: a measurement, a path, a covariance, an error fixed at 0.
LINE = re.compile(r"\w+ =~ \w+( \+ \w+)*|\w+ ~ \w+|\w+ ~~ \w+|(\w+) ~~ 0\*\2")


def nine(names=("visual", "textual", "speed"), items=("x1", "x2", "x3")):
    blocks = (items, ("x4", "x5", "x6"), ("x7", "x8", "x9"))
    constructs = tuple(Construct(n, i) for n, i in zip(names, blocks, strict=True))
    return StructuralModel(constructs, (Path(names[0], names[2], "H1: a label"),), "nine")


@pytest.fixture(scope="module")
def plain(holzinger):
    return fit_sem(holzinger, model=nine())


@pytest.mark.parametrize("name", ODD)
def test_no_word_is_special(holzinger, plain, name):
    as_item = holzinger.rename(columns={"x2": name})
    found = fit_sem(as_item, model=nine(items=("x1", name, "x3")))
    assert found.fit.to_metrics() == pytest.approx(plain.fit.to_metrics(), rel=1e-8)
    found = fit_sem(holzinger, model=nine(names=("visual", "textual", name)))
    assert found.paths()["estimate"].iloc[0] == pytest.approx(plain.paths()["estimate"].iloc[0])


@pytest.mark.parametrize(
    "name", ["Q.1", "Q-1", "a*b", "a b", "a+b", "#a", "a,b", "1a", "_b1", "a:b"]
)
def test_signs_of_the_syntax_are_refused_with_a_remedy(name):
    with pytest.raises(ModelError, match=r"cannot name a variable.*columns: in study\.yml"):
        Construct("quality", ("q1", name))


def test_nothing_but_plain_lines_is_written():
    model = StructuralModel(
        (
            Construct("a", ("a1", "a2", "a3"), "A label = with ~ signs * 2"),
            Construct("b", ("b1", "b2")),
            Construct("c", ("c1",)),
            Construct("d", ("d1",)),
        ),
        (Path("a", "b", "H1 := a*b"), Path("c", "b", "c(x,y)*")),
        "traps",
        (("a1", "a2"), ("b", "d")),
    )
    written = write_semopy(model)
    for line in written.splitlines():
        assert LINE.fullmatch(line), line
    assert "H1" not in written
    assert "label" not in written


def test_degrees_of_freedom_with_observed_covariates(holzinger):
    """semopy's own statistics count 3 here; three moments are the covariates' own."""
    observed = tuple(Construct(name.upper(), (name,)) for name in ("x1", "x4", "x7"))
    model = StructuralModel(observed, (Path("X4", "X1"), Path("X7", "X1")), "regression")
    found = fit_sem(holzinger, model=model)
    assert found.structure.df == 0
    design = np.column_stack([np.ones(len(holzinger)), holzinger[["x4", "x7"]]])
    slopes = np.linalg.lstsq(design, holzinger["x1"].to_numpy())[0][1:]
    assert found.paths()["estimate"].tolist() == pytest.approx(slopes, rel=1e-8)


def test_gaps_are_left_out_and_never_paired(holzinger):
    """semopy alone would take pairwise covariances with the full number of respondents."""
    holes = holzinger.copy()
    holes.loc[::7, "x2"] = np.nan
    holes.loc[3::11, "x8"] = np.nan
    found = fit_sem(holes, model=nine())
    complete = fit_sem(holes.dropna(subset=[f"x{k}" for k in range(1, 10)]), model=nine())
    assert found.n_used == complete.n_used < len(holes)
    assert found.fit.to_metrics() == complete.fit.to_metrics()


def test_one_model_after_the_other_gives_the_same_numbers(holzinger, plain):
    fit_sem(holzinger.sample(frac=0.5, random_state=1), model=nine())
    assert fit_sem(holzinger, model=nine()).to_metrics() == plain.to_metrics()


def test_columns_of_numbers_hold_numbers(plain):
    table = plain.table()
    words = ("kind", "left", "right", "fixed")
    assert all(pd.api.types.is_float_dtype(table[c]) for c in table if c not in words)
