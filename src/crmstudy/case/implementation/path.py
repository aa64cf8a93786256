"""The five phases in which a CRM system is put in place: what each asks, what serves it here."""

from __future__ import annotations

import pandas as pd

from crmstudy.improvement import PHASES

#: What each phase asks, and which chapters of a study answer it.
QUESTIONS: dict[str, tuple[str, str, str]] = {
    "needs": (
        "Which relationship problems shall be solved, whose, and how will success be seen?",
        "goals, processes, indicators with targets and their values before",
        "00 research design, 02 customer analysis, 05 satisfaction and loyalty",
    ),
    "integration": (
        "Are the data of all contacts one picture of each customer, right and lawful?",
        "linked records, measured quality, consent, one database",
        "01 data collection",
    ),
    "deployment": (
        "Which system serves these needs best, and do its processes run?",
        "weighed criteria, compared systems, segments and value in daily use",
        "06 performance evaluation (choice of a system), 03 segmentation, 04 customer value",
    ),
    "training": (
        "Can the staff use it, do they find it useful, and who resists?",
        "training, staff survey on ease, usefulness and resistance",
        "07 case study (staff survey), by the methods of chapter 05",
    ),
    "evaluation": (
        "What has changed, was it the measure, and did it pay?",
        "indicators before and after, effect with its checks, return",
        "06 performance evaluation, 07 case study, 08 conclusions",
    ),
}


def list_phases() -> pd.DataFrame:
    """List the five phases, whatever the study: question, what is needed, which chapter.

    Returns
    -------
    DataFrame
        Columns ``no``, ``phase``, ``asks``, ``needs``, ``served by``.

    References
    ----------
    Payne, A., & Frow, P. (2005). A strategic framework for customer relationship management.
    Journal of Marketing, 69(4), 167-176.
    """
    rows = [
        {"no": number, "phase": PHASES[key], "asks": asks, "needs": needs, "served by": served}
        for number, (key, (asks, needs, served)) in enumerate(QUESTIONS.items(), start=1)
    ]
    return pd.DataFrame(rows)
