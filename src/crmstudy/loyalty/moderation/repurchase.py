"""Do satisfied customers buy again: what was said against what was bought.

Whether a respondent bought at all is explained by logistic regression, how often by a
Poisson regression with standard errors that do not ask for its variance (Gourieroux,
Monfort & Trognon, 1984; Wooldridge, 1999), each without and with what the customer bought
before the answer. A structural equation model, in which satisfaction is latent and the
logarithm of one plus the purchases its outcome, tells the same without scores.

References
----------
Gourieroux, C., Monfort, A., & Trognon, A. (1984). Pseudo maximum likelihood methods:
Applications to Poisson models. Econometrica, 52(3), 701-720.
Mittal, V., & Kamakura, W. A. (2001). Satisfaction, repurchase intent, and repurchase
behavior: Investigating the moderating effect of customer characteristics. J. Marketing
Research, 38(1), 131-142.
Wooldridge, J. M. (1999). Distribution-free estimation of some nonlinear panel data models.
J. Econometrics, 90(1), 77-97.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.result import wald_columns
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.moderation.asked import find_construct, name_label
from crmstudy.loyalty.moderation.bands import cut_bands, share_by_band
from crmstudy.loyalty.moderation.factor_scores import score_respondents
from crmstudy.loyalty.moderation.follow_up import FollowUp, follow_respondents
from crmstudy.loyalty.moderation.scale_means import score_points

LEAST_IN_BAND = 30  # respondents: fewer give a share that says little
LEAST_EVENTS = 10  # of each outcome: fewer for a regression of two predictors are too few
ODDS, RATE, PATH = "odds ratio", "rate ratio", "standardised path"
_EARLIER, _LATER = "earlier_purchases", "later_purchases"


@dataclass(frozen=True)
class Repurchase:
    """Satisfaction and loyalty against purchases after the answer.

    Attributes
    ----------
    follow_up : FollowUp
        Who could be followed.
    effects : DataFrame
        predictor, outcome, measure, "earlier purchases" (``left out`` or ``held equal``),
        n, effect, se, lower, upper, p value. The effect is per standard deviation of the
        latent predictor: its logarithm for ratios (log odds, log rate).
    bands : DataFrame
        Share who bought again by points of satisfaction: from, to, n, share, lower, upper.
    n_used : int
        Respondents followed, with all items of satisfaction answered.
    share_again : float
        Share of them who bought again.
    scored_by : str
        How predictors were scored.
    level : float
        Level of every interval.
    """

    follow_up: FollowUp
    effects: pd.DataFrame
    bands: pd.DataFrame
    n_used: int
    share_again: float
    scored_by: str
    level: float

    def table(self) -> pd.DataFrame:
        """Return the effects with ratios in place of their logarithms."""
        shown = self.effects.drop(columns="se")
        ratio = shown["measure"].isin([ODDS, RATE])
        for column in ("effect", "lower", "upper"):
            shown[column] = shown[column].where(~ratio, np.exp(shown[column]))
        return shown

    def flow(self) -> pd.DataFrame:
        """Return what became of the respondents: respondents, n."""
        rows = [*self.follow_up.counts.items(), ("followed, all items answered", self.n_used)]
        return pd.DataFrame(rows, columns=["respondents", "n"])

    def effect(
        self, predictor: str = "", measure: str = ODDS, *, controlled: bool = True
    ) -> dict[str, float] | NotAvailable:
        """Effect, se, p value, lower and upper of one row; the first predictor by default."""
        held = "held equal" if controlled else "left out"
        wanted = predictor or self.effects["predictor"].iloc[0]
        found = self.effects[
            (self.effects["predictor"] == wanted)
            & (self.effects["measure"] == measure)
            & (self.effects["earlier purchases"] == held)
        ]
        if found.empty:
            return NotAvailable(f"no {measure} of {wanted} could be estimated")
        return {
            name: float(found.iloc[0][name])
            for name in ("effect", "se", "p value", "lower", "upper")
        }

    def to_metrics(self) -> dict[str, float]:
        """Counts, the share who bought again, and every effect."""
        metrics: dict[str, float] = {"n_used": self.n_used, "share_again": self.share_again}
        for reason, count in self.follow_up.counts.items():
            metrics[f"n_{reason.replace(' ', '_').replace('-', '_')}"] = count
        first = self.effects["predictor"].iloc[0]
        for row in self.effects.to_dict("records"):
            who = "satisfaction" if row["predictor"] == first else "loyalty"
            held = "" if row["earlier purchases"] == "left out" else "_earlier_equal"
            key = f"{row['measure'].replace(' ', '_')}_{who}{held}"
            metrics |= {f"log_{key}" if "ratio" in key else key: row["effect"]}
        return metrics


def join_repurchase(
    answers: pd.DataFrame | NotAvailable,
    transactions: pd.DataFrame | NotAvailable,
    *,
    instrument: Mapping[str, Any],
    scales: Mapping[str, Mapping[str, Any]],
    weeks: int,
    model: StructuralModel | NotAvailable | None = None,
    level: float = 0.95,
) -> Repurchase | NotAvailable:
    """Join answers with purchases, and ask whether the satisfied buy again.

    Parameters
    ----------
    answers : DataFrame
        Items, ``customer_id`` and ``answered_on``; reverse-scored items turned round.
    transactions : DataFrame
        The ledger of the same firm: ``customer_id``, ``ordered_at``, ``revenue``.
    instrument : mapping
        ``constructs`` and ``focus`` as study.yml gives them.
    scales : mapping
        Item to its ``minimum`` and ``maximum`` (the table of the instrument).
    weeks : int
        Weeks after the answer in which purchases are counted.

    Raises
    ------
    ModelError
        If the survey cannot be joined, or too few of the respondents who can be followed
        bought again or did not.
    """
    if isinstance(answers, NotAvailable):
        return answers
    if isinstance(transactions, NotAvailable):
        return transactions
    asked = [find_construct(instrument, "satisfaction", model=model)]
    if instrument.get("focus", {}).get("loyalty"):
        asked.append(find_construct(instrument, "loyalty", model=model))
    follow_up = follow_respondents(answers, transactions, weeks=weeks)
    scores, scored_by = score_respondents(answers, constructs=asked)
    points = score_points(answers, items=asked[0].items, scales=scales)
    rows = follow_up.cases.join(scores).assign(points=points)
    rows = rows[rows[asked[0].name].notna()]
    again = rows["purchases"].to_numpy(dtype=float) > 0
    few = int(min(again.sum(), len(again) - again.sum()))
    if few < LEAST_EVENTS:
        raise ModelError(
            f"of {len(again)} respondents followed for {weeks} weeks {int(again.sum())} bought "
            f"again: at least {LEAST_EVENTS} who did and as many who did not are needed"
        )
    place = rows["points"].to_numpy(dtype=float)
    effects = [_explain(rows, answers, each, level=level) for each in asked]
    return Repurchase(
        follow_up=follow_up,
        effects=pd.concat(effects, ignore_index=True),
        bands=share_by_band(place, again, cut_bands(place, least=LEAST_IN_BAND), level=level),
        n_used=len(rows),
        share_again=float(again.mean()),
        scored_by=scored_by,
        level=level,
    )


def regress_purchases(
    outcome: np.ndarray, design: np.ndarray, *, family: str
) -> tuple[np.ndarray, np.ndarray]:
    """Regress an event (``"logit"``) or a count (``"poisson"``) on a design with a constant.

    Returns
    -------
    coefficients, covariance : arrays
        The covariance is the sandwich (HC0).

    Raises
    ------
    ModelError
        If predictors tell the event without error, or the search does not end.
    """
    from statsmodels.genmod.families import Binomial, Poisson
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import (
        ConvergenceWarning,
        PerfectSeparationError,
        PerfectSeparationWarning,
    )

    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ModelError("a predictor of repurchase is constant or a combination of others")
    chosen = Binomial() if family == "logit" else Poisson()
    with warnings.catch_warnings():
        for bad in (ConvergenceWarning, PerfectSeparationWarning, RuntimeWarning):
            warnings.simplefilter("error", bad)
        try:
            fit = GLM(outcome, design, family=chosen).fit(cov_type="HC0", tol=1e-12, maxiter=100)
        except (Warning, PerfectSeparationError) as error:
            raise ModelError(f"repurchase cannot be explained: {error}") from None
    return np.asarray(fit.params), np.asarray(fit.cov_params())


def _explain(
    rows: pd.DataFrame, answers: pd.DataFrame, construct: Construct, *, level: float
) -> pd.DataFrame:
    """Explain purchases by one construct, in every way."""
    known = rows[rows[construct.name].notna()]
    score, earlier = known[construct.name].to_numpy(), np.log1p(known["earlier"].to_numpy())
    count = known["purchases"].to_numpy(dtype=float)
    found = []
    for held, controls in (("left out", []), ("held equal", [earlier])):
        design = np.column_stack([np.ones(len(known)), score, *controls])
        for measure, outcome, family in (
            (ODDS, (count > 0).astype(float), "logit"),
            (RATE, count, "poisson"),
        ):
            try:
                coefficients, covariance = regress_purchases(outcome, design, family=family)
            except ModelError:
                continue
            effect, se = float(coefficients[1]), float(np.sqrt(covariance[1, 1]))
            found.append((measure, held, len(known), effect, se))
        found += _estimate_path(known, answers, construct, controlled=bool(controls), held=held)
    return _arrange(found, name_label(construct), level=level)


def _estimate_path(
    known: pd.DataFrame, answers: pd.DataFrame, construct: Construct, *, controlled: bool, held: str
) -> list[tuple[str, str, int, float, float]]:
    """Estimate the standardised path from the latent variable to the log of 1 + purchases."""
    joined = answers.loc[known.index].assign(
        **{_LATER: np.log1p(known["purchases"]), _EARLIER: np.log1p(known["earlier"])}
    )
    sources = [construct]
    if controlled:
        sources.append(Construct("earlier", [_EARLIER]))
    model = StructuralModel(
        (*sources, Construct("later", [_LATER])),
        tuple(Path(each.name, "later") for each in sources),
        "repurchase",
    )
    try:
        paths = fit_sem(joined, model=model).paths(errors="satorra-bentler")
    except ModelError:
        return []
    if isinstance(paths, NotAvailable):
        return []
    row = paths.iloc[0]
    return [(PATH, held, len(known), float(row["standardised"]), float(row["standardised se"]))]


_OUTCOMES = {ODDS: "bought again", RATE: "number of purchases", PATH: "log(1 + purchases)"}


def _arrange(
    found: Sequence[tuple[str, str, int, float, float]], label: str, *, level: float
) -> pd.DataFrame:
    columns = ["measure", "earlier purchases", "n", "effect", "se"]
    frame = pd.DataFrame(list(found), columns=columns)
    frame.insert(0, "predictor", label)
    frame.insert(1, "outcome", frame["measure"].map(_OUTCOMES))
    wald = wald_columns(frame["effect"].to_numpy(), frame["se"].to_numpy(), level=level)
    return frame.assign(**{name: wald[name] for name in ("lower", "upper", "p value")})
