"""Where sources contradict each other: linked records, and tables that belong together."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.matching.normalise import ATTRIBUTES, normalise_persons

#: Attributes beside those of a person that both sides may state.
FURTHER = ("sex", "region")


@dataclass(frozen=True)
class Conflicts:
    """What linked records and their customers say differently.

    Parameters
    ----------
    counts : DataFrame
        Columns source, attribute, compared, agree, conflict, conflict rate; one row an
        attribute that both sides state for at least one link. Fit to be published.
    listed : DataFrame
        Columns source, record, customer, attribute, source says, customers say; in the
        order of the links. Personal data: for the working folder, never for a report.
    """

    counts: pd.DataFrame
    listed: pd.DataFrame


def find_conflicts(
    records: pd.DataFrame,
    customers: pd.DataFrame,
    links: pd.DataFrame,
    *,
    key: str,
    source: str = "",
    country_code: str = "86",
) -> Conflicts:
    """Find what linked records and their customers say differently.

    Values are compared in one spelling (see
    :func:`~crmstudy.collection.matching.normalise.normalise_persons`) where both sides state them;
    names by their parts, as marriage and initials make no conflict as long as one part is
    shared.

    Parameters
    ----------
    records, customers : DataFrame
        One table with its column ``key``, and the customers.
    links : DataFrame
        Columns record_id and customer_id, as
        :func:`~crmstudy.collection.matching.linkage.link_records` gives them.
    """
    compared = _compare_all(records, customers, links, key, country_code)
    return Conflicts(_count(compared, source), _list(compared, source))


def _list(compared: dict[str, pd.DataFrame], source: str) -> pd.DataFrame:
    columns = ["record", "customer", "attribute", "source says", "customers say"]
    parts = [one[one["conflict"]] for one in compared.values()]
    found = pd.concat([pd.DataFrame(columns=["order", *columns]), *parts])
    found = found.sort_values(["order", "attribute"], kind="stable", ignore_index=True)[columns]
    found.insert(0, "source", source)
    return found


def _count(compared: dict[str, pd.DataFrame], source: str) -> pd.DataFrame:
    rows = []
    for name, pairs in compared.items():
        size, conflict = len(pairs), int(pairs["conflict"].sum())
        rows.append((source, name, size, size - conflict, conflict, conflict / size))
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
        _spell(frame[frame[column].isin(links[which])], country_code, column).reindex(links[which])
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


def _spell(frame: pd.DataFrame, country_code: str, column: str) -> pd.DataFrame:
    persons = normalise_persons(frame, country_code=country_code)
    persons["birth_year"] = persons["birth_year"].astype("string")
    empty = pd.Series(pd.NA, index=frame.index, dtype="string")
    further = {name: frame.get(name, empty).astype("string") for name in FURTHER}
    folded = {
        name: text.str.normalize("NFKC").str.strip().str.casefold()
        for name, text in further.items()
    }
    return persons.assign(**folded).set_index(frame[column])


def _differ(ours: pd.Series, theirs: pd.Series) -> pd.Series:
    return ours.astype("str") != theirs.astype("str")


def _share_no_part(ours: pd.Series, theirs: pd.Series) -> list[bool]:
    return [not set(a.split()) & set(b.split()) for a, b in zip(ours, theirs, strict=True)]
