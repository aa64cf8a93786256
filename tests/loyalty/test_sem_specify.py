"""Models are values, checked when they are made, and written as semopy reads them."""

import pytest

from crmstudy.errors import ModelError
from crmstudy.loyalty import Construct, Path, StructuralModel, build_model, write_semopy
from crmstudy.loyalty.model.moments import lay_out

CONSTRUCTS = {
    "quality": {"label": "Perceived quality", "items": ["q1", "q2", "q3"]},
    "value": {"items": ["v1", "v2"]},
    "loyalty": {"items": ["l1", "l2", "l3"]},
    "complaints": {"items": ["c1"]},
}


def build(**spec):
    return build_model(CONSTRUCTS, {"m": spec}, "m")


def test_a_model_from_plain_mappings():
    model = build(
        constructs=["quality", "value", "loyalty"],
        items={"loyalty": ["l1", "l3"]},
        paths=[["quality", "value", "H1"], ["value", "loyalty"]],
        covariances=[["q1", "q2"]],
    )
    assert model == StructuralModel(
        (
            Construct("quality", ("q1", "q2", "q3"), "Perceived quality"),
            Construct("value", ("v1", "v2")),
            Construct("loyalty", ("l1", "l3")),
        ),
        (Path("quality", "value", "H1"), Path("value", "loyalty")),
        "m",
        (("q1", "q2"),),
    )


def test_all_constructs_are_taken_when_none_is_named():
    assert build().construct_names == tuple(CONSTRUCTS)


def test_semopy_syntax():
    model = build(paths=[["quality", "loyalty"]], covariances=[["q1", "q2"]])
    assert write_semopy(model).splitlines() == [
        "quality =~ q1 + q2 + q3",
        "value =~ v1 + v2",
        "loyalty =~ l1 + l2 + l3",
        "complaints =~ c1",
        "c1 ~~ 0*c1",
        "loyalty ~ quality",
        "quality ~~ value",
        "quality ~~ complaints",
        "value ~~ complaints",
        "q1 ~~ q2",
    ]


def test_degrees_of_freedom_by_hand():
    # 9 items: 45 moments. Free: 5 loadings, 1 path, 8 errors, 4 variances, 3 covariances.
    assert lay_out(build(paths=[["quality", "loyalty"]])).df == 45 - 21


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"constructs": ["qualty"]}, "no construct is called 'qualty'; did you mean 'quality'"),
        ({"path": []}, "unknown key 'path'; did you mean 'paths'"),
        ({"items": {"qualit": ["q1"]}}, "items for no construct 'qualit'; did you mean"),
        ({"items": {"loyalty": ["l1", "q1"]}}, "item 'q1' is used twice"),
        ({"items": {"loyalty": ["l1", "l1"]}}, "item 'l1' is used twice"),
        ({"items": {"loyalty": "l1"}}, "needs a list of items, found 'l1'"),
        ({"items": {"loyalty": ["value"]}}, "'value' is both an item and a construct"),
        ({"paths": [["quality"]]}, r"a path is \[source, target\]"),
        ({"paths": ["quality"]}, r"a path is \[source, target\]"),
        ({"paths": [["quality", "vale"]]}, "names no construct 'vale'; did you mean 'value'"),
        ({"paths": [["quality", "q1"]]}, "names no construct 'q1'"),
        ({"paths": [["quality", "value"], ["quality", "value"]]}, "'quality -> value' is used tw"),
        ({"paths": [["quality", "quality"]]}, "form a cycle: quality -> quality"),
        (
            {"paths": [["quality", "value"], ["value", "loyalty"], ["loyalty", "quality"]]},
            "form a cycle: .*quality -> value",
        ),
        ({"covariances": [["q1", "q2", "q3"]]}, "a covariance is a pair of names"),
        ({"covariances": [["q1", "q1"]]}, "joins two different names"),
        ({"covariances": [["q1", "qq"]]}, "names no 'qq'"),
        ({"covariances": [["q1", "value"]]}, "joins an item and a construct"),
        ({"covariances": [["q1", "c1"]]}, "c1 is the only item of complaints"),
        ({"covariances": [["q1", "q2"], ["q2", "q1"]]}, "'q1 ~~ q2' is used twice"),
        ({"covariances": [["value", "quality"]]}, "'quality ~~ value' is used twice"),
    ],
)
def test_a_model_that_cannot_be_written_is_refused(spec, said):
    with pytest.raises(ModelError, match=said):
        build(**spec)


def test_an_unknown_model_is_refused():
    with pytest.raises(ModelError, match="no model is called 'n'"):
        build_model(CONSTRUCTS, {"m": {}}, "n")


def test_two_constructs_of_one_name_are_refused():
    with pytest.raises(ModelError, match="construct 'a' is used twice"):
        StructuralModel((Construct("A", ("x1",)), Construct("a", ("x2",))), ())


@pytest.mark.parametrize("name", ["Q-1", "Q 1", "1Q", "Q.1", "a*b", "x#", "", "q\n", "_b1", "a~b"])
def test_names_that_semopy_misreads_are_refused(name):
    with pytest.raises(ModelError, match="cannot name a variable"):
        Construct("quality", ("q1", name))


def test_names_of_any_script_are_accepted():
    model = StructuralModel((Construct("满意度", ("題一", "題二", "題三")),), ())
    assert write_semopy(model) == "满意度 =~ 題一 + 題二 + 題三"
