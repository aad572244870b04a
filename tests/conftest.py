"""One thread and the same random numbers for every test; what several of them ask."""

import os
import signal
from pathlib import Path

import pytest
import spacy
import torch
from hypothesis import settings
from thinc.api import fix_random_seed

ROOT = Path(__file__).parents[1]

torch.set_num_threads(1)

# An example takes as long as the machine needs.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# Of torch, and of thinc with a new cupy, where there is a GPU.
GPU_WARNINGS = [
    "This function is deprecated",
    "Attempting to run cuBLAS",
    "Warning. Profiler clears events",
    "Sparse invariant checks",
]


def pytest_addoption(parser):
    parser.addoption(
        "--gpu-id",
        type=int,
        default=-1,
        help="run the models of this process on a GPU, not those of commands",
    )


def pytest_configure(config):
    if config.getoption("--gpu-id") >= 0:
        spacy.require_gpu(config.getoption("--gpu-id"))
    if torch.cuda.is_available():
        for message in GPU_WARNINGS:
            config.addinivalue_line("filterwarnings", f"ignore:{message}")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--gpu-id") >= 0:
        skip = pytest.mark.skip(reason="of a CPU alone")
        for item in items:
            if item.get_closest_marker("cpu"):
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def _seed():
    fix_random_seed(0)


@pytest.fixture(autouse=True, scope="module")
def _seed_of_module():
    """For fixtures of a module, which pytest makes before those of a test."""
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


def python_path():
    """That of the tests, and the root of the project."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
