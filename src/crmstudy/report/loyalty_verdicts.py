"""From the results of chapter 05 to the verdicts on its registered hypotheses.

Whatever level the chapter's intervals have, a verdict is decided by 95% limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import NormalDist

import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.moderation.curvature import Curvature
from crmstudy.loyalty.moderation.defectors import SatisfiedDefectors
from crmstudy.loyalty.moderation.moderators import ModerationResult
from crmstudy.loyalty.moderation.repurchase import Repurchase
from crmstudy.loyalty.questionnaire.disconfirmation import Disconfirmation
from crmstudy.loyalty.structure.rivals import ModelComparison
from crmstudy.report.verdicts import bound_paths, collect_verdicts, state_verdict

LEVEL = 0.95
FEW_DEFECTORS = 0.05  # "more than one in twenty": the share that the hypothesis names
Effect = Mapping[str, float] | NotAvailable


def from_gap(gap: Disconfirmation | NotAvailable) -> pd.DataFrame:
    """State the verdict on expectation's weight for satisfaction at the same experience.

    The weight is freed of the scores' measurement error: an unreliable expectation would
    borrow the sign of experience.
    """
    name = "gap_expectation"
    measure = "points of satisfaction by a point of expectation, freed of measurement error"
    freed = gap if isinstance(gap, NotAvailable) else replace(gap, level=LEVEL).freed_weights()
    if isinstance(gap, NotAvailable) or isinstance(freed, NotAvailable):
        assert isinstance(freed, NotAvailable)
        return _withhold(name, measure, freed)
    row = freed[freed["score"] == gap.name("expectation")].iloc[0]
    return state_verdict(
        name, measure=measure, effect=row["estimate"], lower=row["lower"], upper=row["upper"]
    )


def from_moderation(
    moderation: ModerationResult | NotAvailable, *, moderators: Mapping[str, object]
) -> pd.DataFrame:
    """State the verdict on every moderator of study.yml: its standardised product."""
    if isinstance(moderation, NotAvailable):
        found: dict[str, Effect] = dict.fromkeys(moderators, moderation)
    else:
        found = {name: moderation.effect(name) for name in moderators}
    measure = "change of the standardised path by a standard deviation of the moderator"
    rows = [_bound(f"moderation_{name}", measure, each) for name, each in found.items()]
    return collect_verdicts(rows) if rows else _no_rows()


def from_curvature(curvature: Curvature | NotAvailable) -> pd.DataFrame:
    """State the verdict on the bend of the line from satisfaction to loyalty."""
    effect = curvature if isinstance(curvature, NotAvailable) else curvature.effect()
    return _bound("satisfaction_curvature", "standardised square of satisfaction", effect)


def from_defectors(defectors: SatisfiedDefectors | NotAvailable) -> pd.DataFrame:
    """State the verdict on the satisfied who are not loyal: their share beyond one in twenty."""
    name, measure = "satisfied_defectors", "share of the satisfied, less one twentieth"
    if isinstance(defectors, NotAvailable):
        return _withhold(name, measure, defectors)
    share = replace(defectors, level=LEVEL).share()
    if isinstance(share, NotAvailable):
        return _withhold(name, measure, share)
    effect, lower, upper = (share[each] - FEW_DEFECTORS for each in ("share", "lower", "upper"))
    return state_verdict(name, measure=measure, effect=effect, lower=lower, upper=upper)


def from_repurchase(repurchase: Repurchase | NotAvailable) -> pd.DataFrame:
    """State the verdict on satisfaction and buying again, earlier purchases held equal."""
    effect = repurchase if isinstance(repurchase, NotAvailable) else repurchase.effect()
    measure = "log odds of buying again by a standard deviation of satisfaction"
    return _bound("satisfaction_repurchase", measure, effect)


def from_other_models(
    comparison: ModelComparison | NotAvailable, *, fit: SemResult | NotAvailable
) -> pd.DataFrame:
    """State the verdict on paths that only models beside the chapter's own hold.

    Each path is taken from the first admissible model that holds it; where there is none,
    the row says which model was refused, and why.
    """
    if isinstance(comparison, NotAvailable) or isinstance(fit, NotAvailable):
        return _no_rows()
    seen = {f"{path.source}_{path.target}" for path in fit.model.paths}
    stated: dict[str, pd.DataFrame] = {}
    others = [each for each in comparison.fits.values() if isinstance(each, SemResult)]
    for other in sorted(others, key=lambda each: not each.admissible):
        for key, row in _state_paths(other).items():
            if key not in seen:
                stated.setdefault(key, row)
    return collect_verdicts(list(stated.values())) if stated else _no_rows()


def _state_paths(fit: SemResult) -> dict[str, pd.DataFrame]:
    """State every path of one model, by name; of a refused one, that it is refused."""
    called = fit.model.name.replace("_", " ")
    measure = f"standardised path in the model {called}"
    bounded = bound_paths(fit)
    if isinstance(bounded, NotAvailable):
        refused = NotAvailable(f"the model {called} is refused: {bounded.reason}")
        keys = [f"{path.source}_{path.target}" for path in fit.model.paths]
        return {key: _withhold(key, measure, refused) for key in keys}
    return {
        row["key"]: state_verdict(
            row["key"],
            measure=measure,
            effect=row["standardised"],
            lower=row["lower"],
            upper=row["upper"],
            p=row["p"],
            withheld=fit.withheld,
        )
        for row in bounded.to_dict("records")
    }


def _bound(name: str, measure: str, found: Effect) -> pd.DataFrame:
    """State an effect by its standard error, or why there is none."""
    if isinstance(found, NotAvailable):
        return _withhold(name, measure, found)
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * found["se"]
    return state_verdict(
        name,
        measure=measure,
        effect=found["effect"],
        lower=found["effect"] - reach,
        upper=found["effect"] + reach,
        p=found["p value"],
    )


def _withhold(name: str, measure: str, why: NotAvailable) -> pd.DataFrame:
    return state_verdict(name, measure=measure, effect=why, lower=why, upper=why)


def _no_rows() -> pd.DataFrame:
    """Make a table of verdicts without a row."""
    nothing = NotAvailable("nothing to state")
    return _withhold("", "", nothing).iloc[:0]
