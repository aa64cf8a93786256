"""Every field of a study: what it says of a person, on which basis, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from crmstudy.collection.contracts.tables import CONTRACTS, Privacy
from crmstudy.collection.intake.load import Loaded
from crmstudy.collection.privacy.keys import (
    holds_persons,
    protected_datasets,
    pseudonymised_datasets,
)
from crmstudy.collection.privacy.words import DIRECT_NAMES
from crmstudy.settings import Study

#: How a class is called in a table.
WORDS: dict[Privacy, str] = {
    "none": "not about a person",
    "direct": "direct identifier",
    "pseudonym": "identifier",
    "quasi": "quasi-identifier",
    "sensitive": "sensitive",
    "words": "free words",
}

_USES: dict[Privacy, str] = {
    "none": "analysis",
    "direct": "linking records",
    "pseudonym": "joining tables",
    "quasi": "describing groups",
    "sensitive": "analysis",
    "words": "reading what customers say",
}


def classify_column(study: Study, table: str, column: str) -> Privacy:
    """Say what a column tells of a person: study.yml first, then the contract, then its name."""
    rules = study.settings.privacy
    if table == "customers" and column in rules.sensitive:
        return "sensitive"
    if table == "customers" and column in rules.quasi_identifiers:
        return "quasi"
    contract = CONTRACTS.get(table)
    if contract is not None and column in contract.columns:
        return contract.columns[column].privacy
    plain = re.sub(r"[\s\-]+", "_", column.strip().casefold())
    return "direct" if plain in DIRECT_NAMES and holds_persons(table) else "none"


def direct_columns(study: Study, table: str, columns: Sequence[str]) -> list[str]:
    """Name the columns that are taken out once records are linked."""
    return [name for name in columns if classify_column(study, table, name) == "direct"]


def quasi_columns(study: Study, columns: Sequence[str]) -> list[str]:
    """Name the columns of customers whose combination may single somebody out.

    Those that study.yml names; where it names none, those that the contract does.
    """
    named = study.settings.privacy.quasi_identifiers
    if named:
        return [name for name in columns if name in named]
    return [name for name in columns if classify_column(study, "customers", name) == "quasi"]


def sensitive_columns(study: Study, columns: Sequence[str]) -> list[str]:
    """Name the columns of customers that nobody should learn."""
    return [name for name in columns if classify_column(study, "customers", name) == "sensitive"]


def list_fields(study: Study, loaded: Iterable[Loaded]) -> pd.DataFrame:
    """List every column of every table that was loaded.

    Parameters
    ----------
    study : Study
        Its rules of privacy, and the legal bases that study.yml names.
    loaded : iterable of Loaded
        The tables as loaded into the database, before anything was taken out.

    Returns
    -------
    DataFrame
        Columns ``data set``, ``table``, ``column``, ``class``, ``legal basis``, ``purpose``
        and ``what becomes of it`` (kept, replaced by a pseudonym, taken out, masked).
    """
    protected, replaced = protected_datasets(study), pseudonymised_datasets(study)
    instruments = (study.settings.instrument, study.settings.staff_instrument)
    items = {item for instrument in instruments for item in instrument.item_names()}
    rows = []
    for one in loaded:
        source = study.table_sources()[(one.dataset, one.table)]
        contract = CONTRACTS.get(one.table)
        basis = source.legal_basis or (contract.legal_basis if contract else "")
        basis = "public already" if source.open is not None else basis
        basis = "nobody real" if source.simulated is not None else basis
        texts = _text_columns(one)
        for column in one.columns:
            kind = classify_column(study, one.table, column)
            rows.append(
                {
                    "data set": one.dataset,
                    "table": one.table,
                    "column": column,
                    "class": _name_class(kind, one.table),
                    "legal basis": basis,
                    "purpose": _USES[kind],
                    "what becomes of it": _fate(kind, column in texts and column not in items)
                    if one.dataset in (replaced if kind == "pseudonym" else protected)
                    else "kept",
                }
            )
    columns = [*("data set", "table", "column", "class"), "legal basis", "purpose"]
    return pd.DataFrame(rows, columns=[*columns, "what becomes of it"])


def _name_class(kind: Privacy, table: str) -> str:
    return "about a person" if kind == "none" and holds_persons(table) else WORDS[kind]


def _fate(kind: Privacy, unknown_text: bool) -> str:
    if kind == "direct":
        return "taken out after linking"
    if kind == "pseudonym":
        return "replaced by a pseudonym"
    return "masked" if kind == "words" or unknown_text else "kept"


def _text_columns(one: Loaded) -> set[str]:
    """Name the attributes that hold text about persons, which may name others."""
    if not holds_persons(one.table):
        return set()
    if one.connection is None:
        return set(one.attributes)
    kinds = one.connection.execute(f"DESCRIBE {one.target}").fetchall()
    return {row[0] for row in kinds if row[1] == "VARCHAR"} & set(one.attributes)
