"""What a study is: the validated contents of its ``study.yml``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from crmstudy.errors import SettingsError, nearest
from crmstudy.paths import StudyPaths, find_study
from crmstudy.strict_yaml import explain, read_mapping

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
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


def _scale(ends: tuple[float, float]) -> tuple[float, float]:
    if not ends[0] < ends[1]:
        raise ValueError("must give the lowest answer, then the highest")
    return ends


Scale = Annotated[tuple[float, float], AfterValidator(_scale)]


class Strict(BaseModel):
    """A mapping of study.yml; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class TableSource(Strict):
    """Where one canonical table comes from, and how its file is written.

    Exactly one of ``file`` (a path beside study.yml), ``open`` (a table of an
    installed open-data package) and ``simulated`` (a table of the simulated firm).
    ``note`` stands under every exhibit made from the table, ``remark`` under the first
    one in a chapter.
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
    note: str = ""
    remark: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> TableSource:
        given = [key for key in ("file", "open", "simulated") if getattr(self, key) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"needs exactly one of file, open, simulated; found {found}")
        of_files = {"columns", "encoding", "delimiter", "decimal", "date_format", "missing"}
        useless = sorted(of_files & self.model_fields_set) if self.file is None else []
        if useless:
            raise ValueError(f"{', '.join(useless)} can only be said of a file")
        return self


class ConstructSpec(Strict):
    """A latent construct: its label and the survey items that measure it."""

    label: str
    items: list[str] = Field(min_length=1)


class ItemSpec(Strict):
    """One survey item: its wording, and its own scale if it has one."""

    text: str = ""
    scale: Scale | None = None
    reverse: bool = False


class ModelSpec(Strict):
    """One structural model: paths between constructs, and items if they differ."""

    constructs: list[Name] = []
    items: dict[Name, list[str]] = {}
    paths: list[tuple[Name, Name]] = []
    note: str = ""


class Instrument(Strict):
    """The questionnaire: scale, items, constructs, structural models, roles of items."""

    scale: Scale = (1, 10)
    constructs: dict[Name, ConstructSpec] = {}
    items: dict[str, ItemSpec] = {}
    models: dict[Name, ModelSpec] = {}
    roles: dict[Name, str] = {}
    source: str = ""

    @model_validator(mode="after")
    def _known_names(self) -> Instrument:
        measured = [item for construct in self.constructs.values() for item in construct.items]
        problems = [
            f"item {item!r} stands in two constructs"
            for item in dict.fromkeys(measured)
            if measured.count(item) > 1
        ]
        known = {*measured, *self.items}
        for name, model in self.models.items():
            ends = {end for path in model.paths for end in path}
            named = sorted({*model.constructs, *model.items, *ends})
            items = [item for own in model.items.values() for item in own]
            problems += _unknown(f"model {name!r}", "construct", named, self.constructs)
            problems += _unknown(f"model {name!r}", "item", items, known)
        for role, item in self.roles.items():
            problems += _unknown(f"role {role!r}", "item", [item], known)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def bounds(self, item: str) -> tuple[float, float]:
        """Return the lowest and highest answer that an item allows."""
        own = self.items.get(item)
        return own.scale if own and own.scale else self.scale

    def item_names(self) -> list[str]:
        """List every item in the order of the constructs, then the others."""
        names = [item for construct in self.constructs.values() for item in construct.items]
        return list(dict.fromkeys([*names, *self.items]))

    def table(self) -> dict[str, dict[str, Any]]:
        """Map each item to construct, text, minimum, maximum and reverse."""
        owner = {i: name for name, spec in self.constructs.items() for i in spec.items}
        rows = {}
        for item in self.item_names():
            spec = self.items.get(item, ItemSpec())
            low, high = self.bounds(item)
            rows[item] = {
                "construct": owner.get(item, ""),
                "text": spec.text,
                "minimum": low,
                "maximum": high,
                "reverse": spec.reverse,
            }
        return rows


def _unknown(who: str, kind: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    known = list(known)
    return [
        f"{who} names an unknown {kind} {name!r}{nearest(name, known)}"
        for name in names
        if name not in known
    ]


class JudgementSpec(Strict):
    """The hierarchy that experts judge, and the limit of their inconsistency."""

    goal: str = "CRM performance"
    hierarchy: dict[Name, list[Name]] = {}
    consistency_limit: float = Field(default=0.10, gt=0, le=1)
    inconsistent: Literal["keep", "exclude"] = "keep"


class Case(Strict):
    """The improvement measure that chapter 07 judges: one campaign of the data."""

    campaign_id: str
    description: str = ""


class StudySettings(Strict):
    """The whole of ``study.yml``."""

    title: str = Field(min_length=1)
    language: Literal["en"] = "en"
    seed: int = Field(ge=0, lt=2**32, strict=True)
    currency: str = "USD"
    tables: dict[str, TableSource] = Field(min_length=1)
    instrument: Instrument = Instrument()
    judgements: JudgementSpec = JudgementSpec()
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
