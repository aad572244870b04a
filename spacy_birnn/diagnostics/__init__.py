"""Insight into trained pipelines: how far they reach, how sure, how right, and why."""

from .calibration import Calibration, calibrate
from .explanation import Decision, Explanation, explain
from .network import Network, find_network
from .reach import Reach, measure_reach
from .reliability import Reliability, calibration_error, reliability
from .report import Report, make_report
from .selection import Selected, select

__all__ = [
    "Calibration",
    "Decision",
    "Explanation",
    "Network",
    "Reach",
    "Reliability",
    "Report",
    "Selected",
    "calibrate",
    "calibration_error",
    "explain",
    "find_network",
    "make_report",
    "measure_reach",
    "reliability",
    "select",
]
