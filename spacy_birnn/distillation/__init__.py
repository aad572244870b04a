"""Distillation: one network of ours learns from other pipelines and raw text."""

from .corpus import DistilledCorpus
from .distil import distil
from .make import make_targets
from .targets import Targets

__all__ = ["DistilledCorpus", "Targets", "distil", "make_targets"]
