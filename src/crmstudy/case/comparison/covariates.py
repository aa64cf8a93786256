"""What was known of every customer on the eve of a campaign, as comparable covariates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.comparison.balance import MISSING
from crmstudy.errors import DataError, ModelError, NotAvailable

#: A level of a category held by fewer customers is joined with others as rare.
RARE = 0.02
OTHER = "(rare levels)"
#: A text column with more levels names customers rather than describing them.
MOST_LEVELS = 15
#: Skewed amounts enter as logarithms of one plus the amount.
SKEWED = ("n_purchases", "mean_basket", "days_since_last_purchase", "tenure_days")
KEPT_AS_IS = ("weekend_share",)
#: A column of which earlier ones leave no more than this share of its length unexplained adds
#: nothing but noise: its variance inflation would pass 100.
COLLINEAR = 0.1
EXACT = 1e-9  # distance of a correlation from 1 that is rounding


@dataclass(frozen=True)
class Covariates:
    """Customers of both groups, and what was known of them before the campaign.

    Parameters
    ----------
    terms : DataFrame of shape (n_customers, n_terms)
        Indexed by customer, sorted: numbers, and one column of 0 and 1 a level.
    shares : tuple of str
        Those terms that are levels, 0 or 1.
    treated : Series of bool
        Who was addressed.
    blocks : DataFrame
        One row a covariate: ``covariate``, ``definition``, ``terms`` (columns it fills).
    left_out : DataFrame
        ``reason``, ``treated``, ``control``: customers of the groups who are not compared.
    not_used : tuple of str
        Columns of customers that describe nobody (too many levels, dates, all missing).
    """

    terms: pd.DataFrame
    shares: tuple[str, ...]
    treated: pd.Series
    blocks: pd.DataFrame
    left_out: pd.DataFrame
    not_used: tuple[str, ...]

    @property
    def n_treated(self) -> int:
        """Customers addressed who are compared."""
        return int(self.treated.sum())

    @property
    def n_control(self) -> int:
        """Customers they are compared with."""
        return len(self.treated) - self.n_treated

    def design(self) -> pd.DataFrame:
        """Standardise the terms; constant ones and those that others make up are dropped.

        The first of several equal terms stays, so the result depends on the order of the
        covariates, not of the customers.
        """
        spread = self.terms.std(ddof=0)
        varying = self.terms.loc[:, spread > 0]
        scaled = (varying - varying.mean()) / spread[spread > 0]
        return scaled[_independent(scaled)]

    def block_of(self, term: str) -> str:
        """Name the covariate that a term belongs to."""
        return term.split(": ")[0].removesuffix(" is missing")

    def keep(self, customers: pd.Index) -> Covariates:
        """Keep some of the customers."""
        return Covariates(
            self.terms.loc[customers],
            self.shares,
            self.treated.loc[customers],
            self.blocks,
            self.left_out,
            self.not_used,
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row a covariate, in words."""
        return self.blocks.copy()

    def to_metrics(self) -> dict[str, float]:
        """Give the sizes."""
        return {
            "covariates_n": len(self.blocks),
            "covariates_n_terms": self.terms.shape[1],
            "covariates_n_treated": self.n_treated,
            "covariates_n_control": self.n_control,
            "covariates_n_left_out": int(self.left_out[["treated", "control"]].to_numpy().sum()),
        }


