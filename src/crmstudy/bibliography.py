"""Where the literature of a study is listed, and how it was screened."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from crmstudy.strict_yaml import Strict

#: Endings of the files that can be read.
ENDINGS = (".bib", ".ris")


class LiteratureFile(Strict):
    """One export of a search, and the database that was searched."""

    file: str = Field(min_length=1)
    source: str = Field(min_length=1)

    @field_validator("file")
    @classmethod
    def _readable(cls, file: str) -> str:
        if not file.lower().endswith(ENDINGS):
            raise ValueError(f"must end in .bib or .ris; found {file!r}")
        return file


class LiteratureSpec(Strict):
    """Exports of literature searches (.bib or .ris), beside study.yml.

    Parameters
    ----------
    files : list of LiteratureFile
        Empty: the project's own references serve as an example.
    decisions : str
        A .csv with the decisions of screening: record, stage, decision, reason, screener.
    synonyms : dict of str to list of str
        A keyword, and the keywords that are counted as it.
    ignored : list of str
        Keywords left out of counts, for instance the words of the search itself.
    similarity : str
        How keywords are related by the publications that have both.
    least_count : int
        Publications that a keyword of the network has at least.
    most_keywords : int
        Keywords that the network holds at most.
    period_years : int
        Length of the periods whose keywords are compared.
    """

    files: list[LiteratureFile] = []
    decisions: str = ""
    synonyms: dict[str, list[str]] = {}
    ignored: list[str] = []
    similarity: Literal["association", "jaccard"] = "association"
    least_count: int = Field(default=2, ge=1)
    most_keywords: int = Field(default=30, ge=2, le=60)
    period_years: int = Field(default=5, ge=1)

    @field_validator("decisions")
    @classmethod
    def _table(cls, file: str) -> str:
        if file and not file.lower().endswith(".csv"):
            raise ValueError(f"must end in .csv; found {file!r}")
        return file

    @field_validator("synonyms")
    @classmethod
    def _once(cls, synonyms: dict[str, list[str]]) -> dict[str, list[str]]:
        words = [word for group in synonyms.values() for word in group]
        twice = sorted({word for word in words if words.count(word) > 1})
        if twice:
            raise ValueError(f"synonym {twice[0]!r} stands twice; name it once")
        return synonyms
