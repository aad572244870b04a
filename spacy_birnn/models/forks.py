"""Processes that are forked: `nlp.pipe(n_process=2)` after torch has used threads."""

import os

import torch

from . import forms

_hook_is_set = False


def make_fork_safe() -> None:
    """Let a forked child compute with torch, on one thread.

    A child that inherits torch's thread pool hangs in its first parallel operation; one
    thread per worker is what one wants there anyway. Done once, when the first model is
    built, and where the platform can fork.
    """
    global _hook_is_set
    if not _hook_is_set and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)
        _hook_is_set = True


def _after_fork() -> None:
    torch.set_num_threads(1)
    forms.after_fork()
