"""Where sources contradict each other: linked records, and tables that belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.normalise import ATTRIBUTES, normalise_persons

#: Attributes beside those of a person that both sides may state.
FURTHER = ("sex", "region")


def list_conflicts(
    records: pd.DataFrame,
    customers: pd.DataFrame,
    links: pd.DataFrame,
    *,
    key: str,
    source: str = "",
    country_code: str = "86",
) -> pd.DataFrame:
    """List what linked records and their customers say differently.

    Values are compared in one spelling (see
    :func:`~crmstudy.collection.normalise.normalise_persons`) where both sides state them;
    names by their parts, as marriage and initials make no conflict as long as one part is
    shared. The list holds personal data: it belongs in the working folder and never in a
    report (:func:`count_conflicts` does).

    Parameters
    ----------
    records, customers : DataFrame
        One table with its column ``key``, and the customers.
    links : DataFrame
        Columns record_id and customer_id, as :func:`~crmstudy.collection.linkage.link_records`
        gives them.

    Returns
    -------
    DataFrame
        Columns source, record, customer, attribute, source says, customers say; in the
        order of the links.
    """
    parts = [
        one[one["conflict"]]
        for one in _compare_all(records, customers, links, key, country_code).values()
    ]
    columns = ["record", "customer", "attribute", "source says", "customers say"]
    found = pd.concat([pd.DataFrame(columns=["order", *columns]), *parts])
    found = found.sort_values(["order", "attribute"], kind="stable", ignore_index=True)[columns]
    found.insert(0, "source", source)
    return found


def count_conflicts(
    records: pd.DataFrame,
    customers: pd.DataFrame,
    links: pd.DataFrame,
    *,
    key: str,
    source: str = "",
    country_code: str = "86",
) -> pd.DataFrame:
    """Count what :func:`list_conflicts` lists; fit to be published.

    Returns
    -------
    DataFrame
        Columns source, attribute, compared, agree, conflict, conflict rate; one row an
        attribute that both sides state for at least one link.
    """
    rows = []
    for name, pairs in _compare_all(records, customers, links, key, country_code).items():
        compared, conflict = len(pairs), int(pairs["conflict"].sum())
        rows.append((source, name, compared, compared - conflict, conflict, conflict / compared))
    columns = ["source", "attribute", "compared", "agree", "conflict", "conflict rate"]
    return pd.DataFrame(rows, columns=columns)


def _compare_all(
    records: pd.DataFrame,
    customers: pd.DataFrame,
    links: pd.DataFrame,
    key: str,
    country_code: str,
) -> dict[str, pd.DataFrame]:
    """Put both statements of each attribute side by side, where both are there."""
    sides = [
        _spell(frame, country_code).set_index(frame[column]).reindex(links[which])
        for frame, column, which in (
            (records, key, "record_id"),
            (customers, "customer_id", "customer_id"),
        )
    ]
    compared = {}
    for name in (*ATTRIBUTES, *FURTHER):
        pairs = pd.DataFrame(
            {
                "order": range(len(links)),
                "record": links["record_id"].to_numpy(),
                "customer": links["customer_id"].to_numpy(),
                "attribute": name,
                "source says": sides[0][name].to_numpy(),
                "customers say": sides[1][name].to_numpy(),
            }
        ).dropna()
        if len(pairs):
            differ = _share_no_part if name == "name" else _differ
            compared[name] = pairs.assign(
                conflict=differ(pairs["source says"], pairs["customers say"])
            )
    return compared


def _spell(frame: pd.DataFrame, country_code: str) -> pd.DataFrame:
    persons = normalise_persons(frame, country_code=country_code)
    persons["birth_year"] = persons["birth_year"].astype("string")
    empty = pd.Series(pd.NA, index=frame.index, dtype="string")
    further = {name: frame.get(name, empty).astype("string") for name in FURTHER}
    folded = {
        name: text.str.normalize("NFKC").str.strip().str.casefold()
        for name, text in further.items()
    }
    return persons.assign(**folded)


def _differ(ours: pd.Series, theirs: pd.Series) -> pd.Series:
    return ours.astype("str") != theirs.astype("str")


def _share_no_part(ours: pd.Series, theirs: pd.Series) -> list[bool]:
    return [not set(a.split()) & set(b.split()) for a, b in zip(ours, theirs, strict=True)]


@dataclass(frozen=True)
class Rule:
    """A rule between tables: what must hold, and how its breaks are found.

    Parameters
    ----------
    words : str
        The rule in words.
    tables : tuple of str
        The tables it needs.
    columns : tuple of str
        The columns it needs of the first table.
    mark : callable
        Takes the tables and gives a boolean Series, true where broken, over the rows of
        the first table that can be judged.
    """

    words: str
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    mark: Callable[..., pd.Series]


def _outside(column: str, target: str | None = None) -> Callable[..., pd.Series]:
    def mark(child: pd.DataFrame, parent: pd.DataFrame) -> pd.Series:
        stated = child[column].dropna()
        return ~stated.isin(parent[target or column].dropna())

    return mark


def _before(column: str, target: str, key: str = "customer_id") -> Callable[..., pd.Series]:
    """Mark rows whose day is before the earliest of the same key in the other table."""

    def mark(child: pd.DataFrame, parent: pd.DataFrame) -> pd.Series:
        if target not in parent or key not in parent:
            return pd.Series(dtype=bool)
        first = parent.groupby(key)[target].min().dt.normalize()
        days = pd.DataFrame({"own": child[column].dt.normalize(), "other": child[key].map(first)})
        days = days.dropna()
        return days["own"] < days["other"]

    return mark


def _unaddressed(responses: pd.DataFrame, campaigns: pd.DataFrame) -> pd.Series:
    key = ["campaign_id", "customer_id"]
    addressed = pd.MultiIndex.from_frame(campaigns[key])
    return pd.Series(~pd.MultiIndex.from_frame(responses[key]).isin(addressed))


def _held_back(responses: pd.DataFrame, campaigns: pd.DataFrame) -> pd.Series:
    if "treated" not in campaigns:
        return pd.Series(dtype=bool)
    key = ["campaign_id", "customer_id"]
    controls = campaigns[campaigns["treated"].eq(False).fillna(False)]
    return pd.Series(
        pd.MultiIndex.from_frame(responses[key]).isin(pd.MultiIndex.from_frame(controls[key]))
    )


def _answered_early(survey: pd.DataFrame, invitations: pd.DataFrame) -> pd.Series:
    return _before("answered_on", "invited_on", "respondent_id")(survey, invitations)


_OF_CUSTOMERS = {
    "transactions": "a purchase is of a known customer",
    "contacts": "a ticket is of a known customer",
    "campaigns": "who is addressed is a known customer",
    "responses": "who responds is a known customer",
    "web_events": "a web event is of a known customer, when of any",
    "survey": "a respondent is a known customer, when of any",
    "invitations": "who is invited is a known customer, when of any",
    "interviews": "who is interviewed is a known customer, when of any",
    "leads": "a lead is a known customer, when of any",
    "consents": "a consent is of a known customer",
    "costs": "a cost is booked to a known customer, when to any",
}

RULES: tuple[Rule, ...] = (
    *(
        Rule(words, (table, "customers"), ("customer_id",), _outside("customer_id"))
        for table, words in _OF_CUSTOMERS.items()
    ),
    Rule(
        "a product bought is in the list of products",
        ("transactions", "products"),
        ("product_id",),
        _outside("product_id"),
    ),
    Rule(
        "a product looked at is in the list of products",
        ("web_events", "products"),
        ("product_id",),
        _outside("product_id"),
    ),
    Rule(
        "no purchase is before the registration",
        ("transactions", "customers"),
        ("customer_id", "ordered_at"),
        _before("ordered_at", "registered_on"),
    ),
    Rule(
        "no ticket is before the registration",
        ("contacts", "customers"),
        ("customer_id", "opened_at"),
        _before("opened_at", "registered_on"),
    ),
    Rule(
        "who responds to a campaign was addressed by it",
        ("responses", "campaigns"),
        ("campaign_id", "customer_id"),
        _unaddressed,
    ),
    Rule(
        "who responds to a campaign was not held back from it",
        ("responses", "campaigns"),
        ("campaign_id", "customer_id"),
        _held_back,
    ),
    Rule(
        "no response is before the campaign's first day",
        ("responses", "campaigns"),
        ("campaign_id", "responded_at"),
        _before("responded_at", "start_on", "campaign_id"),
    ),
    Rule(
        "no answer is before its invitation",
        ("survey", "invitations"),
        ("respondent_id", "answered_on"),
        _answered_early,
    ),
)


def cross_checks(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the rows in which one table contradicts another.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The canonical tables of one data set; a rule whose tables or columns are not
        there is left out.

    Returns
    -------
    DataFrame
        Columns rule (in words), table, compared (rows that the rule can judge), broken,
        share broken.
    """
    rows = []
    for rule in RULES:
        if not all(name in tables for name in rule.tables):
            continue
        frames = [tables[name] for name in rule.tables]
        if not all(column in frames[0] for column in rule.columns):
            continue
        broken = rule.mark(*frames)
        if len(broken):
            count = int(broken.sum())
            rows.append((rule.words, rule.tables[0], len(broken), count, count / len(broken)))
    return pd.DataFrame(rows, columns=["rule", "table", "compared", "broken", "share broken"])
