"""Insight into trained pipelines: how far they reach, how sure, how right, and why."""

from .calibration import Calibration, calibrate
from .evaluation import evaluate
from .explanation import Decision, Explanation, explain
from .gradients import gradient_figures, render_gradients
from .network import Network, find_network
from .reach import Reach, measure_reach
from .reliability import Reliability, calibration_error, reliability
from .report import Report, make_report
from .selection import Selected, select
from .suggestions import selected_bytes
from .training_log import LoggedStep, read_log
from .untrained import build_untrained

__all__ = [
    "Calibration",
    "Decision",
    "Explanation",
    "LoggedStep",
    "Network",
    "Reach",
    "Reliability",
    "Report",
    "Selected",
    "build_untrained",
    "calibrate",
    "calibration_error",
    "evaluate",
    "explain",
    "find_network",
    "gradient_figures",
    "make_report",
    "measure_reach",
    "read_log",
    "reliability",
    "render_gradients",
    "select",
    "selected_bytes",
]
