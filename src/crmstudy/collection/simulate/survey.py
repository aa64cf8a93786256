"""What customers say of the simulated firm: a survey from a latent structural model.

Item scores are a continuous latent answer cut into the points of the scale. That
attenuates the correlation of an item with its construct by a known factor
(:func:`discretisation_factor`, about 2 per cent here): observed standardised loadings are
that much smaller than the true ones, and paths between constructs nearly unchanged,
because a measurement model corrects for the smaller loadings.

References
----------
Fornell, C., Johnson, M. D., Anderson, E. W., Cha, J. & Bryant, B. E. (1996). The American
Customer Satisfaction Index. Journal of Marketing, 60(4), 7-18.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import gammainc, ndtr, ndtri

from crmstudy.collection.simulate.draws import Floats, number_ids
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.errors import SettingsError


class Item(NamedTuple):
    """One question: its construct, true standardised loading, mean answer, wording."""

    construct: str
    loading: float
    mean: float
    text: str
    reverse: bool = False


# In causal order: a construct is explained only by those before it.
CONSTRUCTS = {
    "expectation": "Customer expectation",
    "quality": "Perceived quality",
    "value": "Perceived value",
    "satisfaction": "Customer satisfaction",
    "loyalty": "Customer loyalty",
}
PATHS = (
    ("expectation", "quality"),
    ("expectation", "value"),
    ("quality", "value"),
    ("expectation", "satisfaction"),
    ("quality", "satisfaction"),
    ("value", "satisfaction"),
    ("satisfaction", "loyalty"),
)
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
SCALE = (1, 10)
ANSWER_SPREAD = 1.7  # standard deviation of the continuous answer, in points of the scale

RECOMMENDATION = Item("loyalty", 0.80, 7.2, "How likely are you to recommend us to a friend?")
RECOMMENDATION_SCALE = (0, 10)
_RECOMMENDATION_SPREAD = 2.0

# As `instrument:` of a study.yml. The recommendation depends on loyalty, but does not
# measure it in the model: it is kept for the recommendation rate and the NPS.
SURVEY_INSTRUMENT: dict[str, Any] = {
    "scale": list(SCALE),
    "source": "simulated: items in the manner of a satisfaction index (Fornell et al. 1996)",
    "constructs": {
        name: {"label": label, "items": [i for i, item in ITEMS.items() if item.construct == name]}
        for name, label in CONSTRUCTS.items()
    },
    "items": {
        **{
            name: {"text": item.text, **({"reverse": True} if item.reverse else {})}
            for name, item in ITEMS.items()
        },
        "REC": {"text": RECOMMENDATION.text, "scale": list(RECOMMENDATION_SCALE)},
    },
    "models": {"satisfaction_index": {"paths": [list(path) for path in PATHS]}},
    "roles": {
        "product_satisfaction": "QU1",
        "service_satisfaction": "QU2",
        "overall_satisfaction": "SA1",
        "repurchase_intention": "LO1",
        "recommendation": "REC",
    },
}


def path_coefficients(firm: FirmParameters) -> dict[tuple[str, str], float]:
    """Map each path, source to target, to its true standardised coefficient."""
    return {path: getattr(firm, "sem_{}_{}".format(*path)) for path in PATHS}


def _direct_effects(paths: Mapping[tuple[str, str], float]) -> Floats:
    """Arrange paths as a matrix, row the source, column the target, in causal order."""
    names = list(CONSTRUCTS)
    direct = np.zeros((len(names), len(names)))
    for (source, target), slope in paths.items():
        direct[names.index(source), names.index(target)] = slope
    return direct


def implied_correlations(paths: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    """Compute the correlations of the constructs that standardised paths imply.

    Raises
    ------
    SettingsError
        If the paths explain the whole variance of a construct, or more.
    """
    names, direct = list(CONSTRUCTS), _direct_effects(paths)
    correlations = np.eye(len(names))
    for target in range(1, len(names)):
        slopes = direct[:target, target]
        with_earlier = correlations[:target, :target] @ slopes
        if (explained := slopes @ with_earlier) >= 1:
            raise SettingsError(
                f"simulated firm: the paths into {names[target]!r} explain {explained:.3f} "
                "of its variance, which must stay below 1"
            )
        correlations[target, :target] = correlations[:target, target] = with_earlier
    return pd.DataFrame(correlations, index=names, columns=names)


def explained_variances(paths: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Compute the share of each construct's variance that its paths explain (R squared)."""
    explained = (_direct_effects(paths) * implied_correlations(paths).to_numpy()).sum(axis=0)
    return dict(zip(CONSTRUCTS, explained.tolist(), strict=True))


