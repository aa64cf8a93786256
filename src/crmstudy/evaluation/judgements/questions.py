"""What a panel is asked: one question a pair of names, matrix by matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

from crmstudy.appraisal import CRITERIA_MATRIX, SELECTION_MATRIX
from crmstudy.errors import DataError, UsageError
from crmstudy.settings import StudySettings

NO_LABELS: Mapping[str, str] = MappingProxyType({})

#: What the numbers of the scale say, in English and Chinese.
MEANINGS = (
    ("1", "both matter equally", "两者同等重要"),
    ("3", "the one matters moderately more", "前者比后者稍微重要"),
    ("5", "the one matters strongly more", "前者比后者明显重要"),
    ("7", "the one matters very strongly more", "前者比后者强烈重要"),
    ("9", "the one matters extremely more", "前者比后者极端重要"),
    ("2, 4, 6, 8", "between two of these", "介于相邻两级之间"),
)
INSTRUCTIONS = (
    (
        "Every row compares two things. Put one mark (x) into each row: on the left side below "
        "the number that says how many times the left one matters more, on the right side how "
        "many times the right one does; below 1 if both matter equally.",
        "每一行比较两个要素。请在每一行打一个标记（x）：左边的要素更重要，就在左侧表示其重要倍数的"
        "数字下方标记；右边的更重要，就标在右侧；同等重要则标在 1 下方。",
    ),
    (
        "If you cannot judge a pair, leave its row empty. Please judge so many pairs that every "
        "thing is linked to every other, directly or through others.",
        "如果某一对无法判断，可以留空；但请保证所有要素能直接或间接地通过比较联系起来。",
    ),
    (
        "Judgements may contradict each other. Then you may be asked to look at some of them "
        "again; nobody changes them for you.",
        "判断之间可能出现前后不一致。届时可能会请您重新考虑其中几项，但不会有人替您改动。",
    ),
)


@dataclass(frozen=True)
class Question:
    """The comparisons of one matrix.

    Parameters
    ----------
    matrix : str
        The matrix as experts read its name.
    english, chinese : str
        What is asked of every pair.
    pairs : tuple of (str, str)
        The names to compare, as experts read them.
    """

    matrix: str
    english: str
    chinese: str
    pairs: tuple[tuple[str, str], ...]


def list_questions(
    hierarchy: Mapping[str, Sequence[str]],
    *,
    goal: str = "CRM performance",
    labels: Mapping[str, str] = NO_LABELS,
    selection: Sequence[str] = (),
    selection_goal: str = "Choice of a CRM system",
) -> list[Question]:
    """List what experts are to compare, in the order of the hierarchy.

    Parameters
    ----------
    hierarchy : mapping of str to sequence of str
        Criteria and their indicators; a matrix of one name is not asked.
    goal : str
        What the criteria serve.
    labels : mapping of str to str
        What experts read in place of a name; other names are written as words.
    selection, selection_goal
        The criteria of the choice of a CRM system, where it is asked too, and its goal.

    Raises
    ------
    DataError
        If there is nothing to compare.
    """
    asked = {CRITERIA_MATRIX: (goal, list(hierarchy))}
    asked |= {name: (_read(name, labels), list(under)) for name, under in hierarchy.items()}
    asked[SELECTION_MATRIX] = (selection_goal, list(selection))
    questions = [
        Question(
            matrix=_read(matrix, labels),
            english=f"Which of the two matters more for: {serves}? And how many times more?",
            chinese=f"就“{serves}”而言，两者之中哪个更重要？重要多少倍？",
            pairs=tuple(combinations([_read(name, labels) for name in names], 2)),
        )
        for matrix, (serves, names) in asked.items()
        if len(names) > 1
    ]
    if not questions:
        raise DataError("nothing to compare: the hierarchy has no two names beside each other")
    return questions


def questions_of(settings: StudySettings) -> list[Question]:
    """List what a study's experts are to compare.

    Raises
    ------
    UsageError
        If study.yml names neither a hierarchy nor criteria of a selection.
    """
    judged, chosen = settings.judgements, settings.selection
    if not judged.hierarchy and len(chosen.criteria) < 2:
        raise UsageError(
            "study.yml names nothing to judge: give criteria and indicators under "
            "judgements: hierarchy"
        )
    return list_questions(
        judged.hierarchy,
        goal=judged.goal,
        labels={n: c.label for n, c in chosen.criteria.items() if c.label} | judged.labels,
        selection=tuple(chosen.criteria),
        selection_goal=chosen.goal,
    )


def _read(name: str, labels: Mapping[str, str]) -> str:
    return labels.get(name, name.replace("_", " "))
