"""Chapter 00, research design: framework, register, sample sizes, literature."""

from crmstudy.design.planning.groups import plan_two_groups

__all__ = ["plan_two_groups"]
