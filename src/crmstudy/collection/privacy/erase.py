"""One person taken out of everything that was made from the inputs, with a proof."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from crmstudy.collection.contracts.problems import refuse
from crmstudy.collection.intake.load import Loaded, load_into
from crmstudy.collection.intake.sqltypes import quote
from crmstudy.collection.privacy.erased import (
    erased_customers,
    hash_person,
    list_erased,
)
from crmstudy.collection.privacy.keys import holds_persons, protected_datasets, study_key
from crmstudy.collection.privacy.mentions import (
    Database,
    Person,
    describe_person,
    search_database,
    search_files,
    search_inputs,
)
from crmstudy.collection.privacy.pseudonyms import identifier_columns
from crmstudy.errors import DataError, UsageError
from crmstudy.paths import project_root
from crmstudy.settings import Study

if TYPE_CHECKING:
    pass

#: Studies of the project itself, whose reports are published and hold nobody real.
COMMITTED = ("open", "simulated", "template")

#: What a run leaves in a report's folder.
REPORTED = ("*.ipynb", "*.json", "figures", "tables", "text", "results")


@dataclass(frozen=True)
class Erasure:
    """What was erased, and the proof that nothing is left.

    Parameters
    ----------
    study, dataset : str
        Where the person was.
    deleted : int
        Derived files that were deleted.
    newly_listed : int
        Hashes added to the erasure list; 0 when the person was on it already.
    proof : DataFrame
        Columns ``place``, ``searched for`` (in words, never the value) and ``found``.
    inputs : DataFrame
        Columns ``file``, ``column``, ``rows``, ``remedy``: where the user's own files still
        hold the person.
    """

    study: str
    dataset: str
    deleted: int
    newly_listed: int
    proof: pd.DataFrame
    inputs: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether no derived file holds the person."""
        return bool(self.proof["found"].sum() == 0)

    def table(self) -> pd.DataFrame:
        """Return the proof."""
        return self.proof

    def to_metrics(self) -> dict[str, int]:
        """Return the counts as plain numbers."""
        return {
            "files_deleted": self.deleted,
            "places_searched": len(self.proof),
            "found": int(self.proof["found"].sum()),
            "input_places": len(self.inputs),
        }


def erase_customer(
    study: Study,
    customer: str,
    *,
    dataset: str = "",
    unseen: bool = False,
    rebuild: Callable[[Study], Database] | None = None,
) -> Erasure:
    """Erase one person from everything that was made from a study's inputs.

    Keyed hashes of the customer's identifier, e-mail addresses and telephone numbers go to
    ``erased.txt`` beside the inputs, so that no later load brings the person back; the
    working folder and the report are deleted whole, because every number in them was
    computed with the person; the database is built again, and it and all files that are
    left are searched. The raw identifier is written nowhere. The files of the inputs are
    the user's own: what they still hold is listed.

    Parameters
    ----------
    study : Study
        Not one of the project's own.
    customer : str
        The raw identifier, as in the inputs.
    dataset : str
        The data set, needed where several have this customer.
    unseen : bool
        Whether to go on when the inputs hold nobody of this identifier (any more).
    rebuild : callable, optional
        Builds and opens the database; by default that of the study.

    Raises
    ------
    UsageError
        If the study is one of the project's own, or nobody has this identifier.
    DataError
        If the inputs cannot be read, or the erasure list belongs to another key.

    References
    ----------
    GDPR, Art. 17 (right to erasure).
    """
    _refuse_committed(study)
    customer = customer.strip()
    with duckdb.connect() as connection:
        loaded = _load_persons(connection, study)
        dataset = _choose_dataset(study, loaded, customer, dataset, unseen=unseen)
        person = _find_person([one for one in loaded if one.dataset == dataset], customer)
    key = study_key(study)
    hashes = [hash_person(customer, key=key, dataset=dataset, kind="customer")]
    hashes += [hash_person(v, key=key, dataset=dataset, kind="email") for v in person.emails]
    hashes += [hash_person(v, key=key, dataset=dataset, kind="phone") for v in person.phones]
    listed = list_erased(study, hashes)
    deleted = _delete_derived(study)
    database = (rebuild or _open_warehouse)(study)
    wanted = describe_person(person, key, dataset)
    proof = [*search_database(database, study, dataset, wanted), *search_files(study, wanted)]
    return Erasure(
        study=study.name,
        dataset=dataset,
        deleted=deleted,
        newly_listed=listed,
        proof=pd.DataFrame(proof, columns=["place", "searched for", "found"]),
        inputs=search_inputs(study, dataset, person),
    )


