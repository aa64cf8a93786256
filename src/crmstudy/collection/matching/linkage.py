"""Which customer a record is about: its identifier, an exact key, or the weight of all it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from crmstudy.collection.matching.exact_keys import KEYS, match_keys
from crmstudy.collection.matching.normalise import count_implausible, normalise_persons
from crmstudy.collection.matching.pairs import decide_pairs, estimate_chances, weigh_pairs
from crmstudy.collection.matching.weights import Weights
from crmstudy.errors import DataError, NotAvailable
from crmstudy.settings import Linkage as LinkageSettings

METHODS = ("given", *KEYS, "probabilistic")
SEED = 20261123

_LINKS = {"record_id": "str", "customer_id": "str", "method": "str", "probability": "float64"}
_REVIEW = {
    "record_id": "str",
    "customer_id": "str",
    "probability": "float64",
    "weight": "float64",
    "agreement": "str",
    "reason": "str",
}


@dataclass(frozen=True)
class Linkage:
    """What became of the records of one table.

    Parameters
    ----------
    source : str
        The table.
    records : int
        Its rows.
    links : DataFrame
        Columns record_id, customer_id, method (given, e-mail, phone, name,
        probabilistic), probability (1 where a rule decided); in the order of the rows.
    review : DataFrame
        Pairs that nobody accepted: record_id, customer_id, probability, weight (log2),
        agreement (each attribute's level, no personal data), reason.
    unknown : DataFrame
        Records whose given identifier is no customer's: record_id, customer_id.
    silent : int
        Records without an identifier that say nothing of a person.
    implausible : DataFrame
        Values that were no e-mail address, telephone number ...; see
        :func:`~crmstudy.collection.matching.normalise.count_implausible`.
    weights : Weights or NotAvailable
        The model of the probabilistic step, or why there was none.
    share : float or NotAvailable
        Estimated share of the records without an identifier that are some customer's.
    skipped : tuple of str
        Blocks left out because they hold too many pairs.
    """

    source: str
    records: int
    links: pd.DataFrame
    review: pd.DataFrame
    unknown: pd.DataFrame
    silent: int
    implausible: pd.DataFrame
    weights: Weights | NotAvailable
    share: float | NotAvailable
    skipped: tuple[str, ...] = field(default=())

    @property
    def unlinked(self) -> int:
        """Records that are linked to no customer."""
        return self.records - len(self.links)

    @property
    def expected_false(self) -> float:
        """Probabilistic links that are expected to be wrong: the sum of ``1 - probability``."""
        return float((1 - self.links["probability"]).sum())

    def table(self) -> pd.DataFrame:
        """Count records by how they were linked.

        Returns
        -------
        DataFrame
            Columns source, method, records, match rate (share of all records); one row a
            method, then ``all methods``, ``not linked`` and, as parts of the last,
            ``of these: for review``, ``unknown identifier``, ``no personal data``.
        """
        found = self.links["method"].value_counts()
        counts = {method: int(found.get(method, 0)) for method in METHODS}
        counts["all methods"] = len(self.links)
        counts["not linked"] = self.unlinked
        counts["of these: for review"] = int(self.review["record_id"].nunique())
        counts["of these: unknown identifier"] = len(self.unknown)
        counts["of these: no personal data"] = self.silent
        rows = [
            (self.source, name, count, count / self.records if self.records else 0.0)
            for name, count in counts.items()
        ]
        return pd.DataFrame(rows, columns=["source", "method", "records", "match rate"])

    def to_metrics(self) -> dict[str, float]:
        """Give plain numbers: counts by method, match rate, expected false links."""
        counts = self.links["method"].value_counts()
        names = {method: method.replace("-", "") for method in METHODS}
        probable = int(counts.get("probabilistic", 0))
        return {
            "records": float(self.records),
            **{f"linked_{name}": float(counts.get(m, 0)) for m, name in names.items()},
            "match_rate": len(self.links) / self.records if self.records else 0.0,
            "review": float(self.review["record_id"].nunique()),
            "unlinked": float(self.unlinked),
            "unknown": float(len(self.unknown)),
            "expected_false_links": self.expected_false,
            "expected_false_rate": self.expected_false / probable if probable else 0.0,
        }


@dataclass(frozen=True)
class KnownCustomers:
    """The customers in one spelling, and what two of them share by chance, found once.

    Parameters
    ----------
    ids : Series of str
        customer_id, row by row.
    persons : DataFrame
        From :func:`~crmstudy.collection.matching.normalise.normalise_persons`.
    country_code : str
        With which telephone numbers were written.
    seed : int
        Seed of the sample from which ``u`` is estimated.
    """

    ids: pd.Series
    persons: pd.DataFrame
    country_code: str
    seed: int

    @cached_property
    def chances(self) -> Weights:
        """How often two customers agree by chance."""
        return estimate_chances(self.persons, seed=self.seed)


def know_customers(
    customers: pd.DataFrame, *, country_code: str = "86", seed: int = SEED
) -> KnownCustomers:
    """Prepare the customers, to whom records of several tables are to be linked.

    Parameters as of :func:`link_records`.

    Raises
    ------
    DataError
        If ``customer_id`` is missing, empty or given twice.
    """
    refuse_broken_key(customers, "customer_id", "customers")
    customers = customers.reset_index(drop=True)
    persons = normalise_persons(customers, country_code=country_code)
    return KnownCustomers(customers["customer_id"], persons, country_code, seed)


def link_records(
    records: pd.DataFrame,
    customers: pd.DataFrame | KnownCustomers,
    *,
    key: str,
    settings: LinkageSettings,
    source: str = "",
    country_code: str = "86",
    seed: int = SEED,
) -> Linkage:
    """Find the customer of each record.

    (1) A record that carries a customer's identifier keeps it; an identifier that no
    customer has is listed, and the record is linked to nobody. (2) An e-mail address, a
    telephone number, or name, year of birth and postcode together that one customer
    alone has decide. A key is not used when another key points elsewhere, or when what
    else is known speaks against it (a telephone shared by a household). (3) The rest is
    weighed by Fellegi and Sunter's model. A record is one customer or none, so its
    probability of being customer ``i`` is ``p r_i / (1 - p + p sum_j r_j)``, with ``r``
    the likelihood ratio over the number of customers and ``p`` the share of records that
    are customers at all, found by iteration. Pairs at ``settings.accept`` are linked;
    pairs between ``review`` and ``accept``, and the candidates of records that could be
    several customers, are listed and never linked.

    Parameters
    ----------
    records : DataFrame
        Rows of one table with the column ``key``; customer_id and any of name, email,
        phone, postcode, birth_year as far as they are there. Not changed.
    customers : DataFrame or KnownCustomers
        The customers, with customer_id and any of the same columns; prepared by
        :func:`know_customers` they serve several tables, and bring the last two
        parameters with them.
    key : str
        Column that identifies a record.
    settings : Linkage
        The probabilities ``accept`` and ``review``.
    source : str
        Name of the table, for the reports.
    country_code : str
        See :func:`~crmstudy.collection.matching.normalise.normalise_persons`.
    seed : int
        Seed of the sample from which ``u`` is estimated.

    Raises
    ------
    DataError
        If ``key`` or ``customer_id`` is missing, empty or given twice.

    References
    ----------
    Fellegi, I. P. and Sunter, A. B. (1969). A theory for record linkage. Journal of the
    American Statistical Association, 64(328), 1183-1210.
    Winkler, W. E. (2000). Using the EM algorithm for weight computation in the
    Fellegi-Sunter model of record linkage. US Bureau of the Census RR2000/05.
    """
    refuse_broken_key(records, key, source or "records")
    them = (
        customers
        if isinstance(customers, KnownCustomers)
        else know_customers(customers, country_code=country_code, seed=seed)
    )
    ids, theirs = them.ids, them.persons
    records = records.reset_index(drop=True)
    given = records.get("customer_id", pd.Series(pd.NA, index=records.index, dtype="string"))
    known = given.isin(ids) & given.notna()
    ours = normalise_persons(records, country_code=them.country_code)
    open_rows = records.index[given.isna() & ours.notna().any(axis=1)]
    exact, disputed = match_keys(ours.loc[open_rows], theirs)
    rest = open_rows.difference(pd.Index(exact["row"]), sort=False)
    probable = weigh_pairs(
        ours,
        theirs,
        rest=rest,
        disputed=disputed,
        sure=len(exact),
        chances=lambda: them.chances,
    )
    accepted, review = decide_pairs(probable.pairs, disputed=disputed, settings=settings)
    sure = pd.DataFrame({"row": records.index[known], "method": "given", "probability": 1.0})
    sure["customer"] = pd.Index(ids).get_indexer(given[known])
    links = pd.concat([sure, exact, accepted], ignore_index=True).sort_values("row")
    name = _Names(records[key], ids)
    unknown = given.notna() & ~known
    return Linkage(
        source=source,
        records=len(records),
        links=name.put(links, _LINKS),
        review=name.put(review, _REVIEW),
        unknown=pd.DataFrame(
            {"record_id": records.loc[unknown, key], "customer_id": given[unknown]}
        ).reset_index(drop=True),
        silent=int((given.isna() & ours.isna().all(axis=1)).sum()),
        implausible=count_implausible(records, ours),
        weights=probable.weights,
        share=probable.share,
        skipped=tuple(probable.skipped),
    )


@dataclass(frozen=True)
class _Names:
    """The identifiers that positions stand for."""

    records: pd.Series
    customers: pd.Series

    def put(self, frame: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
        """Replace positions by identifiers."""
        named = frame.assign(
            record_id=self.records.to_numpy()[frame["row"].astype("int64")],
            customer_id=self.customers.to_numpy()[frame["customer"].astype("int64")],
        )
        return named[list(kinds)].astype(kinds).reset_index(drop=True)


def refuse_broken_key(frame: pd.DataFrame, key: str, table: str) -> None:
    """Refuse a table whose key does not identify each row."""
    if key not in frame:
        raise DataError(
            f"{table} have no column {key!r} (found: {', '.join(map(str, frame.columns))}); "
            "name the column that identifies a row"
        )
    ids = frame[key]
    if ids.isna().any() or ids.duplicated().any():
        bad = ids[ids.isna() | ids.duplicated()].iloc[0]
        raise DataError(
            f"{table}: {key} must identify each row, found {bad!r} "
            f"{'empty' if pd.isna(bad) else 'twice'}; drop or number such rows first"
        )