def total_effects(paths: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Compute direct plus indirect effects, for every pair that some route connects."""
    names, direct = list(CONSTRUCTS), _direct_effects(paths)
    total = np.linalg.inv(np.eye(len(names)) - direct) - np.eye(len(names))
    return {
        (names[source], names[target]): float(total[source, target])
        for source, target in zip(*np.nonzero(total), strict=True)
    }


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


def score_rates(purchase_rate: pd.Series, firm: FirmParameters) -> Floats:
    """Turn purchase rates into standard normal scores by their gamma distribution."""
    probability = gammainc(firm.bg_nbd_r, firm.bg_nbd_alpha * purchase_rate.to_numpy())
    return np.clip(ndtri(probability), -8, 8)


def draw_latent_scores(
    rng: np.random.Generator, rate_score: Floats, firm: FirmParameters
) -> pd.DataFrame:
    """Draw everybody's standardised scores on the constructs.

    Parameters
    ----------
    rate_score : ndarray of shape (n,)
        Purchase rate as a standard normal score: part of what moves loyalty.
    """
    paths = path_coefficients(firm)
    unexplained = {name: 1 - share for name, share in explained_variances(paths).items()}
    if firm.sem_rate_loyalty**2 > unexplained["loyalty"]:
        raise SettingsError(
            f"simulated firm: sem_rate_loyalty = {firm.sem_rate_loyalty} leaves loyalty "
            "a negative variance"
        )
    unexplained["loyalty"] -= firm.sem_rate_loyalty**2
    scores: dict[str, Floats] = {}
    for name in CONSTRUCTS:
        score = np.sqrt(unexplained[name]) * rng.standard_normal(rate_score.size)
        for (source, target), slope in paths.items():
            if target == name:
                score = score + slope * scores[source]
        if name == "loyalty":
            score = score + firm.sem_rate_loyalty * rate_score
        scores[name] = score
    return pd.DataFrame(scores)


def draw_survey(
    rng: np.random.Generator, people: pd.DataFrame, firm: FirmParameters
) -> pd.DataFrame:
    """Draw the survey: some of the buyers, then respondents who are not known by name.

    Parameters
    ----------
    people : DataFrame
        ``customer_id, prospect`` and one column per construct.

    Returns
    -------
    DataFrame
        ``respondent_id, customer_id`` (missing if anonymous), one column per item.
    """
    buyers = rng.permutation(np.flatnonzero(~people["prospect"].to_numpy()))
    known = np.sort(buyers[: round(buyers.size * firm.survey_share)])
    n_anonymous = int(firm.survey_anonymous)
    anonymous = draw_latent_scores(rng, rng.standard_normal(n_anonymous), firm)
    scores = pd.concat([people.loc[known, list(CONSTRUCTS)], anonymous], ignore_index=True)
    answers = {name: _answer(rng, scores, item) for name, item in ITEMS.items()}
    answers["REC"] = _answer(
        rng, scores, RECOMMENDATION, spread=_RECOMMENDATION_SPREAD, scale=RECOMMENDATION_SCALE
    )
    survey = pd.DataFrame(answers)
    survey = survey.mask(rng.random(survey.shape) < firm.survey_missing)
    names = people["customer_id"].iloc[known].tolist() + [None] * n_anonymous
    survey.insert(0, "respondent_id", number_ids("R", len(survey), width=5))
    survey.insert(1, "customer_id", pd.Series(names, dtype="str"))
    return survey


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
