"""What a study is: the validated contents of its ``study.yml``."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)

from crmstudy.appraisal import EvaluationSpec, Factor, JudgementSpec, SelectionSpec
from crmstudy.bibliography import LiteratureSpec
from crmstudy.errors import SettingsError, nearest
from crmstudy.improvement import Case, ImplementationSpec, InvestmentSpec
from crmstudy.instrument import Instrument
from crmstudy.paths import StudyPaths, find_study
from crmstudy.strict_yaml import Name, Strict, explain, read_mapping

Scalar = bool | int | float | str

#: Schemas of the database that a data set must not take.
RESERVED = ("meta", "main", "information_schema", "pg_catalog", "system", "temp")


def _date_format(layout: str | None) -> str | None:
    if layout is None:
        return None
    if re.search("%[zZ]", layout):
        raise ValueError("must not hold a time zone: times are those of the firm's place")
    day = dt.datetime(2026, 1, 31)
    try:
        read = dt.datetime.strptime(day.strftime(layout), layout)
    except ValueError as error:
        raise ValueError(f"{error}; write it as %d.%m.%Y") from None
    if (read.year, read.month) != (day.year, day.month):
        raise ValueError("must say how a year, month and day are written, as %d.%m.%Y")
    return layout


DateFormat = Annotated[str | None, AfterValidator(_date_format)]


def _word(value: Any) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if number else value


#: A word of ours that a file's word stands for; a number may be written without quotes.
Word = Annotated[str, BeforeValidator(_word)]
Share = Annotated[float, Field(gt=0, lt=1)]
Kind = Literal["id", "text", "number", "integer", "date", "boolean"]

#: What can only be said of a file, not of open data or of the simulated firm.
OF_FILES = {
    *("columns", "encoding", "delimiter", "decimal", "date_format", "missing"),
    *("sheet", "units", "kinds", "values"),
}


class TableSource(Strict):
    """Where one canonical table comes from, and how its file is written.

    Exactly one of ``file`` (a path beside study.yml), ``open`` (a table of an
    installed open-data package) and ``simulated`` (a table of the simulated firm).
    ``note`` stands under every exhibit made from the table, ``remark`` under the first
    one in a chapter. ``columns`` maps our names to the file's, ``values`` the file's words
    to ours, ``units`` a column to the factor it is multiplied by (0.01: it holds cents),
    ``kinds`` a further column to how it is read. ``owner``, ``frequency`` and
    ``legal_basis`` stand in the collection plan.
    """

    file: str | None = None
    open: str | None = None
    simulated: str | None = None
    columns: dict[str, str] = {}
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    date_format: DateFormat = None
    missing: list[str | int | float] = []
    sheet: str = ""
    units: dict[str, Factor] = {}
    kinds: dict[str, Kind] = {}
    values: dict[str, dict[str, Word]] = {}
    note: str = ""
    remark: str = ""
    owner: str = ""
    frequency: str = ""
    legal_basis: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> TableSource:
        given = [key for key in ("file", "open", "simulated") if getattr(self, key) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"needs exactly one of file, open, simulated; found {found}")
        useless = sorted(OF_FILES & self.model_fields_set) if self.file is None else []
        if useless:
            raise ValueError(f"{', '.join(useless)} can only be said of a file")
        return self


class Privacy(Strict):
    """How persons are protected between the inputs and the report.

    ``pseudonyms`` replaces identifiers of persons by keyed ones, made with the key in
    ``key_file`` (outside the project; empty: the user's own configuration folder).
    ``purpose`` leaves out customers who did not consent to it (needs a table consents).
    ``smallest_cell`` and ``diversity`` are the k and l that published counts must keep;
    ``quasi_identifiers`` and ``sensitive`` name columns of customers; without the former
    those are taken that the contract calls so.
    """

    pseudonyms: bool = True
    key_file: str = ""
    purpose: Literal["", "analysis", "marketing", "survey", "sharing"] = ""
    smallest_cell: int = Field(default=5, ge=2)
    diversity: int = Field(default=2, ge=1)
    quasi_identifiers: list[str] = []
    sensitive: list[str] = []
    encrypt: bool = False


class Cleaning(Strict):
    """What is left out or converted on the way into the database; all of it is counted.

    ``test_customers`` are identifiers as in the inputs, ``exchange_rates`` units of the
    study's currency for one of another.
    """

    test_customers: list[str] = []
    drop_cancelled: bool = True
    exchange_rates: dict[str, Factor] = {}


class Linkage(Strict):
    """How records without a common key are brought together.

    Pairs at ``accept`` or above count as one person, pairs between ``review`` and
    ``accept`` are listed for a look. ``merge_duplicates`` makes one customer of those who
    count as one person; ``country_code`` is that of telephone numbers without one.
    """

    accept: Share = 0.95
    review: Share = 0.5
    merge_duplicates: bool = True
    country_code: str = Field(default="86", pattern="^[1-9][0-9]{0,2}$")

    @model_validator(mode="after")
    def _in_order(self) -> Linkage:
        if self.review > self.accept:
            raise ValueError("review must not be greater than accept")
        return self


class Fieldwork(Strict):
    """What is known of the population that the survey was drawn from.

    ``population`` maps a column of customers (or of the survey) to the share of each of
    its levels; where it is empty and the survey is linked, the customers are the frame.
    """

    population: dict[str, dict[str, Factor]] = {}
    weight_by: list[str] = []


class StudySettings(Strict):
    """The whole of ``study.yml``."""

    title: str = Field(min_length=1)
    language: Literal["en", "zh"] = "en"
    seed: int = Field(ge=0, lt=2**32, strict=True)
    currency: str = "USD"
    tables: dict[str, TableSource] = Field(min_length=1)
    privacy: Privacy = Privacy()
    cleaning: Cleaning = Cleaning()
    linkage: Linkage = Linkage()
    fieldwork: Fieldwork = Fieldwork()
    instrument: Instrument = Instrument()
    staff_instrument: Instrument = Instrument()
    judgements: JudgementSpec = JudgementSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    selection: SelectionSpec = SelectionSpec()
    case: Case | None = None
    investment: InvestmentSpec | None = None
    implementation: ImplementationSpec | None = None
    literature: LiteratureSpec = LiteratureSpec()
    simulation: dict[str, float | int] = {}
    hypotheses: list[Hypothesis] = []
    chapters: dict[Name, dict[str, Scalar]] = {}

    @model_validator(mode="after")
    def _each_once(self) -> StudySettings:
        problems = []
        for key in self.tables:
            dataset = key.rpartition(".")[0]
            if "." in key and (not re.fullmatch("[a-z][a-z0-9_]*", dataset) or dataset in RESERVED):
                problems.append(f"table {key!r}: a data set cannot be called {dataset!r}")
        ids = [entry.id for entry in self.hypotheses]
        problems += [f"hypothesis {i} stands twice" for i in sorted(set(ids)) if ids.count(i) > 1]
        under = [name for names in self.judgements.hierarchy.values() for name in names]
        problems += [
            f"evaluation: limits of {name!r}, which the hierarchy of judgements does not have"
            f"{nearest(name, under)}"
            for name in self.evaluation.limits
            if under and name not in under
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Hypothesis(Strict):
    """One registered hypothesis and the recorded number that decides it.

    ``decided_by`` names a row of a chapter's ``verdicts`` table.
    """

    id: str = Field(pattern=r"^H[0-9]+[a-z]?$")
    statement: str
    expected_sign: Literal["+", "-"]
    chapter: Name
    decided_by: str
    reference: str = ""


StudySettings.model_rebuild()


@dataclass(frozen=True)
class Study:
    """A study ready to be read: its name, places and settings."""

    paths: StudyPaths
    settings: StudySettings

    @property
    def name(self) -> str:
        """The study's name."""
        return self.paths.name

    def table_sources(self) -> dict[tuple[str, str], TableSource]:
        """Map (data set, canonical table) to its source; the data set defaults to the study."""
        return {split_table(key, self.name): spec for key, spec in self.settings.tables.items()}

    def datasets_with(self, table: str) -> list[str]:
        """List the data sets that have a canonical table, in the order of study.yml."""
        return [dataset for dataset, name in self.table_sources() if name == table]


def split_table(key: str, study: str) -> tuple[str, str]:
    """Split ``cdnow.transactions`` into data set and table; a bare table belongs to the study."""
    dataset, _, table = key.rpartition(".")
    return dataset or _plain(study), table


def _plain(study: str) -> str:
    """Turn a folder's name into that of a data set, which recorded numbers carry."""
    name = re.sub("[^a-z0-9]+", "_", study.lower()).strip("_") or "study"
    return f"study_{name}" if name[0].isdigit() or name in RESERVED else name


def read_study(study: str, root: Path | None = None) -> Study:
    """Read and validate a study's ``study.yml``.

    Parameters
    ----------
    study : str
        Name of a folder below ``data/``, or a path.

    Raises
    ------
    UsageError
        If the study or its ``study.yml`` does not exist.
    SettingsError
        If the file is not YAML, or breaks a rule: all problems in one message.
    """
    paths = find_study(study, root)
    content = read_mapping(paths.settings)
    try:
        settings = StudySettings.model_validate(content)
    except ValidationError as error:
        raise SettingsError(explain(error, paths.settings, StudySettings)) from None
    places = [split_table(key, paths.name) for key in settings.tables]
    for dataset, table in dict.fromkeys(places):
        if places.count((dataset, table)) > 1:
            raise SettingsError(f"{paths.settings}: tables: {dataset}.{table} is given twice")
    return Study(paths=paths, settings=settings)
