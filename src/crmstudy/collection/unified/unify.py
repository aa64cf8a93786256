"""From loaded tables to one customer database: clean, link, protect, reconcile.

The order matters: erased persons go first, so that nothing is linked to them; records
are linked while names and addresses are there; then these are taken out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import duckdb
import pandas as pd

from crmstudy.collection.contracts.tables import CONTRACTS, PERSON
from crmstudy.collection.intake.load import Loaded
from crmstudy.collection.matching.conflicts import find_conflicts
from crmstudy.collection.matching.duplicates import find_duplicates, merge_duplicates
from crmstudy.collection.matching.linkage import KnownCustomers, know_customers, link_records
from crmstudy.collection.privacy.erased import erasure_list, leave_out_erased
from crmstudy.collection.privacy.inventory import list_fields
from crmstudy.collection.privacy.keys import protected_datasets
from crmstudy.collection.privacy.protect import Protected, collect_names, protect
from crmstudy.collection.privacy.pseudonyms import with_mapping
from crmstudy.collection.privacy.referrals import (
    UNKNOWN,
    Emptied,
    empty_dangling,
    empty_own,
    follow_merged,
    tabulate_emptied,
)
from crmstudy.collection.privacy.remove import Removed, tables_of
from crmstudy.collection.unified import clean
from crmstudy.collection.unified.ledger_check import ERASED, LedgerBefore, account
from crmstudy.collection.unified.referral_check import ReferralsBefore
from crmstudy.files import write_atomically
from crmstudy.settings import Study

#: Tables whose rows may be of a person whose customer_id is not known.
LINKABLE = ("leads", "contacts", "survey")
#: A table without the column gets one only when its rows say who they are about.
DIRECT = ("name", "email", "phone")
REVIEW = "review"


@dataclass
class _Findings:
    """What the steps found, data set by data set, on the way into the tables of ``meta``."""

    removed: list[Removed] = field(default_factory=list)
    emptied: list[Emptied] = field(default_factory=list)
    links: list[pd.DataFrame] = field(default_factory=list)
    conflicts: list[pd.DataFrame] = field(default_factory=list)
    duplicates: list[pd.DataFrame] = field(default_factory=list)
    currencies: list[pd.DataFrame] = field(default_factory=list)
    reviews: dict[str, pd.DataFrame] = field(default_factory=dict)


def unify(
    connection: duckdb.DuckDBPyConnection, study: Study, loaded: Sequence[Loaded]
) -> list[Loaded]:
    """Bring the loaded tables together, in place; return them with what was left out.

    What was found on the way is written to the schema ``meta``: links, conflicts,
    duplicates, currencies, consents, pseudonyms, masked, emptied, reconciliation. Pairs that
    deserve a look go to the folder ``review`` of the study's working files, with raw
    identifiers, unless the database is to be encrypted.
    """
    names = collect_names(connection, study)
    fields = list_fields(study, loaded)
    fields.loc[fields["column"].eq("is_test"), "what becomes of it"] = "left out with them"
    datasets = list(dict.fromkeys(one.dataset for one in loaded))
    found = _Findings()
    erasing = erasure_list(study).is_file()
    before = {
        dataset: LedgerBefore.of(connection, dataset, study, erasing=erasing)
        for dataset in datasets
    }
    referrals = {dataset: ReferralsBefore.of(connection, dataset) for dataset in datasets}
    for dataset in datasets:
        _clean(connection, study, dataset, found, before[dataset])
        if dataset in protected_datasets(study):
            _link(connection, study, dataset, found, before[dataset])
    protected = protect(connection, study, loaded, names=names)
    found.removed += protected.removed
    found.emptied += protected.emptied
    ended = [_recount(connection, one, found.removed) for one in loaded]
    accounts = [
        account(connection, before[dataset], ended, protected.decisions.get(dataset))
        for dataset in datasets
    ]
    accounts += [
        referrals[dataset].account(connection, before[dataset], protected.decisions.get(dataset))
        for dataset in datasets
    ]
    _write_meta(connection, found, protected, fields=fields, accounts=_join(accounts))
    _write_reviews(study, found.reviews)
    return ended


def _clean(
    connection: duckdb.DuckDBPyConnection,
    study: Study,
    dataset: str,
    found: _Findings,
    before: LedgerBefore,
) -> None:
    settings = study.settings.cleaning
    found.emptied += empty_own(connection, dataset)
    found.emptied += empty_dangling(connection, dataset, reason=UNKNOWN)
    if dataset in protected_datasets(study):
        found.removed += leave_out_erased(connection, study, dataset)
        found.emptied += empty_dangling(connection, dataset, reason=ERASED)
        before.note_erased(connection)
    tests = clean.list_test_customers(connection, dataset, settings)
    before.note_tests(tests)
    found.removed += clean.drop_test_customers(connection, dataset, tests)
    found.emptied += empty_dangling(connection, dataset, reason=clean.TEST)
    if "is_test" in tables_of(connection, dataset).get("customers", []):
        connection.execute(f'ALTER TABLE "{dataset}".customers DROP COLUMN is_test')
    if settings.drop_cancelled:
        found.removed += clean.drop_cancelled(connection, dataset)
    converted = clean.convert_currencies(connection, dataset, rates=settings.exchange_rates)
    found.currencies.append(_tell(converted, dataset))


def _link(
    connection: duckdb.DuckDBPyConnection,
    study: Study,
    dataset: str,
    found: _Findings,
    before: LedgerBefore,
) -> None:
    """Merge customers who are one person, then find the customer of each record."""
    tables, settings = tables_of(connection, dataset), study.settings.linkage
    if not set(PERSON) & set(tables.get("customers", [])):
        return
    customers = _persons(connection, dataset, "customers", tables["customers"])
    twice = find_duplicates(customers, settings=settings, country_code=settings.country_code)
    found.duplicates.append(_tell(twice.table(), dataset))
    found.reviews[f"duplicates_{dataset}"] = twice.pairs
    if settings.merge_duplicates:
        mapping = merge_duplicates(twice.clusters, customers)
        before.note_merged(mapping)
        found.removed += clean.merge_customers(connection, dataset, mapping)
        found.emptied += follow_merged(connection, dataset, mapping)
        customers = _persons(connection, dataset, "customers", tables["customers"])
    known = know_customers(customers, country_code=settings.country_code)
    for table in LINKABLE:
        columns = tables.get(table, [])
        # Year of birth and postcode alone link nobody: an anonymous answer stays anonymous.
        if set(DIRECT) & set(columns):
            records = _persons(connection, dataset, table, columns)
            links = _link_table(connection, study, dataset, table, records, known, found)
            told = find_conflicts(
                records,
                customers,
                links,
                key=CONTRACTS[table].key[0],
                source=table,
                country_code=settings.country_code,
            )
            found.conflicts.append(_tell(told.counts, dataset))
            found.reviews[f"conflicts_{dataset}_{table}"] = told.listed


def _link_table(
    connection: duckdb.DuckDBPyConnection,
    study: Study,
    dataset: str,
    table: str,
    records: pd.DataFrame,
    known: KnownCustomers,
    found: _Findings,
) -> pd.DataFrame:
    """Write each record's customer into its table; return the links."""
    settings, key = study.settings.linkage, CONTRACTS[table].key[0]
    linked = link_records(records, known, key=key, settings=settings, source=table)
    found.links.append(_tell(linked.table(), dataset))
    found.reviews[f"links_{dataset}_{table}"] = linked.review
    new = linked.links[linked.links["method"] != "given"]
    if len(new) and "customer_id" not in records:
        connection.execute(f'ALTER TABLE "{dataset}"."{table}" ADD COLUMN customer_id VARCHAR')
    elif new.empty:
        return linked.links
    with_mapping(connection, new["record_id"].tolist(), new["customer_id"].tolist())
    connection.execute(
        f'UPDATE "{dataset}"."{table}" AS t SET customer_id = m.pseudonym '
        f'FROM crmstudy_mapping m WHERE m.raw = t."{key}"'
    )
    connection.execute("DROP TABLE crmstudy_mapping")
    return linked.links


