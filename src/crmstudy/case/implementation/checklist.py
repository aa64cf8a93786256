"""The five-phase path as a checklist: what was to be reached, what was before, what is now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from crmstudy.case.implementation.staff import StaffScores
from crmstudy.case.implementation.windows import BeforeAndNow
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.improvement import PHASES, ImplementationSpec, TaskSpec
from crmstudy.indicators import INDICATORS, SUPPLEMENTS, IndicatorTable, Measurement
from crmstudy.indicators.definitions import Better
from crmstudy.indicators.intervals import Interval

Status = Literal["reached", "on the way", "not reached", "not measurable", "done", "begun", "open"]
#: What counts as fulfilled; what cannot be decided counts neither way.
FULFILLED = ("reached", "done")
UNDECIDED: Status = "not measurable"
STAFF = "staff_"
MET_BEFORE = "the target was met before already"
CATALOGUE = {**INDICATORS, **SUPPLEMENTS}


@dataclass(frozen=True)
class TaskState:
    """One task with what is known of it.

    Parameters
    ----------
    phase, task : str
        Where it stands, and what it is.
    weight : float
        Its share in the score of the phase, relative to the others.
    indicator, unit : str
        What it is measured by, for a reader; empty where the author reports.
    status : str
        Decided by the rule of :func:`judge_progress`, or the author's word.
    baseline, target, current, lower, upper : float or None
        What was, what is wanted, what is and its interval.
    progress : float or None
        Share of the way from baseline to target, from 0 to 1.
    sure : bool or None
        Whether the whole interval lies at the target or beyond (of a reached one) or short
        of it (of any other).
    origin : str
        Where the baseline comes from: measured or author.
    remark : str
        Why it is not measurable, or the author's date.
    """

    phase: str
    task: str
    weight: float
    indicator: str
    unit: str
    status: Status
    baseline: float | None = None
    target: float | None = None
    current: float | None = None
    lower: float | None = None
    upper: float | None = None
    progress: float | None = None
    sure: bool | None = None
    origin: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Checklist:
    """All tasks of the path and the score of every phase.

    Parameters
    ----------
    tasks : tuple of TaskState
        In the order of the phases.
    level : float
        Of the intervals.
    """

    tasks: tuple[TaskState, ...]
    level: float

    def table(self) -> pd.DataFrame:
        """Arrange one row a task: indicator, baseline, target, current value, status."""
        rows = [
            {
                "phase": each.phase,
                "task": each.task,
                "indicator": each.indicator or "reported by the author",
                "unit": each.unit,
                "before": each.baseline,
                "target": each.target,
                "now": each.current,
                f"lower {self.level:.0%}": each.lower,
                f"upper {self.level:.0%}": each.upper,
                "status": _say_status(each),
                "beyond chance": "" if each.sure is None else "yes" if each.sure else "no",
                "remark": each.remark,
            }
            for each in self.tasks
        ]
        numbers = ["before", "target", "now", f"lower {self.level:.0%}", f"upper {self.level:.0%}"]
        return pd.DataFrame(rows).astype(dict.fromkeys(numbers, "Float64"))

    def score(self) -> pd.DataFrame:
        """Arrange one row a phase: tasks, decided ones, fulfilled ones, score by weight."""
        rows = []
        for phase in PHASES.values():
            tasks = [each for each in self.tasks if each.phase == phase]
            decided = [each for each in tasks if each.status != UNDECIDED]
            weight = sum(each.weight for each in decided)
            met = [each for each in decided if each.status in FULFILLED]
            rows.append(
                {
                    "phase": phase,
                    "tasks": len(tasks),
                    "decided": len(decided),
                    "fulfilled": len(met),
                    "score": sum(each.weight for each in met) / weight if weight else None,
                }
            )
        return pd.DataFrame(rows).astype({"score": "Float64"})

    def drawn(self) -> pd.DataFrame:
        """Arrange the tasks that have a way to go, for a figure: before, target, now, interval.

        A task whose target was met before has none.
        """
        rows = [
            {
                "phase": each.phase,
                "task": each.task,
                "indicator": each.indicator,
                "unit": each.unit,
                "before": each.baseline,
                "target": each.target,
                "now": each.current,
                "lower": each.lower,
                "upper": each.upper,
                "status": _say_status(each),
            }
            for each in self.tasks
            if each.progress is not None and MET_BEFORE not in each.remark
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give the tasks, the fulfilled ones, and the score of every phase that has one."""
        metrics: dict[str, float] = {
            "n_tasks": len(self.tasks),
            "n_fulfilled": sum(each.status in FULFILLED for each in self.tasks),
            "n_undecided": sum(each.status == UNDECIDED for each in self.tasks),
        }
        for key, (_, row) in zip(PHASES, self.score().iterrows(), strict=True):
            if not pd.isna(row["score"]):
                metrics[f"score_{key}"] = float(row["score"])
        return metrics


