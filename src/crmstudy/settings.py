"""What a study is: the validated contents of its ``study.yml``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)

from crmstudy.errors import SettingsError
from crmstudy.instrument import Instrument, Scale
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
Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Kind = Literal["id", "text", "number", "integer", "date", "boolean"]

#: The matrix of judgements that weighs the criteria of a choice among CRM systems; with a
#: point and a criterion's name, the one that compares the systems under it.
SELECTION_MATRIX = "selection"
#: The matrix of judgements that weighs the criteria of CRM performance.
CRITERIA_MATRIX = "criteria"

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


class JudgementSpec(Strict):
    """The hierarchy that experts judge, and the limit of their inconsistency.

    ``labels`` say what experts read in the questionnaire in place of a name of the
    hierarchy, in any language; answers under a label count for its name.
    """

    goal: str = "CRM performance"
    hierarchy: dict[Name, list[Name]] = {}
    labels: dict[Name, Annotated[str, Field(min_length=1)]] = {}
    consistency_limit: float = Field(default=0.10, gt=0, le=1)
    inconsistent: Literal["keep", "exclude"] = "keep"
    expert_weights: dict[str, Factor] = {}

    @property
    def matrices(self) -> dict[str, list[str]]:
        """What experts judge, by matrix: the criteria, then the indicators of each."""
        if not self.hierarchy:
            return {}
        criteria = {CRITERIA_MATRIX: list(self.hierarchy)}
        return criteria | {name: list(under) for name, under in self.hierarchy.items()}

    @model_validator(mode="after")
    def _names_tell_apart(self) -> JudgementSpec:
        under = [name for names in self.hierarchy.values() for name in names]
        problems = [
            f"criterion {name!r} has the name of a matrix; rename it"
            for name in (CRITERIA_MATRIX, SELECTION_MATRIX)
            if name in self.hierarchy
        ]
        problems += [
            f"hierarchy names {name!r} twice; name it once"
            for name in dict.fromkeys(under)
            if under.count(name) > 1
        ]
        problems += [
            f"label of {name!r}, which the hierarchy does not have"
            for name in self.labels
            if name not in (CRITERIA_MATRIX, *self.hierarchy, *under)
        ]
        said = list(self.labels.values())
        problems += [
            f"label {label!r} stands for two names; tell them apart"
            for label in dict.fromkeys(said)
            if said.count(label) > 1
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class EvaluationSpec(Strict):
    """Grades of the evaluation, and where a measured indicator changes from one to the next.

    ``grades`` run from the worst to the best, ``scores`` are their points (empty: 1, 2,
    ...). ``limits`` give for an indicator the value that is typical of each grade, in the
    order of the grades, or only that of the worst and of the best; the values between are
    then evenly spaced.
    """

    grades: list[Annotated[str, Field(min_length=1)]] = Field(
        default=["very poor", "poor", "fair", "good", "very good"], min_length=3, max_length=9
    )
    scores: list[Finite] = []
    limits: dict[Name, list[Finite]] = {}

    @model_validator(mode="after")
    def _fit_together(self) -> EvaluationSpec:
        problems = [
            f"grade {name!r} stands twice"
            for name in dict.fromkeys(self.grades)
            if self.grades.count(name) > 1
        ]
        problems += self._check_scores()
        for name, values in self.limits.items():
            problems += self._check_limits(name, values)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _check_scores(self) -> Iterator[str]:
        count = len(self.grades)
        if self.scores and len(self.scores) != count:
            yield f"scores: found {len(self.scores)} for {count} grades, allowed one a grade"
        elif any(b <= a for a, b in pairwise(self.scores)):
            yield f"scores must rise from the worst grade to the best, found {_list(self.scores)}"

    def _check_limits(self, name: str, values: list[float]) -> Iterator[str]:
        count = len(self.grades)
        steps = [b - a for a, b in pairwise(values)]
        if len(values) not in (2, count):
            yield (
                f"limits of {name!r}: found {len(values)} values, allowed 2 (worst, best) "
                f"or {count} (one a grade)"
            )
        elif not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
            yield f"limits of {name!r} must only rise or only fall, found {_list(values)}"


def _list(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


class SelectionCriterion(Strict):
    """One criterion that CRM systems are chosen by.

    ``unit: money`` is the study's currency; such criteria are the cost side of benefit and
    cost. ``scale`` holds the lowest and the highest rating; without it a figure is 0 or more.
    """

    label: str = ""
    better: Literal["larger", "smaller"] = "larger"
    unit: str = ""
    scale: Scale | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest figure that is allowed."""
        return self.scale or (0.0, float("inf"))


class SelectionSpec(Strict):
    """What CRM systems are compared on; ratings and figures stand in the table ``systems``.

    ``systems`` names those that may be compared; left empty, the table does. ``missing`` says
    what becomes of a system that lacks a criterion which others have.
    """

    goal: str = "Choice of a CRM system"
    criteria: dict[Name, SelectionCriterion] = {}
    systems: list[str] = []
    missing: Literal["leave_out", "refuse"] = "leave_out"

    @model_validator(mode="after")
    def _systems_once(self) -> SelectionSpec:
        twice = sorted({name for name in self.systems if self.systems.count(name) > 1})
        if twice:
            raise ValueError(f"system {twice[0]!r} stands twice in systems; name it once")
        return self


class Case(Strict):
    """The improvement measure that chapter 07 judges: one campaign of the data."""

    campaign_id: str
    description: str = ""


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
