"""Chapter 00, research design: framework, register, sample sizes, literature."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.design.framework.diagram import build_framework
    from crmstudy.design.framework.register import register_hypotheses
    from crmstudy.design.framework.theories import tabulate_constructs, tabulate_theories
    from crmstudy.design.literature.analysis import open_literature, study_literature
    from crmstudy.design.planning.designs import list_designs, suppose_paths
    from crmstudy.design.planning.experiment import plan_experiment
    from crmstudy.design.planning.groups import plan_two_groups
    from crmstudy.design.planning.needs import count_respondents, plan_hypotheses
    from crmstudy.design.planning.panel import plan_panel
    from crmstudy.design.planning.widths import plan_widths

_HOME = {
    "build_framework": "framework.diagram",
    "count_respondents": "planning.needs",
    "list_designs": "planning.designs",
    "open_literature": "literature.analysis",
    "plan_experiment": "planning.experiment",
    "plan_hypotheses": "planning.needs",
    "plan_panel": "planning.panel",
    "plan_two_groups": "planning.groups",
    "plan_widths": "planning.widths",
    "register_hypotheses": "framework.register",
    "study_literature": "literature.analysis",
    "suppose_paths": "planning.designs",
    "tabulate_constructs": "framework.theories",
    "tabulate_theories": "framework.theories",
}

__all__ = [
    "build_framework",
    "count_respondents",
    "list_designs",
    "open_literature",
    "plan_experiment",
    "plan_hypotheses",
    "plan_panel",
    "plan_two_groups",
    "plan_widths",
    "register_hypotheses",
    "study_literature",
    "suppose_paths",
    "tabulate_constructs",
    "tabulate_theories",
]

__getattr__ = lazy_names(__name__, _HOME)
