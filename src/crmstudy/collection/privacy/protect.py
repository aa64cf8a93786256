"""The steps of protection in their order, for a database whose records are linked already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.intake.load import Loaded
from crmstudy.collection.intake.sqltypes import quote
from crmstudy.collection.privacy.consent import Consent, keep_consented
from crmstudy.collection.privacy.inventory import direct_columns
from crmstudy.collection.privacy.keys import protected_datasets, pseudonymised_datasets
from crmstudy.collection.privacy.masking import (
    Masked,
    Names,
    mask_words,
    tabulate_masked,
    word_columns,
)
from crmstudy.collection.privacy.pseudonyms import Replaced, pseudonymise, tabulate_replaced
from crmstudy.collection.privacy.referrals import Emptied, empty_dangling
from crmstudy.collection.privacy.remove import Removed, tables_of, tabulate_removed
from crmstudy.settings import Study


@dataclass(frozen=True)
class Protected:
    """What was done to protect the persons of a study, counted.

    Parameters
    ----------
    decisions : mapping of str to Consent
        By data set; empty when no purpose is set.
    removed : tuple of Removed
        Rows of persons who have not consented.
    replaced : tuple of Replaced
        Identifiers replaced by pseudonyms.
    masked : tuple of Masked
        Places masked in free words.
    taken_out : tuple of (str, str, str)
        Data set, table and column of direct identifiers that are gone.
    emptied : tuple of Emptied
        Recommenders emptied because they have not consented.
    """

    decisions: dict[str, Consent]
    removed: tuple[Removed, ...]
    replaced: tuple[Replaced, ...]
    masked: tuple[Masked, ...]
    taken_out: tuple[tuple[str, str, str], ...]
    emptied: tuple[Emptied, ...] = ()

    def consent_table(self) -> pd.DataFrame:
        """Return columns ``data set``, ``purpose``, ``decision``, ``customers``, ``share``."""
        columns = ["data set", "purpose", "decision", "customers", "share"]
        frames = [
            one.table().assign(**{"data set": dataset, "purpose": one.purpose})[columns]
            for dataset, one in self.decisions.items()
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)

    def removed_table(self) -> pd.DataFrame:
        """Return columns ``data set``, ``table``, ``reason``, ``rows``."""
        return tabulate_removed(self.removed)

    def replaced_table(self) -> pd.DataFrame:
        """Return ``data set``, ``table``, ``column``, ``kind``, ``identifiers``, ``rows``."""
        return tabulate_replaced(self.replaced)

    def masked_table(self) -> pd.DataFrame:
        """Return columns ``data set``, ``table``, ``column``, ``kind``, ``places``."""
        return tabulate_masked(self.masked)


def protect(
    connection: duckdb.DuckDBPyConnection,
    study: Study,
    loaded: Sequence[Loaded],
    *,
    names: Mapping[str, Names] | None = None,
) -> Protected:
    """Apply consent, pseudonyms, removal of direct identifiers and masking, in place.

    Erased persons are to be left out before records are linked, by ``leave_out_erased``.
    Data sets of open data stay as they are.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Holds the loaded tables.
    study : Study
        Its rules and its key.
    loaded : sequence of Loaded
        The tables.
    names : mapping of str to Names, optional
        Names to mask, by data set, as :func:`collect_names` found them before anybody was
        left out: others may speak of them. By default those that are there now.

    Raises
    ------
    DataError
        If a purpose is set and a data set with customers holds no consents.
    """
    datasets = protected_datasets(study)
    ours = [one for one in loaded if one.dataset in datasets]
    purpose = study.settings.privacy.purpose
    names = collect_names(connection, study) if names is None else names
    decisions: dict[str, Consent] = {}
    removed: list[Removed] = []
    emptied: list[Emptied] = []
    for dataset in datasets if purpose else ():
        if any("customer_id" in names for names in tables_of(connection, dataset).values()):
            decisions[dataset], gone = keep_consented(connection, dataset, purpose=purpose)
            removed += gone
            emptied += empty_dangling(connection, dataset, reason=f"no consent to {purpose}")
    replaced: list[Replaced] = []
    masked: list[Masked] = []
    taken_out: list[tuple[str, str, str]] = []
    for one in ours:
        if one.dataset in pseudonymised_datasets(study):
            replaced += pseudonymise(connection, study, one.dataset, one.table)
        gone_columns = take_out_direct(connection, study, one.dataset, one.table)
        taken_out += [(one.dataset, one.table, column) for column in gone_columns]
        masked += mask_words(
            connection,
            one.dataset,
            one.table,
            words_of(connection, study, one.dataset, one.table),
            names=names.get(one.dataset),
        )
    return Protected(
        decisions,
        tuple(removed),
        tuple(replaced),
        tuple(masked),
        tuple(taken_out),
        tuple(emptied),
    )


def collect_names(connection: duckdb.DuckDBPyConnection, study: Study) -> dict[str, Names]:
    """Collect the full names of persons, by data set, before anybody is left out."""
    return {dataset: known_names(connection, dataset) for dataset in protected_datasets(study)}


def known_names(connection: duckdb.DuckDBPyConnection, dataset: str) -> Names:
    """Collect the full names that stand in the tables of a data set."""
    tables = tables_of(connection, dataset)
    found: set[str] = set()
    for table in (t for t, columns in tables.items() if "name" in columns and _names_persons(t)):
        sql = f'SELECT DISTINCT "name"::VARCHAR FROM "{dataset}"."{table}" WHERE name IS NOT NULL'
        found |= {row[0] for row in connection.execute(sql).fetchall()}
    return Names.of(sorted(found))


def _names_persons(table: str) -> bool:
    """Say whether the column ``name`` of a table is that of a person, not of a product."""
    contract = CONTRACTS.get(table)
    return contract is not None and "name" in contract.columns


def take_out_direct(
    connection: duckdb.DuckDBPyConnection, study: Study, dataset: str, table: str
) -> list[str]:
    """Take the direct identifiers out of a table; return their columns."""
    there = tables_of(connection, dataset).get(table, [])
    columns = direct_columns(study, table, there)
    for column in columns:
        connection.execute(f'ALTER TABLE "{dataset}"."{table}" DROP COLUMN {quote(column)}')
    return columns


def words_of(
    connection: duckdb.DuckDBPyConnection, study: Study, dataset: str, table: str
) -> list[str]:
    """Name the columns of a table whose texts may hold persons."""
    settings = study.settings
    items = [*settings.instrument.item_names(), *settings.staff_instrument.item_names()]
    return word_columns(table, tables_of(connection, dataset).get(table, []), items)
