"""Insight into trained pipelines: how sure, how right, and why."""

from .explanation import Decision, Explanation, explain
from .reliability import Reliability, calibration_error, reliability
from .report import Report, make_report

__all__ = [
    "Decision",
    "Explanation",
    "Reliability",
    "Report",
    "calibration_error",
    "explain",
    "make_report",
    "reliability",
]
