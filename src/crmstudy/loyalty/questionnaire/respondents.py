"""Who answered without reading: signs that are counted, never a reason to drop silently.

References
----------
Curran, P. G. (2016). Methods for the detection of carelessly invalid responses in survey
data. Journal of Experimental Social Psychology, 66, 4-19.
Dunn, A. M., Heggestad, E. D., Shanock, L. R., & Theilgard, N. (2018). Intra-individual
response variability as an indicator of insufficient effort responding. Journal of
Business and Psychology, 33(1), 105-121.
Kuriakose, N., & Robbins, M. (2016). Don't get duped: Fraud through duplication in public
opinion surveys. Statistical Journal of the IAOS, 32(3), 283-291.
Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data.
Psychological Methods, 17(3), 437-455.
Tabachnick, B. G., & Fidell, L. S. (2013). Using multivariate statistics (6th ed.). Pearson.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.questionnaire.reading import Instrument, read_answers
from crmstudy.shares import wilson_limits
from crmstudy.statistics.threads import hold_one_thread

Floats = NDArray[np.float64]

#: Items on one scale below which a run or an equal set of answers says little (house rule).
MIN_BATTERY = 10
#: Respondents farther out than this share of a normal sample: Tabachnick & Fidell (2013).
OUTLYING = 0.001


class Sign(NamedTuple):
    """One sign of a careless respondent."""

    name: str
    rule: str
    source: str


SKIPPED = Sign("most items skipped", "fewer than half of the items answered", "house rule")
CONSTANT = Sign(
    "the same answer throughout",
    "no variance over the items of one scale",
    "Dunn et al. (2018)",
)
RUN = Sign("a long run of one answer", "half of the items of one scale, in a row", "Curran (2016)")
TWIN = Sign(
    "the answers of another respondent",
    "equal in every item, and not the same answer throughout",
    "Kuriakose & Robbins (2016)",
)
FAR = Sign(
    "an unlikely combination of answers",
    "Mahalanobis distance, p < .001",
    "Tabachnick & Fidell (2013)",
)


@dataclass(frozen=True)
class RespondentScreen:
    """Signs of careless answers.

    Attributes
    ----------
    signs : DataFrame
        One row a sign: ``sign, rule, judged`` (respondents it can be asked of),
        ``respondents`` (who show it), ``share`` of those judged with its Wilson interval
        ``lower, upper``, and ``source``. The last row counts who shows any.
    respondents : DataFrame
        Indexed as the survey: ``items skipped``, ``longest run`` (of one answer, as a
        number of items; gaps end a run), ``spread`` (SD of the answers on the longest
        battery), ``distance`` (squared Mahalanobis distance, NaN with a gap) and, for
        every sign, whether it is shown.
    notes : tuple of str
        Signs that could not be looked for, and why.
    level : float
        Of the intervals.
    """

    signs: pd.DataFrame
    respondents: pd.DataFrame
    notes: tuple[str, ...]
    level: float

    def table(self) -> pd.DataFrame:
        """Return the signs, a row each."""
        return self.signs.copy()

    def to_metrics(self) -> dict[str, float]:
        """Respondents with each sign, by names such as ``n_run``."""
        short = {SKIPPED: "n_skipped", CONSTANT: "n_constant", RUN: "n_run"}
        short |= {TWIN: "n_twin", FAR: "n_far"}
        counts = self.signs.set_index("sign")["respondents"]
        known: dict[str, float] = {
            key: int(counts[sign.name]) for sign, key in short.items() if sign.name in counts
        }
        return known | {"n_any_sign": int(counts.iloc[-1]), "n_respondents": len(self.respondents)}


@passes_absence
def screen_respondents(
    survey: pd.DataFrame, *, instrument: Instrument, level: float = 0.95
) -> RespondentScreen:
    """Look for respondents who may not have read the questions.

    Nobody is left out: each sign has innocent causes (a satisfied customer may well give
    the same answer to all questions), and cutting by them changes the population.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
        At least one row. Answers as given: a reverse-scored item is not turned round,
        because who does not read does not turn it either. Items count as asked in the
        order of the columns.
    instrument : mapping
        Items with their scales; items on one scale make a battery.
    level : float
        Of Wilson's intervals.

    Raises
    ------
    DataError
        If an item is no column, or an answer is not a number on its scale.
    """
    answers = read_answers(survey, instrument=instrument)
    answers = answers[[column for column in survey.columns if column in answers]]
    batteries = _split_by_scale(answers, instrument)
    shown: dict[Sign, pd.Series] = {SKIPPED: 2 * answers.notna().sum(axis=1) < answers.shape[1]}
    measured = {"items skipped": answers.isna().sum(axis=1)}
    notes = []
    if batteries:
        runs = [longest_runs(battery.to_numpy()) for battery in batteries]
        half = [np.ceil(battery.shape[1] / 2) for battery in batteries]
        spread = batteries[0].std(axis=1, ddof=1)
        measured["longest run"] = pd.Series(np.max(runs, axis=0), index=answers.index)
        measured["spread"] = spread
        enough = 2 * batteries[0].notna().sum(axis=1) >= batteries[0].shape[1]
        shown[CONSTANT] = (spread == 0.0).where(enough)
        long = [run >= limit for run, limit in zip(runs, half, strict=True)]
        shown[RUN] = pd.Series(np.any(long, axis=0), index=answers.index)
        complete = answers.notna().all(axis=1)
        twin = answers.duplicated(keep=False) & (
            batteries[0].min(axis=1) < batteries[0].max(axis=1)
        )
        shown[TWIN] = twin.where(complete)
    else:
        notes.append(
            f"no {MIN_BATTERY} items share a scale: runs, equal answers throughout and equal "
            "respondents are not looked for"
        )
    distance = measure_distances(answers)
    if isinstance(distance, NotAvailable):
        notes.append(f"unlikely combinations are not looked for: {distance.reason}")
    else:
        measured["distance"] = distance
        far = pd.Series(_tail(distance.to_numpy(), answers.shape[1]), index=answers.index)
        shown[FAR] = (far < OUTLYING).where(distance.notna())
    return _arrange(shown, measured, notes, level)


def longest_runs(answers: Floats) -> NDArray[np.int64]:
    """Measure each row's longest run of one answer; a gap (NaN) belongs to no run.

    ``careless::longstring`` of R, but for gaps at the start, where that counts one.
    """
    current = np.zeros(len(answers), dtype=np.int64)
    longest = current.copy()
    before = np.full(len(answers), np.nan)
    for column in answers.T:
        current = np.where(column == before, current + 1, 1)
        current[np.isnan(column)] = 0
        longest = np.maximum(longest, current)
        before = column
    return longest


def measure_distances(answers: pd.DataFrame) -> pd.Series | NotAvailable:
    """Measure squared Mahalanobis distances of complete rows from their mean.

    NaN for a row with a gap. As ``stats::mahalanobis(x, colMeans(x), cov(x))`` of R.
    """
    complete = answers.dropna()
    n, p = complete.shape
    if n <= p:
        return NotAvailable(f"{n} complete respondents are too few for {p} items")
    centred = complete.to_numpy() - complete.to_numpy().mean(axis=0)
    covariance = np.atleast_2d(np.cov(centred, rowvar=False))
    scale = np.sqrt(np.diag(covariance))
    if not scale.all() or np.linalg.eigvalsh(covariance / np.outer(scale, scale))[0] < 1e-8:
        return NotAvailable("an item is constant, or a combination of others")
    with hold_one_thread("blas"):  # the same bytes everywhere
        squared = np.einsum("ij,ij->i", centred, np.linalg.solve(covariance, centred.T).T)
    return pd.Series(squared, index=complete.index).reindex(answers.index)


def _split_by_scale(answers: pd.DataFrame, instrument: Instrument) -> list[pd.DataFrame]:
    """Group items that share a scale; batteries of ten items or more, longest first."""
    scales: dict[tuple[float, float], list[str]] = {}
    for item in answers:
        spec = instrument[str(item)]
        scales.setdefault((spec["minimum"], spec["maximum"]), []).append(str(item))
    long = [items for items in scales.values() if len(items) >= MIN_BATTERY]
    return [answers[items] for items in sorted(long, key=len, reverse=True)]


def _tail(distance: Floats, df: int) -> Floats:
    from scipy.special import chdtrc

    return np.asarray(chdtrc(df, distance))


def _arrange(
    shown: dict[Sign, pd.Series],
    measured: dict[str, pd.Series],
    notes: Iterable[str],
    level: float,
) -> RespondentScreen:
    flags = pd.DataFrame({sign.name: values.eq(True) for sign, values in shown.items()})
    rows = [
        (*sign[:2], int(values.notna().sum()), int(values.eq(True).sum()), sign.source)
        for sign, values in shown.items()
    ]
    some = int(flags.any(axis=1).sum())
    rows.append(("any of these", "one sign or more", len(flags), some, "house rule"))
    signs = pd.DataFrame(rows, columns=["sign", "rule", "judged", "respondents", "source"])
    judged = signs["judged"].where(signs["judged"] > 0)
    signs["share"] = signs["respondents"] / judged
    lower, upper = wilson_limits(signs["respondents"], judged, confidence=level)
    signs["lower"], signs["upper"] = lower, upper
    order = ["sign", "rule", "judged", "respondents", "share", "lower", "upper", "source"]
    respondents = pd.concat([pd.DataFrame(measured), flags], axis=1)
    return RespondentScreen(signs[order], respondents, tuple(notes), level)
