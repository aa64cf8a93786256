"""Are the respondents a small picture of the population that the frame lists?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from crmstudy.checks import Check
from crmstudy.collection.fieldwork.intervals import require_columns
from crmstudy.collection.fieldwork.nonresponse import adjust_holm
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError

#: A number with more distinct values than this is cut at the quartiles of the frame.
MOST_LEVELS = 12


@dataclass(frozen=True)
class FrameComparison:
    """Respondents against the frame they came from, level by level.

    Parameters
    ----------
    levels : DataFrame
        One row a level: ``variable``, ``level``, ``respondents``, ``share_of_respondents``,
        ``share_of_frame``, ``difference`` (share points), ``merged`` (the levels too small
        to stand alone, empty where none).
    tests : DataFrame
        One row a variable: ``variable``, ``levels``, ``respondents``, ``chi2``, ``df``, ``p``,
        ``p_holm``, ``cramer_v`` (goodness of fit: 0 same shares, .1 small), ``note``.
    left_out : DataFrame
        Variables that could not be compared: ``variable``, ``reason``.
    unknown : dict of str to int
        Respondents without a level of each variable.
    level : float
        Level of the tests.
    """

    levels: pd.DataFrame
    tests: pd.DataFrame
    left_out: pd.DataFrame
    unknown: dict[str, int]
    level: float

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether the respondents have the frame's shares, one check a variable."""
        return tuple(
            Check(
                name=f"respondents have the frame's shares of {row['variable']} (p, Holm)",
                passed=bool(row["p_holm"] >= self.level),
                statistic=float(row["p_holm"]),
                threshold=f">= {self.level:g}",
                source="Pearson (1900)",
                consequence=f"weight the answers by {row['variable']}",
            )
            for row in self.tests.to_dict("records")
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row a level."""
        return self.levels.rename(columns=lambda name: str(name).replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give Cramer's V of each variable."""
        rows = self.tests.to_dict("records")
        return {f"frame_{row['variable']}_v": float(row["cramer_v"]) for row in rows}


def compare_frame(
    survey: pd.DataFrame | NotAvailable,
    customers: pd.DataFrame | NotAvailable,
    *,
    columns: Sequence[str],
    population: Mapping[str, Mapping[str, float]] | None = None,
    minimum_expected: float = 5.0,
    level: float = 0.05,
) -> FrameComparison | NotAvailable:
    """Compare the respondents with the frame by a chi-squared test of goodness of fit.

    Levels of which fewer than ``minimum_expected`` respondents are to be expected are
    merged into one, together with the next smallest where that is still too small; the
    merged row names them. A number of many values is cut at the quartiles of the frame.
    Where the customers are the frame and the respondents a part of it, chi-squared is
    multiplied by (N - 1) / (N - n), as in a sample without replacement.

    Parameters
    ----------
    survey : DataFrame
        Canonical survey; a variable is taken from it, or through ``customer_id``.
    customers : DataFrame or NotAvailable
        Canonical customers, the frame; not needed where ``population`` names every variable.
    columns : sequence of str
        Variables to compare.
    population : mapping of str to mapping of str to float, optional
        Known shares of the levels; variables not named are compared with the customers.
    minimum_expected : float
        Least expected number of respondents of a level.
    level : float
        Level of the tests that the checks use.

    Raises
    ------
    SettingsError
        If known shares do not add up.
    DataError
        If a column is nowhere, or the survey is not linked.
    ModelError
        If no variable can be compared.

    References
    ----------
    Pearson, K. (1900). Phil. Mag., 50, 157-175. Cochran, W. G. (1954). Biometrics, 10, 417-451.
    """
    if isinstance(survey, NotAvailable):
        return survey
    known = population or {}
    levels, tests, reasons, unknown = [], [], [], {}
    for column in columns:
        if isinstance(customers, NotAvailable) and column not in known:
            reasons.append({"variable": column, "reason": customers.reason})
            continue
        values = find_levels(survey, customers, column)
        unknown[column] = int(values.isna().sum())
        found = _compare(values.dropna(), customers, known.get(column), column, minimum_expected)
        if isinstance(found, NotAvailable):
            reasons.append({"variable": column, "reason": found.reason})
            continue
        levels += [{"variable": column} | row for row in found[0]]
        tests.append({"variable": column} | found[1])
    if not tests:
        reason = f": {reasons[0]['reason']}" if reasons else ""
        raise ModelError(f"no variable of the respondents can be compared with the frame{reason}")
    table = pd.DataFrame(tests)
    adjusted = adjust_holm(table["p"].to_numpy())
    table.insert(table.columns.tolist().index("p") + 1, "p_holm", adjusted)
    left_out = pd.DataFrame(reasons, columns=["variable", "reason"])
    return FrameComparison(pd.DataFrame(levels), table, left_out, unknown, level)


def _compare(
    values: pd.Series,
    customers: pd.DataFrame | NotAvailable,
    known: Mapping[str, float] | None,
    column: str,
    minimum_expected: float,
) -> tuple[list[dict[str, object]], dict[str, object]] | NotAvailable:
    if known is not None or isinstance(customers, NotAvailable):
        shares = normalise_shares(known or {}, column)
        return _fit(name_levels(values), shares, None, minimum_expected)
    require_columns(customers, [column], table="customers")
    values, frame, note = _band(values, customers[column].dropna())
    shares = name_levels(frame).value_counts(normalize=True).sort_index()
    found = _fit(name_levels(values), shares, len(frame), minimum_expected)
    if isinstance(found, NotAvailable):
        return found
    found[1]["note"] = "; ".join(part for part in (note, str(found[1]["note"])) if part)
    return found


def find_levels(
    survey: pd.DataFrame, customers: pd.DataFrame | NotAvailable, column: str
) -> pd.Series:
    """Find each respondent's level: in the survey, else through the customer's identifier."""
    if column in survey:
        return survey[column]
    if isinstance(customers, NotAvailable):
        raise DataError(f"{column!r} is not a column of survey, and there are no customers")
    require_columns(customers, [column], table="customers")
    require_columns(survey, ["customer_id"], table="survey")
    levels = customers.drop_duplicates("customer_id").set_index("customer_id")[column]
    return survey["customer_id"].map(levels)


def normalise_shares(shares: Mapping[str, float], variable: str) -> pd.Series:
    """Turn known shares (adding up to 1), percentages (100) or counts into shares.

    Raises
    ------
    SettingsError
        If they are not positive, or add up to neither and are no counts.
    """
    given = pd.Series({str(name): float(share) for name, share in shares.items()}).sort_index()
    total = float(given.sum())
    if given.empty or not np.isfinite(given).all() or (given <= 0).any():
        raise SettingsError(f"population of {variable!r}: every level needs a share above 0")
    counts = bool((given % 1 == 0).all()) and total > 101
    if not (counts or abs(total - 1) <= 0.01 or abs(total - 100) <= 1):
        raise SettingsError(
            f"population of {variable!r}: the shares add up to {total:g}; they must add up to 1, "
            "to 100, or be counts"
        )
    return given / total


def name_levels(values: pd.Series) -> pd.Series:
    """Write levels as words, whole numbers without decimals; missing ones stay missing."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("object").map(str, na_action="ignore")


def _band(values: pd.Series, frame: pd.Series) -> tuple[pd.Series, pd.Series, str]:
    """Cut a number of many values at the quartiles of the frame."""
    if not pd.api.types.is_numeric_dtype(frame) or pd.api.types.is_bool_dtype(frame):
        return values, frame, ""
    if frame.nunique() <= MOST_LEVELS:
        return values, frame, ""
    cuts = np.unique(frame.astype("float64").quantile([0.25, 0.5, 0.75]).to_numpy())
    ends = [
        f"up to {cuts[0]:g}",
        *(f"{a:g} to {b:g}" for a, b in pairwise(cuts)),
    ]
    edges, names = [-np.inf, *cuts, np.inf], [*ends, f"above {cuts[-1]:g}"]
    numbered = [f"{place} ({name})" for place, name in enumerate(names, start=1)]
    cut = [
        pd.cut(part.astype("float64"), edges, labels=numbered).astype("object")
        for part in (values, frame)
    ]
    return cut[0], cut[1], "cut at the quartiles of the frame"


def _fit(
    values: pd.Series, shares: pd.Series, size: int | None, minimum_expected: float
) -> tuple[list[dict[str, object]], dict[str, object]] | NotAvailable:
    n = len(values)
    strange = sorted(set(values) - set(shares.index))
    if strange:
        return NotAvailable(f"level {strange[0]!r} of the respondents is not in the frame")
    if n == 0:
        return NotAvailable("no respondent has a level")
    groups = _merge(shares, n, minimum_expected)
    if len(groups) < 2:
        return NotAvailable("fewer than two levels are large enough")
    counts = values.value_counts()
    observed = np.array([float(counts.reindex(group).fillna(0).sum()) for group in groups])
    expected = np.array([float(shares[group].sum()) for group in groups])
    rows = [
        {
            "level": group[0] if len(group) == 1 else "(merged)",
            "respondents": int(count),
            "share_of_respondents": count / n,
            "share_of_frame": share,
            "difference": count / n - share,
            "merged": "" if len(group) == 1 else ", ".join(group),
        }
        for group, count, share in zip(groups, observed, expected, strict=True)
    ]
    return rows, _test(observed, expected, n, size)


def _merge(shares: pd.Series, n: int, minimum_expected: float) -> list[list[str]]:
    """Group levels: each alone, the too small ones together, at the end."""
    small = shares.index[shares * n < minimum_expected].tolist()
    rest = shares.drop(small).sort_values(kind="stable")
    while small and shares[small].sum() * n < minimum_expected and len(rest):
        small.append(str(rest.index[0]))
        rest = rest.iloc[1:]
    alone = [[name] for name in shares.index if name in rest.index]
    return [*alone, sorted(small)] if small else alone


def _test(
    observed: np.ndarray, expected: np.ndarray, n: int, size: int | None
) -> dict[str, object]:
    fit = float((n * (observed / n - expected) ** 2 / expected).sum())
    part = size is not None and n < size
    chi2 = fit * (size - 1) / (size - n) if size is not None and part else fit
    df = observed.size - 1
    note = "respondents are part of the frame" if part else ""
    if size is not None and not part:
        note = "as many respondents as the frame holds"
    return {
        "levels": observed.size,
        "respondents": n,
        "chi2": chi2,
        "df": df,
        "p": float(stats.chi2.sf(chi2, df)),
        "cramer_v": float(np.sqrt(fit / (n * df))),
        "note": note,
    }
