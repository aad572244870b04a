"""Insight into trained pipelines: how sure, how right, and why."""

from .calibration import Calibration, calibrate
from .reliability import Reliability, reliability
from .selection import Selected, select

__all__ = [
    "Calibration",
    "Reliability",
    "Selected",
    "calibrate",
    "reliability",
    "select",
]