def _say_status(state: TaskState) -> str:
    if state.status == "on the way" and state.progress is not None:
        # Rounded down: 100% would be reached. A half may be a bit less than one half.
        return f"on the way ({min(99, int(100 * state.progress + 1e-9))}%)"
    return state.status


def judge_progress(
    baseline: float, target: float, current: float, *, better: Better | None = None
) -> tuple[Literal["reached", "on the way", "not reached"], float]:
    """Decide how far a value has come from its baseline to its target.

    At the target or beyond it is *reached*, between baseline and target *on the way*, else
    *not reached*. The share of the way is held within 0 and 1; where the target was met
    before, there is no way to go, only a target to keep.

    Parameters
    ----------
    better : {"larger", "smaller"}, optional
        Which is better; without it the target, seen from the baseline, tells.
    """
    rises = target > baseline if better is None else better == "larger"
    sign = 1 if rises else -1
    if sign * current >= sign * target:
        return "reached", 1.0
    if sign * baseline >= sign * target:
        return "not reached", 0.0
    way = (current - baseline) / (target - baseline)
    return ("on the way", way) if way > 0 else ("not reached", 0.0)


def score_implementation(
    implementation: ImplementationSpec | None,
    *,
    measured: BeforeAndNow | NotAvailable,
    staff: StaffScores | NotAvailable,
    level: float = 0.95,
) -> Checklist:
    """Score the tasks of the five-phase path by indicators and by the author's word.

    A task is reached where the current value is at its target or beyond. What was before
    is measured over the window before the measure, or is the author's. A task whose indicator
    cannot be measured is not decided and does not count in the score.

    Parameters
    ----------
    implementation : ImplementationSpec or None
        Block ``implementation`` of study.yml.
    measured : BeforeAndNow or NotAvailable
        Indicators before and now.
    staff : StaffScores or NotAvailable
        Scores of the staff survey, for indicators called ``staff_<construct>``.

    Raises
    ------
    ModelError
        If study.yml names no task.
    """
    if implementation is None or not any(implementation.phases.values()):
        raise ModelError("study.yml names no tasks of an implementation (block implementation)")
    states = tuple(_list_states(implementation, measured, staff))
    return Checklist(states, level)


def _list_states(
    implementation: ImplementationSpec,
    measured: BeforeAndNow | NotAvailable,
    staff: StaffScores | NotAvailable,
) -> Iterator[TaskState]:
    for key, phase in PHASES.items():
        tasks = next((own for name, own in implementation.phases.items() if name == key), [])
        for task in tasks:
            yield _judge_task(task, phase, measured, staff)


