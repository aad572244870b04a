"""One thread and the same random numbers for every test."""

import pytest
import torch
from thinc.api import fix_random_seed

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed():
    fix_random_seed(0)
