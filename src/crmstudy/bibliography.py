"""Where the literature of a study is listed, and how it was screened."""

from __future__ import annotations

from crmstudy.strict_yaml import Strict


class LiteratureSpec(Strict):
    """Exports of literature searches (.bib or .ris), beside study.yml."""

    files: list[str] = []