def _judge_task(
    task: TaskSpec,
    phase: str,
    measured: BeforeAndNow | NotAvailable,
    staff: StaffScores | NotAvailable,
) -> TaskState:
    if task.status is not None:
        said = f"as of {task.as_of:%Y-%m-%d}" if task.as_of else ""
        return TaskState(phase, task.task, task.weight, "", "", task.status, remark=said)
    name = task.indicator or ""
    label, unit = _describe(name, staff)
    now = _find_staff(name, staff) if name.startswith(STAFF) else _find(name, measured, "now")
    known = _find_baseline(name, task, measured)
    origin = "author" if task.baseline is not None else "measured"
    missing = [each.reason for each in (now, known) if isinstance(each, NotAvailable)]
    if isinstance(now, NotAvailable) or isinstance(known, NotAvailable) or task.target is None:
        return TaskState(
            phase, task.task, task.weight, label, unit, UNDECIDED,
            baseline=None if isinstance(known, NotAvailable) else known,
            target=task.target,
            current=None if isinstance(now, NotAvailable) else now.value,
            remark="; ".join(dict.fromkeys(missing)),
        )  # fmt: skip
    better = CATALOGUE[name].better if name in CATALOGUE else None
    if better is None and known == task.target:
        remark = "the target is what was before already"
        return TaskState(phase, task.task, task.weight, label, unit, UNDECIDED, remark=remark)
    status, way = judge_progress(known, task.target, now.value, better=better)
    rises = task.target > known if better is None else better == "larger"
    remarks = ["what was before is the author's word"] if origin == "author" else []
    if (known >= task.target) if rises else (known <= task.target):
        remarks.append(MET_BEFORE)
    ends = (now.interval.low, now.interval.high) if isinstance(now.interval, Interval) else None
    return TaskState(
        phase=phase,
        task=task.task,
        weight=task.weight,
        indicator=label,
        unit=unit,
        status=status,
        baseline=known,
        target=task.target,
        current=now.value,
        lower=ends[0] if ends else None,
        upper=ends[1] if ends else None,
        progress=way,
        sure=_is_sure(task.target, ends, status, rises=rises) if ends else None,
        origin=origin,
        remark="; ".join(remarks),
    )


def _is_sure(target: float, ends: tuple[float, float], status: str, *, rises: bool) -> bool:
    """Whether the whole interval lies on the side of the target that the value does."""
    worse, better = ends if rises else (-ends[1], -ends[0])
    wanted = target if rises else -target
    return worse >= wanted if status == "reached" else better < wanted


def _describe(name: str, staff: StaffScores | NotAvailable) -> tuple[str, str]:
    if not name.startswith(STAFF):
        known = CATALOGUE.get(name)
        return (known.label, known.unit) if known else (name.replace("_", " "), "")
    construct = name.removeprefix(STAFF)
    if isinstance(staff, NotAvailable) or construct not in staff.overall.index:
        return construct.replace("_", " "), "points of 100"
    return str(staff.overall.loc[construct, "label"]), "points of 100"


def _find(
    name: str, measured: BeforeAndNow | NotAvailable, side: Literal["before", "now"]
) -> Measurement | NotAvailable:
    if isinstance(measured, NotAvailable):
        return measured
    table: IndicatorTable = getattr(measured, side)
    found = {**table.measured, **table.beside}.get(name)
    return NotAvailable(f"no indicator is called {name}") if found is None else found


def _find_staff(name: str, staff: StaffScores | NotAvailable) -> Measurement | NotAvailable:
    if isinstance(staff, NotAvailable):
        return staff
    construct = name.removeprefix(STAFF)
    if construct not in staff.overall.index:
        return NotAvailable(f"the staff survey has no construct {construct}")
    row = staff.overall.loc[construct].to_dict()
    interval = Interval(row["lower"], row["upper"], staff.level, "t")
    return Measurement(row["mean"], int(row["n"]), interval)


def _find_baseline(
    name: str, task: TaskSpec, measured: BeforeAndNow | NotAvailable
) -> float | NotAvailable:
    if task.baseline is not None:
        return task.baseline
    if name.startswith(STAFF):
        return NotAvailable(
            "no survey of the staff was taken before, and study.yml says no baseline"
        )
    found = _find(name, measured, "before")
    if isinstance(found, NotAvailable):
        return NotAvailable(f"before the measure: {found.reason}")
    return found.value
