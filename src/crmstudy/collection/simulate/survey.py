"""What customers say of the simulated firm: a survey of the latent constructs.

Item scores are a continuous latent answer cut into the points of the scale. That
attenuates the correlation of an item with its construct by a known factor
(:func:`discretisation_factor`, about 2 per cent here): observed standardised loadings are
that much smaller than the true ones, and paths between constructs nearly unchanged,
because a measurement model corrects for the smaller loadings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from crmstudy.collection.simulate.draws import (
    Booleans,
    Floats,
    category,
    moments,
    pick,
)
from crmstudy.collection.simulate.fieldwork import draw_answer_days
from crmstudy.collection.simulate.latent import (
    CONSTRUCTS,
    INNOVATION,
    MODERATOR,
    PATHS,
    draw_latent_scores,
)
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.collection.simulate.people import group_pattern, group_shares
from crmstudy.collection.simulate.texts import COMMENTS


class Item(NamedTuple):
    """One question: its construct, true standardised loading, mean answer, wording."""

    construct: str
    loading: float
    mean: float
    text: str
    reverse: bool = False


ITEMS = {
    "EX1": Item("expectation", 0.75, 7.2, "Before my first purchase I expected high quality."),
    "EX2": Item("expectation", 0.80, 7.0, "I expected the shop to meet my personal needs."),
    "EX3": Item("expectation", 0.70, 6.8, "I expected that little would ever go wrong."),
    "QU1": Item("quality", 0.80, 7.1, "I am satisfied with the goods of this shop."),
    "QU2": Item("quality", 0.85, 6.9, "I am satisfied with the service of this shop."),
    "QU3": Item("quality", 0.75, 6.6, "Orders are delivered completely and on time."),
    "QU4": Item("quality", 0.80, 6.8, "The information on goods is clear and reliable."),
    "VA1": Item("value", 0.85, 6.2, "Given the prices, the quality is good."),
    "VA2": Item("value", 0.80, 6.0, "Given the quality, the prices are good."),
    "VA3": Item("value", 0.75, 6.3, "Buying here is worth my time."),
    "SA1": Item("satisfaction", 0.85, 6.8, "All in all I am satisfied with this shop."),
    "SA2": Item("satisfaction", 0.80, 6.5, "The shop has met my expectations."),
    "SA3": Item("satisfaction", 0.80, 6.4, "The shop is close to my ideal of such a shop."),
    "LO1": Item("loyalty", 0.80, 6.7, "Next time I shall buy here again."),
    "LO2": Item("loyalty", 0.85, 6.4, "This shop is my first choice."),
    "LO3": Item("loyalty", 0.70, 5.2, "For a slightly lower price I would change shops.", True),
}
#: Items of the moderator; the survey asks them last but one.
MODERATOR_ITEMS = {
    "AL1": Item(MODERATOR, 0.85, 5.4, "Other shops have offers that tempt me."),
    "AL2": Item(MODERATOR, 0.80, 5.8, "I know shops that would serve me as well."),
    "AL3": Item(MODERATOR, 0.75, 5.1, "Elsewhere I would get more for my money."),
}
#: Items of what moderates nothing; the survey asks them last of all.
INNOVATION_ITEMS = {
    "IN1": Item(INNOVATION, 0.80, 6.1, "This shop often has new products."),
    "IN2": Item(INNOVATION, 0.85, 5.9, "Its new products are better than what I knew before."),
    "IN3": Item(INNOVATION, 0.75, 5.6, "With new products this shop is ahead of other shops."),
}
SCALE = (1, 10)
ANSWER_SPREAD = 1.7  # standard deviation of the continuous answer, in points of the scale

RECOMMENDATION = Item("loyalty", 0.80, 7.2, "How likely are you to recommend us to a friend?")
RECOMMENDATION_SCALE = (0, 10)
_RECOMMENDATION_SPREAD = 2.0

_ASKED = {**ITEMS, **MODERATOR_ITEMS}
_OF_CONSTRUCTS = {**_ASKED, **INNOVATION_ITEMS}
_LABELS = {
    **CONSTRUCTS,
    MODERATOR: "Attractiveness of rivals' offers",
    INNOVATION: "Product innovation",
}

# As `instrument:` of a study.yml. The recommendation depends on loyalty, but does not
# measure it in the model: it is kept for the recommendation rate and the NPS.
SURVEY_INSTRUMENT: dict[str, Any] = {
    "scale": list(SCALE),
    "source": "simulated: items in the manner of a satisfaction index (Fornell et al. 1996)",
    "constructs": {
        name: {
            "label": label,
            "items": [i for i, item in _OF_CONSTRUCTS.items() if item.construct == name],
        }
        for name, label in _LABELS.items()
    },
    "items": {
        **{
            name: {"text": item.text, **({"reverse": True} if item.reverse else {})}
            for name, item in _OF_CONSTRUCTS.items()
        },
        "REC": {"text": RECOMMENDATION.text, "scale": list(RECOMMENDATION_SCALE)},
    },
    "models": {
        # the moderators stay outside, as a model takes all constructs unless told
        "satisfaction_index": {"constructs": [*CONSTRUCTS], "paths": [list(p) for p in PATHS]}
    },
    "roles": {
        "product_satisfaction": "QU1",
        "service_satisfaction": "QU2",
        "overall_satisfaction": "SA1",
        "repurchase_intention": "LO1",
        "recommendation": "REC",
    },
}
_COMMENT = category([text for level in COMMENTS for language in level for text in language])


def discretisation_factor(
    mean: float, *, spread: float = ANSWER_SPREAD, scale: tuple[int, int] = SCALE
) -> float:
    """Compute the correlation of a normal answer with its score on the scale.

    The score is the answer rounded to the nearest point, answers beyond the ends
    counting as the ends. By it every observed loading falls short of the true one.

    Parameters
    ----------
    mean, spread : float
        Mean and standard deviation of the continuous answer, in points.
    scale : tuple of int
        Lowest and highest point.
    """
    n_cuts = scale[1] - scale[0]
    cuts = (scale[0] + 0.5 + np.arange(n_cuts) - mean) / spread
    above = ndtr(-cuts)
    covariance = np.exp(-(cuts**2) / 2).sum() / np.sqrt(2 * np.pi)
    variance = (2 * np.arange(1, n_cuts + 1) - 1) @ above - above.sum() ** 2
    return float(covariance / np.sqrt(variance))


def expected_score(mean: float, *, spread: float = ANSWER_SPREAD) -> float:
    """Compute the mean score of a normal answer on the scale."""
    cuts = np.arange(SCALE[0], SCALE[1]) + 0.5
    return float(SCALE[0] + ndtr((mean - cuts) / spread).sum())


def draw_survey(
    rng: np.random.Generator,
    innovation_rng: np.random.Generator,
    people: pd.DataFrame,
    invited: pd.DataFrame,
    firm: FirmParameters,
    *,
    n_anonymous: int,
) -> pd.DataFrame:
    """Draw the answers of those who answer, then of respondents who are not known by name.

    Parameters
    ----------
    rng, innovation_rng : Generator
        The questions on innovation have a stream of their own.
    people : DataFrame
        ``chinese`` and one column per construct.
    invited : DataFrame
        As :func:`draw_invitations` gives it.

    Returns
    -------
    DataFrame
        ``owner`` (-1 if anonymous), ``invitation`` (row of ``invited``, -1 for none),
        ``answered_day, comment`` (position of the text, -1 for none), one column per item.
    """
    row = np.flatnonzero(invited["outcome"] < 2)
    answered = invited.iloc[row]
    known = people.iloc[answered["owner"]][_FELT]
    strangers, stranger_day = _draw_strangers(rng, innovation_rng, n_anonymous, firm)
    scores = pd.concat([known, strangers], ignore_index=True)
    answers = {name: _answer(rng, scores, item) for name, item in _ASKED.items()}
    answers["REC"] = _answer(
        rng, scores, RECOMMENDATION, spread=_RECOMMENDATION_SPREAD, scale=RECOMMENDATION_SCALE
    )
    survey = pd.DataFrame(answers)
    partial = np.concatenate([answered["outcome"] == 1, np.zeros(n_anonymous, dtype=bool)])
    survey = survey.mask(rng.random(survey.shape) < firm.survey_missing)
    survey = survey.mask(_broken_off(rng, partial, survey.shape[1]))
    novel = _draw_innovation(innovation_rng, scores, partial, firm)
    survey = pd.concat([survey, novel], axis=1)
    nobody = np.full(n_anonymous, -1)
    survey.insert(0, "owner", np.concatenate([answered["owner"], nobody]))
    survey.insert(1, "invitation", np.concatenate([row, nobody]))
    survey.insert(2, "answered_day", np.concatenate([answered["answered_day"], stranger_day]))
    survey.insert(3, "comment", _draw_comments(rng, scores, firm))
    return survey


_FELT = [*CONSTRUCTS, MODERATOR, INNOVATION, "chinese"]


def _draw_strangers(
    rng: np.random.Generator,
    innovation_rng: np.random.Generator,
    count: int,
    firm: FirmParameters,
) -> tuple[pd.DataFrame, Floats]:
    """Draw respondents who came through an open link, and the days of their answers."""
    shares = group_shares().ravel()
    group = rng.choice(shares.size, count, p=shares / shares.sum())
    pattern = group_pattern().ravel()[group]
    rate_score = rng.standard_normal(count)
    scores = draw_latent_scores(rng, innovation_rng, rate_score, pattern, firm)
    scores["chinese"] = rng.random(count) < firm.person_chinese_share
    _, day = draw_answer_days(rng, scores["satisfaction"].to_numpy(), firm)
    return scores[_FELT], day


def _draw_innovation(
    rng: np.random.Generator, scores: pd.DataFrame, partial: Booleans, firm: FirmParameters
) -> pd.DataFrame:
    """Draw the last questions, which nobody got to who broke off."""
    answers = pd.DataFrame(
        {name: _answer(rng, scores, item) for name, item in INNOVATION_ITEMS.items()}
    )
    return answers.mask((rng.random(answers.shape) < firm.survey_missing) | partial[:, None])


def _broken_off(rng: np.random.Generator, partial: Booleans, n_items: int) -> Booleans:
    """Mark the items that nobody got to: from somewhere in the second half on."""
    last = rng.integers(n_items // 2, n_items, partial.size)
    return partial[:, None] & (np.arange(n_items) >= last[:, None])


def _draw_comments(
    rng: np.random.Generator, scores: pd.DataFrame, firm: FirmParameters
) -> np.ndarray:
    """Draw who adds a comment, and which, by satisfaction and language."""
    level = np.digitize(scores["satisfaction"], [-0.6, 0.6])
    n_texts = len(COMMENTS[0][0])
    chinese = scores["chinese"].to_numpy(dtype=int)
    text = n_texts * (2 * level + chinese) + rng.integers(0, n_texts, level.size)
    return np.where(rng.random(level.size) < firm.survey_comment_share, text, -1)


def write_survey(
    survey: pd.DataFrame, respondent_ids: pd.Series, ids: pd.CategoricalDtype
) -> pd.DataFrame:
    """Write the canonical table: names in place of positions."""
    front = {
        "respondent_id": respondent_ids,
        "customer_id": pick(survey["owner"].to_numpy(), ids),
        "answered_on": moments(survey["answered_day"].to_numpy()),
    }
    items = {name: survey[name] for name in (*_ASKED, "REC", *INNOVATION_ITEMS)}
    return pd.DataFrame({**front, **items, "comment": pick(survey["comment"].to_numpy(), _COMMENT)})


def _answer(
    rng: np.random.Generator,
    scores: pd.DataFrame,
    item: Item,
    *,
    spread: float = ANSWER_SPREAD,
    scale: tuple[int, int] = SCALE,
) -> Floats:
    construct = scores[item.construct].to_numpy()
    noise = np.sqrt(1 - item.loading**2) * rng.standard_normal(construct.size)
    sign = -1 if item.reverse else 1
    answer = item.mean + spread * sign * (item.loading * construct + noise)
    return np.clip(np.rint(answer), *scale) + 0.0  # no minus zero