def gather_covariates(
    features: pd.DataFrame,
    panel: pd.DataFrame,
    *,
    campaigns: pd.DataFrame | NotAvailable | None = None,
    customers: pd.DataFrame | NotAvailable | None = None,
    outcome: str = "revenue",
) -> Covariates:
    """Gather what was known on the eve of a campaign of the customers in a panel.

    The purchase record until the eve (skewed amounts as logarithms), the outcome in every
    window before the campaign, how many campaigns had addressed the customer before, how
    many were still running that day, and what the table of customers tells (a missing
    value is a level of its own). Nothing from the first day of the campaign on enters.

    Parameters
    ----------
    features : DataFrame
        Purchase features a customer, **of purchases before the first day only**.
    panel : DataFrame
        From :func:`~crmstudy.case.campaigns.panel.build_panel`.
    campaigns : DataFrame, optional
        Canonical campaigns, to count earlier ones.
    customers : DataFrame, optional
        Canonical customers; text columns of at most 15 levels and numbers are used.
    outcome : str
        Column of the panel whose past is a covariate.

    Raises
    ------
    DataError
        If the panel lacks a column, or features reach into the campaign.
    ModelError
        If fewer than two customers of a group were known beforehand.

    References
    ----------
    Stuart, E. A. (2010). Statistical Science, 25, 1-21, section 2 (which covariates).
    """
    # Not @passes_absence: without campaigns or customers there is less to adjust for.
    for part in (features, panel):
        if isinstance(part, NotAvailable):
            return part
    _require(panel, outcome)
    group = panel.groupby("customer_id")["treated"].first().sort_index().astype(bool)
    start = panel.loc[panel["post"], "starts_on"].min()
    known = group.index.intersection(features.index)
    treated = group.loc[known]
    if min(int(treated.sum()), int((~treated).sum())) < 2:
        raise ModelError(
            f"{int(treated.sum())} treated and {int((~treated).sum())} control customers bought "
            "before the campaign: an adjusted comparison needs two of each"
        )
    parts = {
        **_describe_record(features.loc[known]),
        **_describe_windows(panel, known, outcome),
        **_count_campaigns(campaigns, known, start),
    }
    about, not_used = _describe_persons(customers, known)
    return _arrange(parts | about, treated, _count_unknown(group, known), not_used)


def _require(panel: pd.DataFrame, outcome: str) -> None:
    for name in ("customer_id", "period", "starts_on", "treated", "post", outcome):
        if name not in panel.columns:
            raise DataError(f"the panel has no column {name!r}")


def _count_unknown(group: pd.Series, known: pd.Index) -> pd.DataFrame:
    unknown = group.drop(known)
    row = {
        "reason": "no purchase before the campaign",
        "treated": int(unknown.sum()),
        "control": int((~unknown).sum()),
    }
    return pd.DataFrame([row])


def _describe_record(features: pd.DataFrame) -> dict[str, tuple[pd.Series, str]]:
    found: dict[str, tuple[pd.Series, str]] = {}
    for name in SKEWED:
        if name in features:
            words = name.replace("_", " ")
            amounts = features[name].astype("float64").clip(lower=0)
            values = pd.Series(np.log1p(amounts.to_numpy()), amounts.index)
            found[f"{words} (log)"] = (values, f"log of 1 + {words} until the eve")
    for name in KEPT_AS_IS:
        if name in features:
            words = name.replace("_", " ")
            found[words] = (features[name].astype("float64"), f"{words} until the eve")
    return found


def _describe_windows(
    panel: pd.DataFrame, known: pd.Index, outcome: str
) -> dict[str, tuple[pd.Series, str]]:
    before = panel[~panel["post"]]
    wide = before.pivot_table(index="customer_id", columns="period", values=outcome).loc[known]
    words = outcome.replace("_", " ")
    found = {}
    for period in wide:
        # A symmetric logarithm: a window of returns has negative revenue.
        values = np.sign(wide[period]) * np.log1p(wide[period].abs())
        label = f"{words} in window {period} (log)".replace("-", "−")
        found[label] = (values, f"log of 1 + {words} in window {period}".replace("-", "−"))
    return found


