"""Sentences on moderation are true whatever came out."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.moderation.curvature import bend_loyalty
from crmstudy.loyalty.moderation.defectors import find_defectors
from crmstudy.loyalty.moderation.follow_up import FollowUp
from crmstudy.loyalty.moderation.moderators import moderate_loyalty
from crmstudy.loyalty.moderation.repurchase import ODDS, Repurchase
from crmstudy.report.sentences.loyalty.moderation import (
    _bound,
    read_curvature,
    read_defectors,
    read_moderation,
    read_repurchase,
)

ITEMS = {"s": ["s1", "s2", "s3"], "m": ["m1", "m2", "m3"], "y": ["y1", "y2", "y3"]}
SCALES = {i: {"minimum": 1.0, "maximum": 10.0} for items in ITEMS.values() for i in items}
INSTRUMENT = {
    "constructs": {
        "satisfaction": {"label": "Satisfaction", "items": ITEMS["s"]},
        "loyalty": {"label": "Loyalty", "items": ITEMS["y"]},
    },
    "focus": {"satisfaction": "satisfaction", "loyalty": "loyalty"},
    "moderators": {"rivals": {"label": "竞争对手", "items": ITEMS["m"], "sign": "-"}},
}


def draw(seed, *, product=0.0, squared=0.0, n=600):
    rng = np.random.default_rng(seed)
    s, m = rng.standard_normal((2, n))
    y = 0.6 * s + product * s * m + squared * (s**2 - 1) + 0.6 * rng.standard_normal(n)
    return pd.DataFrame(
        {
            f"{name}{k}": 5.5 + 1.2 * (0.9 * score + 0.4 * rng.standard_normal(n))
            for name, score in (("s", s), ("m", m), ("y", y))
            for k in (1, 2, 3)
        }
    )


def moderate(answers, sign="-", **extra):
    spec = {"label": "竞争对手", "items": ITEMS["m"], "sign": sign}
    moderators = {"moderators": {"rivals": spec, **extra}}
    return moderate_loyalty(answers, instrument={**INSTRUMENT, **moderators})


@pytest.mark.parametrize(
    ("product", "sign", "verdict"),
    [(-0.3, "-", "is supported"), (-0.3, "+", "is contradicted"), (0.0, "-", "is undecided")],
)
def test_moderation_names_the_verdict(product, sign, verdict):
    said = read_moderation(moderate(draw(3, product=product), sign))
    direction = "rises" if sign == "+" else "falls"
    assert f"{direction} with '竞争对手' {verdict}" in said
    assert ("one standard deviation below" in said) == (product != 0)
    assert ("other methods" in said) == (product != 0)
    assert "nan" not in said.lower()


def test_moderators_that_cannot_be_tested_are_named_with_the_reason():
    lost = {"label": "Lost", "items": ["x9"], "sign": "+"}
    said = read_moderation(moderate(draw(1), lost=lost))
    assert "'Lost' is not tested: item 'x9'" in said
    absent = NotAvailable("the study has no table survey")
    assert read_moderation(absent) is absent


WITHHELD = (
    "the model is inadmissible: 'standardised loadings and paths stay within 1 (largest: "
    "Satisfaction → Loyalty)' fails at 1.018, rule <= 1 in magnitude"
)


def test_a_path_beyond_one_is_withheld_by_rule_and_not_called_impossible():
    found = moderate(draw(3, product=-0.3))
    alone = replace(found, interactions={"rivals": NotAvailable(WITHHELD)})
    said = read_moderation(alone)
    assert "is not tested: the model is inadmissible" in said
    assert "No other check fails" in said
    assert "neither for nor against the hypothesis" in said
    assert "Other methods, which do not decide, give −0." in said
    more = WITHHELD + "; 'unexplained variances are positive' fails at −0.1, rule > 0"
    worse = replace(found, interactions={"rivals": NotAvailable(more)})
    assert "No other check fails" not in read_moderation(worse)


def test_methods_without_an_admissible_model_are_not_counted_as_agreeing():
    found = moderate(draw(3, product=-0.3))
    methods = found.methods.copy()
    lost = methods["method"] == "square too"
    methods.loc[lost, ["effect", "lower", "upper"]] = np.nan
    methods.loc[lost, "note"] = WITHHELD
    agreeing = int(methods["effect"].notna().sum()) - 1
    said = read_moderation(replace(found, methods=methods))
    assert f"by {agreeing} other methods; 'square too' gave no admissible model" in said
    assert "gave no admissible" not in read_moderation(found)


def test_an_effect_and_its_interval_are_written_with_the_same_decimals():
    found = moderate(draw(0))
    said = read_moderation(found)
    effect, *_ = re.findall(r"\((−?[\d.]+) \[(−?[\d.]+), (−?[\d.]+)\]", said)
    assert len({len(written.split(".")[1]) for written in effect}) == 1
    assert _bound(-0.0047, -0.072, 0.062) == "−0.005 [−0.072, 0.062]"
    assert _bound(0.1, -0.2, 0.3) == "0.10 [−0.20, 0.30]"


@pytest.mark.parametrize(
    ("squared", "words"),
    [(-0.2, "less and less"), (0.2, "more and more"), (0.0, "not told apart from none")],
)
def test_curvature_is_said_with_its_sign(squared, words):
    answers = draw(2, squared=squared)
    said = read_curvature(bend_loyalty(answers, instrument=INSTRUMENT, scales=SCALES))
    assert words in said
    assert "Mean loyalty" in said


def test_bands_are_read_where_the_square_is_withheld():
    answers = pd.DataFrame({item: np.tile([2.0, 5.0, 5.0, 9.0], 20) for item in SCALES})
    said = read_curvature(bend_loyalty(answers, instrument=INSTRUMENT, scales=SCALES))
    assert said.startswith("Not available: ")
    assert "rises from band to band" in said
    few = bend_loyalty(answers.head(8), instrument=INSTRUMENT, scales=SCALES)
    assert "too few respondents for more than one band" in read_curvature(few)


def find(satisfaction, loyalty):
    columns = {
        **dict.fromkeys(ITEMS["s"], satisfaction),
        **dict.fromkeys(ITEMS["y"], loyalty),
        **dict.fromkeys(ITEMS["m"], np.linspace(2, 8, len(satisfaction))),
    }
    return find_defectors(
        pd.DataFrame(columns).astype(float),
        instrument=INSTRUMENT,
        scales=SCALES,
        satisfied_from=75.0,
        loyal_until=50.0,
    )


def test_defectors_are_counted_in_the_right_number():
    one = read_defectors(find([9.0] * 4, [2.0, 9.0, 9.0, 9.0]))
    assert one.startswith("Of 4 satisfied respondents, 1 is not loyal: 25.0%")
    two = read_defectors(find([9.0] * 4 + [2.0] * 4, [2.0, 2.0, 9.0, 9.0] + [2.0] * 4))
    assert "2 are not loyal: 50.0%" in two
    assert "25.0% of all respondents" in two
    assert "they differ in '竞争对手'" in two or "No moderator tells them" in two
    if "No moderator" in two:
        assert "2 in the smaller group" in two
    nobody = read_defectors(find([2.0] * 4, [2.0] * 4))
    assert nobody == "Not available: nobody reaches 75 points of satisfaction."
    none_gone = read_defectors(find([9.0] * 4, [9.0] * 4))
    assert "0 are not loyal: 0.0%" in none_gone
    assert "it stays 0.0%." in none_gone


def test_a_difference_that_one_of_several_moderators_shows_is_counted_by_holm():
    rng = np.random.default_rng(5)
    found = find([9.0] * 60, [2.0] * 20 + [9.0] * 40)
    scores = found.scores.iloc[:, :2].assign(**{f"m{k}": rng.normal(50, 10, 60) for k in range(6)})
    apart = scores.assign(m0=scores["m0"] + np.where(np.arange(60) < 20, 20, 0))
    sure = read_defectors(replace(found, scores=apart))
    assert "they differ in 'm0'" in sure
    shift = np.linspace(0, 7.5, 31)  # from 7 on it passes Holm too
    weak = [
        read_defectors(
            replace(found, scores=scores.assign(m0=scores["m0"] + (np.arange(60) < 20) * step))
        )
        for step in shift
    ]
    assert any("comparisons counted (Holm), 'm0' does not pass any more" in said for said in weak)
    assert all("20 in the smaller group" in said for said in weak if "No moderator tells" in said)
    assert any("when it is 0.8 standard deviations or more" in said for said in weak)


def follow(effect, se, *, held=True):
    rows = [("Loyalty", "bought again", ODDS, "left out", 90, effect, se)]
    if held:
        rows.append(("Loyalty", "bought again", ODDS, "held equal", 90, effect, se))
    names = ["predictor", "outcome", "measure", "earlier purchases", "n", "effect", "se"]
    frame = pd.DataFrame(rows, columns=names)
    frame = frame.assign(lower=effect - 2 * se, upper=effect + 2 * se, **{"p value": 0.5})
    counts = {"anonymous": 3, "not in the ledger": 0, "followed": 90}
    return Repurchase(
        FollowUp(pd.DataFrame(), counts, 1), frame, pd.DataFrame(), 90, 0.5, "scores", 0.95
    )


def test_repurchase_is_read_with_and_without_earlier_purchases():
    said = read_repurchase(follow(np.log(2), 0.1))
    assert said.startswith("90 respondents could be followed for 1 week (left out: 3 anonymous)")
    assert said.count("multiplied by 2.00") == 2
    assert "not told apart" not in said
    unsure = read_repurchase(follow(0.05, 0.1, held=False))
    assert "not told apart from 1" in unsure
    assert "held equal no odds ratio could be estimated" in unsure
    alone = follow(0.05, 0.1)
    counts = {**alone.follow_up.counts, "anonymous": 0}
    all_known = replace(alone, follow_up=replace(alone.follow_up, counts=counts))
    assert "left out:" not in read_repurchase(all_known)
