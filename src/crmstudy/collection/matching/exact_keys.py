"""Links by an exact key that one customer alone has."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.matching.comparisons import compare_names

#: The exact keys in their order.
KEYS = {"e-mail": ("email",), "phone": ("phone",), "name": ("name", "birth_year", "postcode")}

DIFFERENT = "its keys point to different customers"
CONTRADICTED = "what else is known speaks against the key"


def match_keys(records: pd.DataFrame, customers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Match normalised records by the keys that one customer alone has.

    A key decides only for its own pair: another record or customer changes nothing,
    unless it has the same key.

    Parameters
    ----------
    records, customers : DataFrame
        From :func:`~crmstudy.collection.matching.normalise.normalise_persons`.

    Returns
    -------
    DataFrame
        Columns row, customer (labels of the two indexes), method, probability (1).
    DataFrame
        Columns row, customer, reason: keys that were not used, and why.
    """
    hits = pd.DataFrame(
        {method: _match_one(records, customers, list(key)) for method, key in KEYS.items()},
        index=records.index,
        dtype="Int64",
    ).dropna(how="all")
    differ = hits.max(axis=1).ne(hits.min(axis=1))
    first = hits.bfill(axis=1).iloc[:, 0].astype("int64")
    method = hits.notna().idxmax(axis=1) if len(hits) else pd.Series(dtype="str")
    found = pd.DataFrame({"row": hits.index, "customer": first, "method": method})[~differ]
    against = _find_contradictions(found, records, customers)
    torn = hits[differ].reset_index(names="row").melt("row", value_name="customer").dropna()
    disputed = pd.concat(
        [torn.assign(reason=DIFFERENT), found[against].assign(reason=CONTRADICTED)]
    )[["row", "customer", "reason"]].drop_duplicates(["row", "customer"], ignore_index=True)
    found = found[~against].assign(probability=1.0).reset_index(drop=True)
    return found, disputed.astype({"row": "int64", "customer": "int64"})


def _match_one(records: pd.DataFrame, customers: pd.DataFrame, key: list[str]) -> pd.Series:
    """Find the one customer with a record's key; a surname alone is no name."""
    theirs, ours = (
        frame.loc[frame["name"].str.contains(" ").fillna(False) if "name" in key else slice(None)]
        .loc[:, key]
        .dropna()
        for frame in (customers, records)
    )
    theirs = theirs[~theirs.duplicated(keep=False)].rename_axis("customer").reset_index()
    ours = ours.rename_axis("row").reset_index()
    return ours.merge(theirs, on=key).set_index("row")["customer"].astype("Int64")


def _find_contradictions(
    found: pd.DataFrame, records: pd.DataFrame, customers: pd.DataFrame
) -> pd.Series:
    """Mark keys against which the rest speaks, as where a household shares a telephone.

    E-mail and telephone: the names are not near, or they differ and the years of birth
    are more than one apart. Name: e-mail and telephone both differ.
    """
    ours = records.loc[found["row"]].reset_index(drop=True)
    theirs = customers.loc[found["customer"]].reset_index(drop=True)
    level = compare_names(ours["name"], theirs["name"])
    apart = (ours["birth_year"] - theirs["birth_year"]).abs().gt(1).fillna(False)
    renamed = level.isin(["one part equal", "other"]) | (level.eq("near") & apart)
    moved = ours["email"].ne(theirs["email"]) & ours["phone"].ne(theirs["phone"])
    by_name = found["method"].eq("name").reset_index(drop=True)
    against = renamed.where(~by_name, moved.fillna(False)).astype(bool)
    return against.set_axis(found.index)
