"""The files of a literature search: decoded, read, and the project's own where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pandas as pd

from crmstudy.bibliography import ENDINGS, LiteratureSpec
from crmstudy.design.literature.bibtex import parse_bibtex
from crmstudy.design.literature.publications import Publication, read_publication
from crmstudy.design.literature.ris import parse_ris
from crmstudy.errors import DataError, NotAvailable, SettingsError

#: The project's own list of literature, and what it is called where it serves as an example.
OWN_FILE, OWN_SOURCE = "references.bib", "the bibliography of this project"
#: Of all signs beyond ASCII, the share that GB18030 may have in its rare half.
RARE_SHARE = 0.3


@dataclass(frozen=True)
class Library:
    """Everything the searches found, before duplicates are taken out.

    Parameters
    ----------
    publications : tuple of Publication
        In the order of the files and of the records in them.
    spec : LiteratureSpec
        How they are to be analysed.
    decisions : DataFrame or None
        The rows of the file of decisions, as text.
    example : bool
        Whether the project's own references stand in for a search.
    """

    publications: tuple[Publication, ...]
    spec: LiteratureSpec
    decisions: pd.DataFrame | None = None
    example: bool = False

    def table(self) -> pd.DataFrame:
        """Count what each source brought: source, records, with a DOI, year, keywords."""
        rows = pd.DataFrame(
            {
                "source": [one.source for one in self.publications],
                "records": 1,
                "with a DOI": [bool(one.doi) for one in self.publications],
                "with a year": [one.year is not None for one in self.publications],
                "with keywords": [bool(one.keywords) for one in self.publications],
            }
        )
        return rows.groupby("source", sort=False).sum().astype(int).reset_index()


def read_library(spec: LiteratureSpec, *, folder: Path, root: Path) -> Library | NotAvailable:
    """Read the files that study.yml names, or the project's own references.

    Parameters
    ----------
    spec : LiteratureSpec
        The block ``literature`` of study.yml.
    folder, root : Path
        Where study.yml lies, and the project's folder.

    Raises
    ------
    SettingsError
        If a file is not there.
    DataError
        If a file cannot be read: names file, line and entry.
    """
    own = root / OWN_FILE
    if not spec.files and not own.is_file():
        return NotAvailable(f"the study names no literature and the project has no {OWN_FILE}")
    named = [(folder / one.file, one.source) for one in spec.files] or [(own, OWN_SOURCE)]
    found = [one for file, source in named for one in read_file(file, source=source)]
    if not found:
        names = ", ".join(file.name for file, _ in named)
        return NotAvailable(f"the files of literature hold no record ({names})")
    return Library(tuple(found), spec, _read_decisions(spec, folder), example=not spec.files)


def read_file(file: Path, *, source: str) -> list[Publication]:
    """Read one .bib or .ris file into publications."""
    if not file.is_file():
        raise SettingsError(
            f"literature: the file {file.name} does not exist beside study.yml; put the export "
            "there, or take it out of literature: files"
        )
    if file.suffix.lower() not in ENDINGS:
        raise SettingsError(f"literature: {file.name} must end in .bib or .ris")
    text = decode(file.read_bytes(), file=file.name)
    parse = parse_bibtex if file.suffix.lower() == ".bib" else parse_ris
    return [read_publication(entry, source=source) for entry in parse(text, file=file.name)]


def decode(content: bytes, *, file: str) -> str:
    """Decode UTF-8, with or without a byte order mark, UTF-16 with one, or GB18030.

    Western text in an older encoding could pass for GB18030; it is refused, for most of
    its two-byte signs would be rare ones.

    Raises
    ------
    DataError
        If it is none of them.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    beyond = [sign.encode("gb18030") for sign in text if ord(sign) > 127]
    rare = sum(len(sign) == 2 and sign[1] < 0xA1 for sign in beyond)
    if not text or rare > RARE_SHARE * len(beyond):
        raise DataError(
            f"{file}, line {line}: the file is neither UTF-8 nor GB18030; export it again as UTF-8"
        )
    return text


def _read_decisions(spec: LiteratureSpec, folder: Path) -> pd.DataFrame | None:
    if not spec.decisions:
        return None
    file = folder / spec.decisions
    if not file.is_file():
        raise SettingsError(f"literature: the file {spec.decisions} does not exist")
    text = decode(file.read_bytes(), file=file.name)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    frame = pd.read_csv(StringIO("\n".join(lines)), dtype=str, keep_default_na=False)
    frame.columns = frame.columns.str.strip()
    _refuse_columns(list(frame.columns), file.name)
    columns = ["record", "stage", "decision", "reason", "screener"]
    return frame.reindex(columns=columns, fill_value="").apply(lambda c: c.str.strip())


def _refuse_columns(columns: Sequence[str], file: str) -> None:
    lacking = [name for name in ("record", "stage", "decision") if name not in columns]
    if lacking:
        raise DataError(
            f"{file}: the column {lacking[0]} is missing; the file has {', '.join(columns)}, it "
            "needs record, stage and decision, and may have reason and screener"
        )
