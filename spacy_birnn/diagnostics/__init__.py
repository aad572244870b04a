"""Insight into trained pipelines: how far they reach, how sure, how right, and why."""

from .calibration import Calibration, calibrate
from .network import Network, find_network
from .reach import Reach, measure_reach
from .reliability import Reliability, reliability
from .selection import Selected, select

__all__ = [
    "Calibration",
    "Network",
    "Reach",
    "Reliability",
    "Selected",
    "calibrate",
    "find_network",
    "measure_reach",
    "reliability",
    "select",
]
