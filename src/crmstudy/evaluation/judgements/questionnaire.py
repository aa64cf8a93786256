"""The questionnaire that an expert fills in, made from a study's hierarchy.

The verb ``form`` writes it beside the study's study.yml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmstudy.evaluation.judgements.forms import write_text, write_workbook
from crmstudy.evaluation.judgements.questions import NO_LABELS, list_questions, questions_of
from crmstudy.settings import Study

FORM = "judgement_form"


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
