"""Do 95% intervals of a structural equation model hold the truth in 95%? The simulated firm.

Surveys drawn as the firm's respondents answer; of every standardised path and indirect effect
the normal-theory interval, and the percentile and BCa intervals of a bootstrap. Arguments:
number of surveys (default 100, about a minute), respondents in each (default 300), bootstrap
samples (default 999).
"""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from time import perf_counter

import numpy as np
import pandas as pd

from crmstudy.collection.simulate import survey
from crmstudy.collection.simulate.latent import (
    CONSTRUCTS,
    PATHS,
    draw_latent_scores,
    path_coefficients,
    total_effects,
)
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.collection.simulate.people import group_pattern, group_shares
from crmstudy.collection.simulate.survey import ITEMS
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.resampling.bootstrap import bootstrap_model
from crmstudy.loyalty.resampling.effects import bound_effects
from crmstudy.loyalty.structure.effects import trace_effects
from crmstudy.shares import wilson_limits

FIRM = FirmParameters()
MODEL = StructuralModel(
    tuple(
        Construct(name, [item for item, spec in ITEMS.items() if spec.construct == name])
        for name in CONSTRUCTS
    ),
    tuple(Path(*ends) for ends in PATHS),
    "satisfaction_index",
)
KINDS = ("delta", "percentile", "BCa")


def draw_answers(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """One survey, as the firm's respondents answer."""
    share = group_shares().ravel()
    pattern = group_pattern().ravel()[rng.choice(share.size, n, p=share / share.sum())]
    generators = [p for p in inspect.signature(draw_latent_scores).parameters if "rng" in p]
    scores = draw_latent_scores(*[rng for _ in generators], rng.standard_normal(n), pattern, FIRM)
    return pd.DataFrame({item: survey._answer(rng, scores, ITEMS[item]) for item in MODEL.items})


def list_truth() -> dict[tuple[str, str, str], float]:
    """True standardised paths and total indirect effects."""
    paths, total = path_coefficients(FIRM), total_effects(path_coefficients(FIRM))
    truth = {(*ends, "direct"): value for ends, value in paths.items()}
    return truth | {
        (*ends, "total indirect"): value - paths.get(ends, 0.0) for ends, value in total.items()
    }


def try_survey(number: int, n: int, n_draws: int) -> dict[tuple[str, str, str, str], bool] | None:
    """Which intervals of one survey hold the truth; None if the gate withholds the model."""
    fit = fit_sem(draw_answers(np.random.default_rng([20261123, number]), n), model=MODEL)
    if not fit.admissible:
        return None
    effects = trace_effects(fit)
    bounded = bound_effects(effects, bootstrap_model(fit, n_draws=n_draws, seed=number))
    table, truth, held = bounded.table(standardised=True), list_truth(), {}
    table["delta lower"] = effects.standardised - 1.959964 * effects.standardised_se
    table["delta upper"] = effects.standardised + 1.959964 * effects.standardised_se
    for row in table.to_dict("records"):
        name = row["source"], row["target"], row["effect"]
        if name in truth:
            for kind in KINDS:
                held[*name, kind] = row[f"{kind} lower"] <= truth[name] <= row[f"{kind} upper"]
    return held


def main() -> int:
    """Draw, estimate, count, print."""
    given = [int(each) for each in sys.argv[1:]]
    surveys, n, n_draws = (*given, *(100, 300, 999)[len(given) :])
    start, held, withheld = perf_counter(), defaultdict(list), 0
    for number in range(surveys):
        found = try_survey(number, n, n_draws)
        withheld += found is None
        for name, holds in (found or {}).items():
            held[name].append(holds)
    print(
        f"{surveys} surveys of {n} respondents, {n_draws} bootstrap samples each, "
        f"{perf_counter() - start:.0f} s; {withheld} withheld by the gate"
    )
    for name, holds in held.items():
        low, high = (float(each) for each in wilson_limits(sum(holds), len(holds)))
        source, target, effect, kind = name
        print(
            f"  {f'{source} -> {target}, {effect}':<44} {kind:<10} {np.mean(holds):6.1%}  "
            f"[{low:.1%}, {high:.1%}]"
        )
    for kind in KINDS:
        every = [hold for name, holds in held.items() if name[3] == kind for hold in holds]
        print(f"all, {kind:<10} {np.mean(every):.1%}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
