"""What the simulated customers feel: constructs, the paths between them, a moderation.

Expectation, quality, value, satisfaction and loyalty form the structural model of a
satisfaction index. Around it stand causes that are independent of its constructs, so that
its paths stay what they are: the customer's delay in service and the group pattern act on
satisfaction; the purchase rate, and the attractiveness of rivals' offers, act on loyalty,
and the latter weakens the path from satisfaction to loyalty. Perceived innovation acts on
nothing unless told to moderate that path: what a study must not find.

References
----------
Fornell, C., Johnson, M. D., Anderson, E. W., Cha, J. & Bryant, B. E. (1996). The American
Customer Satisfaction Index. Journal of Marketing, 60(4), 7-18.
Jones, M. A., Mothersbaugh, D. L. & Beatty, S. E. (2000). Switching barriers and repurchase
intentions in services. Journal of Retailing, 76(2), 259-274.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import Floats
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.errors import SettingsError

Paths = Mapping[tuple[str, str], float]

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
#: What weakens the path from satisfaction to loyalty.
MODERATOR = "alternatives"
#: What may moderate it too, and by default does not.
INNOVATION = "innovation"


def path_coefficients(firm: FirmParameters) -> dict[tuple[str, str], float]:
    """Map each path, source to target, to its true standardised coefficient."""
    return {path: getattr(firm, "sem_{}_{}".format(*path)) for path in PATHS}


def _direct_effects(paths: Paths, names: Sequence[str]) -> Floats:
    """Arrange paths as a matrix, row the source, column the target, in causal order."""
    direct = np.zeros((len(names), len(names)))
    for (source, target), slope in paths.items():
        direct[names.index(source), names.index(target)] = slope
    return direct


def implied_correlations(paths: Paths, constructs: Iterable[str] = CONSTRUCTS) -> pd.DataFrame:
    """Compute the correlations of the constructs that standardised paths imply.

    Raises
    ------
    SettingsError
        If the paths explain the whole variance of a construct, or more.
    """
    names = list(constructs)
    direct = _direct_effects(paths, names)
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


def explained_variances(paths: Paths, constructs: Iterable[str] = CONSTRUCTS) -> dict[str, float]:
    """Compute the share of each construct's variance that its paths explain (R squared)."""
    names = list(constructs)
    explained = _direct_effects(paths, names) * implied_correlations(paths, names).to_numpy()
    return dict(zip(names, explained.sum(axis=0).tolist(), strict=True))


def total_effects(
    paths: Paths, constructs: Iterable[str] = CONSTRUCTS
) -> dict[tuple[str, str], float]:
    """Compute direct plus indirect effects, for every pair that some route connects."""
    names = list(constructs)
    direct = _direct_effects(paths, names)
    total = np.linalg.inv(np.eye(len(names)) - direct) - np.eye(len(names))
    return {
        (names[source], names[target]): float(total[source, target])
        for source, target in zip(*np.nonzero(total), strict=True)
    }


def draw_latent_scores(
    rng: np.random.Generator,
    innovation_rng: np.random.Generator,
    rate_score: Floats,
    pattern: Floats,
    firm: FirmParameters,
) -> pd.DataFrame:
    """Draw everybody's standardised scores on the constructs.

    Parameters
    ----------
    rng, innovation_rng : Generator
        Perceived innovation has a stream of its own.
    rate_score : ndarray of shape (n,)
        Purchase rate as a standard normal score: part of what moves loyalty.
    pattern : ndarray of shape (n,)
        Score of the customer's region and sex: part of what moves satisfaction.

    Returns
    -------
    DataFrame of shape (n, 8)
        The constructs in causal order, ``alternatives``, ``delay`` and ``innovation``.
    """
    size = rate_score.size
    alternatives, delay = rng.standard_normal(size), rng.standard_normal(size)
    causes = {
        "satisfaction": (
            (firm.sem_delay_satisfaction, delay),
            (firm.sem_group_satisfaction, pattern),
        ),
        "loyalty": (
            (firm.sem_rate_loyalty, rate_score),
            (firm.sem_alternatives_loyalty, alternatives),
        ),
    }
    paths, unexplained = path_coefficients(firm), unexplained_variances(firm)
    scores: dict[str, Floats] = {}
    for name in CONSTRUCTS:
        score = np.sqrt(unexplained[name]) * rng.standard_normal(size)
        for (source, target), slope in paths.items():
            if target == name:
                score = score + slope * scores[source]
        for slope, cause in causes.get(name, ()):
            score = score + slope * cause
        scores[name] = score
    innovation = innovation_rng.standard_normal(size)
    for slope, moderator in (
        (firm.sem_moderation_loyalty, alternatives),
        (firm.sem_moderation_innovation, innovation),
    ):
        moderation = slope * scores["satisfaction"] * moderator
        scores["loyalty"] = scores["loyalty"] + moderation
    return pd.DataFrame({**scores, MODERATOR: alternatives, "delay": delay, INNOVATION: innovation})


def unexplained_variances(firm: FirmParameters) -> dict[str, float]:
    """Compute the variance of each construct that no cause of it explains.

    Raises
    ------
    SettingsError
        If the causes explain more than there is.
    """
    unexplained = {n: 1 - r2 for n, r2 in explained_variances(path_coefficients(firm)).items()}
    # the causes are independent of each other, and of variance 1, as is the product of two
    outside = {
        "satisfaction": ("sem_delay_satisfaction", "sem_group_satisfaction"),
        "loyalty": (
            *("sem_rate_loyalty", "sem_alternatives_loyalty"),
            *("sem_moderation_loyalty", "sem_moderation_innovation"),
        ),
    }
    for name, parameters in outside.items():
        unexplained[name] -= sum(getattr(firm, parameter) ** 2 for parameter in parameters)
        if unexplained[name] < 0:
            values = ", ".join(f"{known} = {getattr(firm, known)}" for known in parameters)
            raise SettingsError(f"simulated firm: {values} leaves {name} a negative variance")
    return unexplained
