"""One thread and the same random numbers for every test; what several of them ask."""

import os
import signal

import pytest
import torch
from hypothesis import settings
from thinc.api import fix_random_seed

torch.set_num_threads(1)

# An example takes as long as the machine needs.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def _seed():
    fix_random_seed(0)


@pytest.fixture
def is_group_alive():
    """Whether a process of a group is left."""

    def is_alive(group):
        try:
            os.killpg(group, signal.SIGCONT)
        except ProcessLookupError:
            return False
        return True

    return is_alive
