"""A project of four tiny chapters: one feeds two, which feed the last."""

import json
from pathlib import Path

import pytest

FIRST = """
import json, os, pathlib
target = pathlib.Path(os.environ["CRMSTUDY_OUTPUT"])
value = LEVEL * len(open(os.environ["CRMSTUDY_ROOT"] + "/data/toy/survey.csv").readlines())
(target / "results").mkdir()
numbers = {NAME + ".toy.model.value": {"value": value, "unit": "", "n": 1, "tolerance": 0}}
(target / "results" / (NAME + ".json")).write_text(json.dumps(numbers))
(target / "tables" / NAME).mkdir(parents=True)
(target / "tables" / NAME / "values.csv").write_text("value\\n" + str(value % 2) + "\\n")
"""


def notebook(
    name, *, needs=(), body=FIRST, tables=("survey",), parameters=None, tags=("parameters",)
):
    lines = (
        parameters
        or f'STUDY: str = "toy"  # study\nNAME: str = "{name}"  # name\nLEVEL: int = 2  # factor'
    )
    code = {"cell_type": "code", "execution_count": None, "outputs": []}
    return {
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": f"# {name}"},
            {**code, "id": "b", "metadata": {"tags": list(tags)}, "source": lines},
            {**code, "id": "c", "metadata": {}, "source": body},
        ],
        "metadata": {
            "crmstudy": {"chapter": name, "needs": list(needs), "tables": list(tables)},
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


class Project:
    """The toy project, and how to change it."""

    changed = FIRST + "\n# changed"

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def reports(self) -> Path:
        return self.root / "reports" / "toy"

    def write(self, position, name, **options):
        file = self.root / "notebooks" / f"{position:02d}_{name}.ipynb"
        file.write_text(json.dumps(notebook(name, **options)))

    def settings(self, text):
        (self.root / "data" / "toy" / "study.yml").write_text(text)

    def results(self):
        return json.loads((self.reports / "results.json").read_text())


SETTINGS = "title: Toy\nseed: 1\ntables:\n  survey: {file: survey.csv}\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    for folder in ("notebooks", "data/toy"):
        (tmp_path / folder).mkdir(parents=True)
    made = Project(tmp_path)
    made.settings(SETTINGS)
    (tmp_path / "data" / "toy" / "survey.csv").write_text("respondent_id\n1\n2\n")
    made.write(1, "alpha")
    made.write(2, "beta", needs=["alpha"])
    made.write(3, "gamma", needs=["alpha"], tables=())
    made.write(4, "delta", needs=["beta", "gamma"])
    monkeypatch.chdir(tmp_path)
    for name in ("CRMSTUDY_ROOT", "CRMSTUDY_REPORTS", "CRMSTUDY_WORK", "CRMSTUDY_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    return made
