"""Power of the paths, by simulated surveys: how many respondents until each is found.

For every planned number of respondents, surveys are drawn from a supposed population, the
model is estimated from each, and it is counted how often a path is found (admissible
solution, two-sided test, right sign), how far its estimate is off, and how often its
interval covers the truth. Answers are drawn from a normal distribution, whose sample
covariance matrices are Wishart matrices and need no respondents to be drawn.

Power at the observed effect and the observed number of respondents is a function of the
p-value and says nothing new (Hoenig & Heisey 2001); what is planned is the next survey.

References
----------
Muthén, L. K., & Muthén, B. O. (2002). How to use a Monte Carlo study to decide on sample
size and determine power. Structural Equation Modeling, 9(4), 599-620.
Hoenig, J. M., & Heisey, D. M. (2001). The abuse of power: The pervasive fallacy of power
calculations for data analysis. The American Statistician, 55(1), 19-24.
Collins, L. M., Schafer, J. L., & Kam, C.-M. (2001). A comparison of inclusive and
restrictive strategies in modern missing data procedures. Psychological Methods, 6(4),
330-351. (Bias in standard errors: below .4 it hardly harms intervals.)
Bentler, P. M., & Chou, C.-P. (1987). Practical issues in structural modeling. Sociological
Methods & Research, 16(1), 78-117.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from crmstudy.errors import ModelError, passes_absence
from crmstudy.loyalty.measurement.constructs import name_in_print
from crmstudy.loyalty.power.needed import Needed, find_needed
from crmstudy.loyalty.power.population import Population
from crmstudy.loyalty.power.surveys import choose_sizes, draw_normal_covariances
from crmstudy.shares import wilson_limits
from crmstudy.statistics.draws import draw_seeds

STAGE = 270
PER_PARAMETER = 10  # the rule of thumb: Bentler & Chou (1987), for any distribution


@dataclass(frozen=True)
class SurveyPlan:
    """How often each path is found, by the number of respondents.

    Attributes
    ----------
    population : Population
    paths : DataFrame
        One row a path and number of respondents: ``source``, ``target``, ``respondents``,
        ``power``, ``lower``, ``upper`` (Wilson 95%), ``coverage`` of the 95% intervals and
        ``bias`` in standard deviations of the estimates, over the admissible draws.
    draws : DataFrame
        One row a number of respondents: ``respondents``, ``draws``, ``failed``,
        ``inadmissible`` (counts).
    needed : tuple of Needed
        One a path, in the model's order.
    power, alpha : float
        Wanted power, and level of the two-sided tests.
    n_draws : int
    labels : dict
        Name of each construct to what it is called in print.
    """

    population: Population
    paths: pd.DataFrame
    draws: pd.DataFrame
    needed: tuple[Needed, ...]
    power: float
    alpha: float
    n_draws: int
    labels: dict[str, str]

    @property
    def critical(self) -> Needed:
        """The path that takes the most respondents."""
        return max(self.needed, key=lambda each: (each.kind == "more", each.n))

    @property
    def rule_of_thumb(self) -> int:
        """Ten respondents a parameter."""
        return PER_PARAMETER * len(self.population.theta)

    def table(self) -> pd.DataFrame:
        """Smallest number of respondents for each path, with its Monte Carlo interval."""
        true = self.population.standardised_paths()
        rows = [
            (
                self.name_path(each.source, each.target),
                true[each.source, each.target],
                each.words(),
                each.interval(),
            )
            for each in self.needed
        ]
        return pd.DataFrame(
            rows, columns=["path", "standardised", "minimum respondents", "95% interval"]
        )

    def quality(self) -> pd.DataFrame:
        """What each number of respondents is worth, over all paths.

        ``respondents``, ``lowest power`` and its ``path``, ``lowest coverage``, ``largest
        bias`` (in standard errors), ``not admissible`` (share of draws, failed ones among
        them).
        """
        rows = []
        for counts in self.draws.to_dict("records"):
            part = self.paths[self.paths["respondents"] == counts["respondents"]]
            least = part.loc[part["power"].idxmin()]
            rows.append(
                (
                    counts["respondents"],
                    least["power"],
                    self.name_path(least["source"], least["target"]),
                    part["coverage"].min(),
                    part["bias"].abs().max(),
                    (counts["failed"] + counts["inadmissible"]) / counts["draws"],
                )
            )
        columns = ["respondents", "lowest power", "path", "lowest coverage"]
        return pd.DataFrame(rows, columns=[*columns, "largest bias", "not admissible"])

    def name_path(self, source: str, target: str) -> str:
        """Name a path by its constructs' labels."""
        return f"{self.labels[source]} → {self.labels[target]}"

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``minimum_n_quality_value`` where the grid holds it."""
        metrics: dict[str, float] = {
            "n_draws": self.n_draws,
            "power_wanted": self.power,
            "rule_of_thumb": self.rule_of_thumb,
        }
        for each in self.needed:
            if each.kind == "found":
                metrics[f"minimum_n_{each.source}_{each.target}".lower()] = each.n
        if self.critical.kind != "more":
            metrics["minimum_n"] = self.critical.n
        return metrics


@passes_absence
def plan_survey(
    population: Population,
    *,
    seed: int,
    power: float = 0.80,
    n_draws: int = 200,
    alpha: float = 0.05,
    sizes: Sequence[int] = (),
) -> SurveyPlan:
    """Simulate surveys of several sizes and find the smallest that finds each path.

    Parameters
    ----------
    population : Population
    seed : int
        The study's seed.
    power : float
        Wanted, between alpha and 1.
    n_draws : int
        Surveys for each number of respondents, at least 20.
    alpha : float
        Level of the two-sided tests.
    sizes : sequence of int
        Numbers of respondents; chosen around what the expected information promises when
        none are given.

    Raises
    ------
    ModelError
        If the model has no paths, a number lies outside its range, or a size is not larger
        than the number of items.
    """
    structure = population.structure
    places = [k for k, p in enumerate(structure.parameters) if p.op == "~"]
    _refuse_impossible(population, places, power=power, alpha=alpha, n_draws=n_draws)
    chosen = tuple(sizes) or choose_sizes(population, power=power, alpha=alpha)
    n_items = len(population.model.items)
    if min(chosen) <= n_items:
        raise ModelError(f"a survey of {min(chosen)} is too small for {n_items} items")
    seeds = draw_seeds(seed, stage=STAGE, n=len(chosen))
    parts = [
        _simulate(population, places, n=n, n_draws=n_draws, seed=s, alpha=alpha)
        for n, s in zip(chosen, seeds, strict=True)
    ]
    paths = pd.concat([part for part, _ in parts], ignore_index=True)
    needed = tuple(
        find_needed(paths[(paths["source"] == p.right) & (paths["target"] == p.left)], power=power)
        for p in (structure.parameters[k] for k in places)
    )
    return SurveyPlan(
        population=population,
        paths=paths,
        draws=pd.DataFrame([counts for _, counts in parts]),
        needed=needed,
        power=power,
        alpha=alpha,
        n_draws=n_draws,
        labels=name_in_print(population.model.constructs),
    )


def _refuse_impossible(
    population: Population, places: list[int], *, power: float, alpha: float, n_draws: int
) -> None:
    if not places:
        raise ModelError(f"model {population.model.name!r} has no paths to find")
    if not alpha < power < 1.0:
        raise ModelError(f"a power lies between the level {alpha:g} and 1, found {power:g}")
    if n_draws < 20:
        raise ModelError(f"power needs at least 20 draws for each size, found {n_draws}")


def _simulate(
    population: Population, places: list[int], *, n: int, n_draws: int, seed: int, alpha: float
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Draw surveys of one size: one row a path, and how many draws were lost."""
    from crmstudy.loyalty.resampling.engine import refit_samples, standard_errors

    structure, theta = population.structure, population.theta
    samples = draw_normal_covariances(structure.implied(theta), n=n, n_draws=n_draws, seed=seed)
    refits = refit_samples(structure, samples, start=theta)
    kept = refits.admissible
    estimates = refits.theta[kept][:, places]
    se = standard_errors(structure, refits.theta[kept], n)[:, places]
    true = theta[places]
    found = (estimates * np.sign(true) / se > ndtri(1.0 - alpha / 2.0)).sum(axis=0)
    lower, upper = wilson_limits(found, np.full(len(places), n_draws))
    some = max(int(kept.sum()), 1)
    covered = (np.abs(estimates - true) <= ndtri(0.975) * se).sum(axis=0) / some
    spread = estimates.std(axis=0) if len(estimates) > 1 else np.ones(len(places))
    off = (estimates.sum(axis=0) / some - true) / spread
    rows = pd.DataFrame(
        {
            "source": [structure.parameters[k].right for k in places],
            "target": [structure.parameters[k].left for k in places],
            "respondents": n,
            "power": found / n_draws,
            "lower": lower,
            "upper": upper,
            "coverage": covered,
            "bias": off,
        }
    )
    counts = {"failed": refits.n_failed, "inadmissible": refits.n_inadmissible}
    return rows, {"respondents": n, "draws": n_draws, **counts}
