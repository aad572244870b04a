"""Looking into a model: how far its memory reaches, and how its training goes."""

from .network import Network, find_network
from .reach import Reach, measure_reach

__all__ = ["Network", "Reach", "find_network", "measure_reach"]
