"""What a study is: the validated contents of its ``study.yml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crmstudy.errors import SettingsError, nearest
from crmstudy.paths import StudyPaths, find_study

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Scalar = bool | int | float | str


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
    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    date_format: str | None = None
    missing: list[str | int | float] = []
    note: str = ""
    remark: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> TableSource:
        given = [key for key in ("file", "open", "simulated") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of file, open, simulated; found {given or 'none'}")
        return self


class ConstructSpec(Strict):
    """A latent construct: its label and the survey items that measure it."""

    label: str
    items: list[str] = Field(min_length=1)


class ItemSpec(Strict):
    """One survey item: its wording, and its own scale if it has one."""

    text: str = ""
    scale: tuple[float, float] | None = None
    reverse: bool = False


class ModelSpec(Strict):
    """One structural model: paths between constructs, and items if they differ."""

    constructs: list[Name] = []
    items: dict[Name, list[str]] = {}
    paths: list[tuple[Name, Name]] = []
    note: str = ""


class Instrument(Strict):
    """The questionnaire: scale, items, constructs, structural models, roles of items."""

    scale: tuple[float, float] = (1, 10)
    constructs: dict[Name, ConstructSpec] = {}
    items: dict[str, ItemSpec] = {}
    models: dict[Name, ModelSpec] = {}
    roles: dict[Name, str] = {}
    source: str = ""

    @model_validator(mode="after")
    def _known_names(self) -> Instrument:
        measured = {item for construct in self.constructs.values() for item in construct.items}
        for name, model in self.models.items():
            named = {
                *model.constructs,
                *model.items,
                *(end for path in model.paths for end in path),
            }
            for construct in sorted(named - set(self.constructs)):
                hint = nearest(construct, self.constructs)
                raise ValueError(f"model {name!r} names an unknown construct {construct!r}{hint}")
        for role, item in self.roles.items():
            if item not in measured | set(self.items):
                hint = nearest(item, measured | set(self.items))
                raise ValueError(f"role {role!r} names an unknown item {item!r}{hint}")
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
    language: Literal["en", "zh"] = "en"
    seed: int = Field(ge=0, lt=2**32)
    currency: str = "USD"
    tables: dict[str, TableSource] = Field(min_length=1)
    instrument: Instrument = Instrument()
    judgements: JudgementSpec = JudgementSpec()
    case: Case | None = None
    simulation: dict[str, float | int] = {}
    hypotheses: list[Hypothesis] = []
    chapters: dict[Name, dict[str, Scalar]] = {}


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
    return dataset or study.replace("-", "_"), table


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
    content = _parse(paths.settings)
    try:
        settings = StudySettings.model_validate(content)
    except ValidationError as error:
        raise SettingsError(_explain(error, paths.settings, content)) from None
    return Study(paths=paths, settings=settings)


def _parse(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{file} is not UTF-8 text: byte {error.start} ({error.reason})"
        ) from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        found = "empty" if content is None else f"a {type(content).__name__}"
        raise SettingsError(f"{file} must be a mapping of keys; it is {found}")
    return content


def _explain(error: ValidationError, file: Path, content: dict[str, Any]) -> str:
    lines = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"]) or "(top level)"
        if problem["type"] == "extra_forbidden":
            known = _known_keys(problem["loc"])
            lines.append(f"unknown key {place!r}{nearest(str(problem['loc'][-1]), known)}")
        elif problem["type"] == "missing":
            lines.append(f"missing key {place!r}")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            found = problem["input"]
            shown = f" (found {found!r})" if isinstance(found, (str, int, float, bool)) else ""
            lines.append(f"{place}: {message}{shown}")
    return f"{file}: " + "; ".join(lines)


def _known_keys(location: tuple[int | str, ...]) -> Iterable[str]:
    """Walk the models along an error's place and name the keys allowed at its end."""
    model: Any = StudySettings
    for part in location[:-1]:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            break
        field = model.model_fields.get(str(part))
        model = field.annotation if field else model
        inner = [a for a in getattr(model, "__args__", ()) if _is_model(a)]
        model = inner[0] if inner else model
        if inner and field is not None:
            continue
    return model.model_fields if _is_model(model) else ()


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
