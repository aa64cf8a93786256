"""The questionnaire that an expert fills in, made from a study's hierarchy.

``python -m crmstudy.evaluation.judgements.questionnaire STUDY`` writes judgement_form.xlsx
and judgement_form.txt beside the study's study.yml.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from crmstudy.errors import CrmStudyError, UsageError
from crmstudy.evaluation.judgements.forms import write_text, write_workbook
from crmstudy.evaluation.judgements.questions import NO_LABELS, list_questions, questions_of
from crmstudy.files import write_atomically
from crmstudy.settings import Study, read_study

FORM = "judgement_form"
USAGE = "usage: python -m crmstudy.evaluation.judgements.questionnaire STUDY [--force]"


def write_questionnaire(
    hierarchy: Mapping[str, Sequence[str]],
    *,
    goal: str = "CRM performance",
    labels: Mapping[str, str] = NO_LABELS,
    title: str = "",
) -> tuple[bytes, str]:
    """Write the questionnaire of a hierarchy: as a workbook to fill in, and as text to print.

    Parameters
    ----------
    hierarchy : mapping of str to sequence of str
        Criteria and their indicators.
    goal, title : str
        What the criteria serve, and what stands above the form.
    labels : mapping of str to str
        What experts read in place of a name.

    Returns
    -------
    tuple of (bytes, str)
        The XLSX file, one sheet a matrix, equal byte by byte whenever it is made; and the
        text.

    Raises
    ------
    DataError
        If there is nothing to compare.
    """
    questions = list_questions(hierarchy, goal=goal, labels=labels)
    head = title or f"Judgements on {goal} 专家判断"
    return write_workbook(questions, title=head), write_text(questions, title=head)


def write_study_forms(study: Study) -> dict[str, bytes]:
    """Write the questionnaire of a study: the name of each file, and its bytes."""
    questions = questions_of(study.settings)
    title = f"{study.settings.title}: judgements of experts 专家判断"
    return {
        f"{FORM}.xlsx": write_workbook(questions, title=title),
        f"{FORM}.txt": write_text(questions, title=title).encode(),
    }


def _save(study: Study, *, force: bool) -> list[Path]:
    """Put the files beside study.yml; a form that somebody filled in is not written over."""
    forms = {
        study.paths.inputs / name: content for name, content in write_study_forms(study).items()
    }
    changed = [file for file, text in forms.items() if file.exists() and file.read_bytes() != text]
    if changed and not force:
        raise UsageError(
            f"{changed[0]} exists and is another form, perhaps a filled-in one: move it away, or "
            "say --force to write over it"
        )
    for file, content in forms.items():
        write_atomically(file, content)
    return list(forms)


def main(arguments: Sequence[str]) -> int:
    """Write a study's questionnaire; return the exit status."""
    try:
        names = [argument for argument in arguments if argument != "--force"]
        if len(names) != 1 or names[0].startswith("-"):
            raise UsageError(USAGE)
        files = _save(read_study(names[0]), force="--force" in arguments)
    except CrmStudyError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.writelines(f"{file}\n" for file in files)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