def _count_campaigns(
    campaigns: pd.DataFrame | NotAvailable | None, known: pd.Index, start: pd.Timestamp
) -> dict[str, tuple[pd.Series, str]]:
    if campaigns is None or isinstance(campaigns, NotAvailable):
        return {}
    reached = campaigns
    if "treated" in campaigns:
        reached = campaigns[campaigns["treated"].ne(False).fillna(True).astype(bool)]
    earlier = reached[reached["start_on"] < start]
    running = earlier[earlier["end_on"] >= start]
    counted = {
        "earlier campaigns": (earlier, "campaigns that began before, and addressed the customer"),
        "running campaigns": (running, "of these, still running on the first day"),
    }
    return {
        name: (rows.groupby("customer_id").size().reindex(known, fill_value=0).astype(float), words)
        for name, (rows, words) in counted.items()
    }


def _describe_persons(
    customers: pd.DataFrame | NotAvailable | None, known: pd.Index
) -> tuple[dict[str, tuple[pd.Series, str]], tuple[str, ...]]:
    if customers is None or isinstance(customers, NotAvailable):
        return {}, ()
    about = customers.drop_duplicates("customer_id").set_index("customer_id").reindex(known)
    used, left = {}, []
    for name in about:
        values, words = about[name], str(name).replace("_", " ")
        levels = values.nunique(dropna=False)
        if pd.api.types.is_datetime64_any_dtype(values) or levels < 2:
            left.append(str(name))
        elif pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            used[words] = (values.astype("float64"), f"{words}, as the table of customers tells")
        elif levels <= MOST_LEVELS:
            used[words] = (values, f"{words}, as the table of customers tells; levels")
        else:
            left.append(str(name))
    return used, tuple(left)


def _arrange(
    parts: dict[str, tuple[pd.Series, str]],
    treated: pd.Series,
    left_out: pd.DataFrame,
    not_used: tuple[str, ...],
) -> Covariates:
    columns: dict[str, pd.Series] = {}
    shares: list[str] = []
    rows = []
    for name, (values, definition) in parts.items():
        made, flags = _expand(name, values)
        numbers = {key: columns[key] for key in columns if key not in shares}
        new = {
            key: column
            for key, column in made.items()
            if not _adds_nothing(column, columns)
            and not (key not in flags and _is_line_of(column, numbers))
        }
        columns |= new
        shares += [key for key in flags if key in new]
        if new:
            rows.append({"covariate": name, "definition": definition, "terms": len(new)})
    if not rows:
        raise ModelError("nothing that was known before the campaign differs among the customers")
    terms = pd.DataFrame(columns, index=treated.index)
    return Covariates(terms, tuple(shares), treated, pd.DataFrame(rows), left_out, not_used)


def _expand(name: str, values: pd.Series) -> tuple[dict[str, pd.Series], list[str]]:
    """Turn a covariate into numbers; a missing number is its mean and a flag."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        if not values.isna().any():
            return {name: values}, []
        flag = f"{name} is missing"
        return {name: values.fillna(values.mean()), flag: values.isna().astype(float)}, [flag]
    text = values.astype("object").where(values.notna(), MISSING).astype(str)
    size = text.value_counts()
    rare = size[size < max(2, RARE * len(text))].index
    text = text.where(~text.isin(rare), OTHER)
    levels = {f"{name}: {level}": (text == level).astype(float) for level in sorted(set(text))}
    return levels, list(levels)


def _adds_nothing(column: pd.Series, columns: dict[str, pd.Series]) -> bool:
    """Whether a column is constant, or stands already: answers that are missing together."""
    return column.nunique() < 2 or any(
        np.array_equal(column.to_numpy(), other.to_numpy()) for other in columns.values()
    )


def _is_line_of(column: pd.Series, numbers: dict[str, pd.Series]) -> bool:
    """Whether a number is a straight line of another one, as a year of birth is of the age."""
    return any(
        abs(float(np.corrcoef(column, other)[0, 1])) > 1 - EXACT
        for other in numbers.values()
        if np.ptp(other.to_numpy()) > 0
    )


def _independent(scaled: pd.DataFrame) -> list[str]:
    basis = np.empty((len(scaled), 0))
    kept = []
    for name in scaled:
        column = scaled[name].to_numpy()
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > COLLINEAR * np.linalg.norm(column):
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
            kept.append(str(name))
    return kept