def _open_warehouse(study: Study) -> Database:
    from crmstudy.collection.warehouse import open_warehouse

    return open_warehouse(study)


def _refuse_committed(study: Study) -> None:
    with suppress(UsageError):
        own = [(project_root() / "data" / name).resolve() for name in COMMITTED]
        if study.paths.inputs.resolve() in own:
            raise DataError(
                f"{study.name} is one of the project's own studies: it holds nobody real, and its "
                "report is published; erase persons from a study of your own"
            )
    if not protected_datasets(study):
        raise UsageError(
            f"{study.name} holds open data only, which anybody has; there is nobody to erase"
        )


def _load_persons(connection: duckdb.DuckDBPyConnection, study: Study) -> list[Loaded]:
    loaded = [
        load_into(connection, study, dataset, table)
        for dataset, table in study.table_sources()
        if dataset in protected_datasets(study) and holds_persons(table)
    ]
    refuse([p for one in loaded for p in one.problems], study.settings.language)
    return loaded


def _choose_dataset(
    study: Study, loaded: Iterable[Loaded], customer: str, dataset: str, *, unseen: bool
) -> str:
    """Name the data set that has the customer, in its inputs or on the list of erased ones."""
    having = {
        one.dataset
        for one in loaded
        if "customer_id" in one.columns and _rows(one, '"customer_id" = ?', [customer])
    }
    protected = protected_datasets(study)
    erased = erased_customers(study)
    having |= {name for name in protected if erased.among([customer], dataset=name)}
    if dataset and dataset not in protected:
        raise UsageError(f"no data set {dataset!r} with persons; there are {', '.join(protected)}")
    having |= set(protected) if unseen else set()
    found = [name for name in protected if name in having and dataset in ("", name)]
    if not found:
        raise UsageError(
            f"no customer of this identifier in {dataset or ', '.join(protected)}, nor among the "
            "erased ones; write it as the input files do (or say that it may be gone from them)"
        )
    if len(found) > 1:
        raise UsageError(
            f"several data sets have this customer, who need not be one person: "
            f"{', '.join(found)}; name one"
        )
    return found[0]


def _rows(one: Loaded, condition: str, values: list[str], column: str = "1") -> list[str]:
    if one.connection is None:
        return []
    sql = (
        f"SELECT DISTINCT {column} FROM {one.target} WHERE {condition} AND {column} IS NOT NULL "
        "ORDER BY 1"
    )
    return [str(row[0]) for row in one.connection.execute(sql, values).fetchall()]


def _find_person(loaded: list[Loaded], customer: str) -> Person:
    """Collect what stands in the customer's own rows."""
    found: dict[str, set[str]] = {"name": set(), "email": set(), "phone": set()}
    linked: set[tuple[str, str]] = set()
    for one in (one for one in loaded if "customer_id" in one.columns):
        for kind in (kind for kind in found if kind in one.columns):
            found[kind] |= set(_rows(one, '"customer_id" = ?', [customer], f'"{kind}"'))
        for column, kind in identifier_columns(one.table).items():
            # Another customer, as who recommended the shop, is another person.
            if kind != "customer" and column in one.columns:
                own = _rows(one, '"customer_id" = ?', [customer], quote(column))
                linked |= {(kind, value) for value in own}
    return Person(
        customer,
        frozenset(linked),
        frozenset(found["name"]),
        frozenset(found["email"]),
        frozenset(found["phone"]),
    )


def _delete_derived(study: Study) -> int:
    """Delete the working folder and all that a run left in the report; return how many files."""
    reports, work = study.paths.reports, study.paths.work
    places = [work] if work.is_dir() else []
    for pattern in REPORTED if reports.is_dir() else ():
        places += sorted(reports.glob(pattern))
    count = 0
    for place in places:
        if place.is_dir():
            count += sum(file.is_file() for file in place.rglob("*"))
            shutil.rmtree(place)
        else:
            place.unlink()
            count += 1
    return count