def _persons(
    connection: duckdb.DuckDBPyConnection, dataset: str, table: str, columns: Iterable[str]
) -> pd.DataFrame:
    """Read what a table says of persons: its key, the customer, and personal columns."""
    wanted = {*CONTRACTS[table].key, "customer_id", "registered_on", "region", *PERSON}
    names = ", ".join(f'"{name}"' for name in columns if name in wanted)
    sql = f'SELECT {names} FROM "{dataset}"."{table}"'
    return connection.sql(sql).to_arrow_table().to_pandas()


def _tell(frame: pd.DataFrame, dataset: str) -> pd.DataFrame:
    told = frame.copy()
    told.insert(0, "data set", dataset)
    return told


def _recount(
    connection: duckdb.DuckDBPyConnection, one: Loaded, removed: Iterable[Removed]
) -> Loaded:
    """Count again what is in a table, and add what was left out of it."""
    dropped = dict(one.dropped)
    for gone in removed:
        if (gone.dataset, gone.table) == (one.dataset, one.table):
            dropped[gone.reason] = dropped.get(gone.reason, 0) + gone.rows
    kept = connection.execute(f"SELECT count(*) FROM {one.target}").fetchall()[0][0]
    columns = tuple(tables_of(connection, one.dataset)[one.table])
    return replace(one, rows_kept=int(kept), dropped=dropped, columns=columns)


def _write_meta(
    connection: duckdb.DuckDBPyConnection,
    found: _Findings,
    protected: Protected,
    *,
    fields: pd.DataFrame,
    accounts: pd.DataFrame,
) -> None:
    from crmstudy.collection.warehouse import write_meta

    frames = {
        "links": _join(found.links),
        "conflicts": _join(found.conflicts),
        "duplicates": _join(found.duplicates),
        "currencies": _join(found.currencies),
        "consents": protected.consent_table(),
        "pseudonyms": protected.replaced_table(),
        "masked": protected.masked_table(),
        "emptied": tabulate_emptied(found.emptied),
        "reconciliation": accounts,
        "fields": fields,
    }
    for name, frame in frames.items():
        write_meta(connection, name, frame)


def _join(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    empty = frames[0] if frames else pd.DataFrame({"data set": pd.Series(dtype="str")})
    return pd.concat(filled, ignore_index=True) if filled else empty


def _write_reviews(study: Study, reviews: dict[str, pd.DataFrame]) -> None:
    """Write what a person should look at, for the study's owner alone.

    What an earlier run wrote goes first: it may name persons who are erased by now.
    """
    folder = study.paths.work / REVIEW
    for old in sorted(folder.glob("*.csv")):
        old.unlink(missing_ok=True)
    for name, frame in reviews.items():
        if frame.empty or study.settings.privacy.encrypt:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_atomically(folder / f"{name}.csv", frame.to_csv(index=False).encode("utf-8-sig"))
        (folder / f"{name}.csv").chmod(0o600)
