"""Ray itself: started here or joined, and watched while a run waits for it."""

import logging
import os
import socket
import sys
import time
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, Dict, Iterator

from ..errors import BirnnError, Errors
from .options import Workers

REACH = 10.0
"""Seconds in which the head of a cluster has to answer before a run is begun."""

HEAD_PATIENCE = 30.0
"""Seconds for which the head may be silent: after 60 Ray ends this process itself."""

NODE_PATIENCE = 600.0
"""Seconds in which a cluster without room for an actor may get another node."""


@contextmanager
def cluster(workers: Workers) -> Iterator[Any]:
    """Connect to Ray: to a cluster, or to a local one that ends with the block.

    A connection that is there already is used and left. What Ray prints goes to
    standard error for the time of the block, since standard output is for results.

    Raises:
        BirnnError: Ray is not installed, or the cluster cannot be reached.
    """
    # Ray tells about itself on start, and its users what it collects.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A driver says nothing on its own but what ends it: we tell what happened.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise BirnnError(Errors.B272) from error
    is_ours = not ray.is_initialized()
    with redirect_stdout(sys.stderr):
        if is_ours:
            _connect(ray, workers)
        try:
            with _quiet(ray):
                yield ray
        finally:
            if is_ours:
                ray.shutdown()


def _connect(ray: Any, workers: Workers) -> None:
    options: Dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if workers.address is None:
        # Ray's own default would have its workers wait for all else that runs.
        os.environ.setdefault("RAY_worker_niceness", "0")
        count = workers.n_process if workers.n_process > 0 else os.cpu_count()
        options |= {"num_cpus": count, "include_dashboard": False}
    else:
        options["address"] = workers.address
        _check_reachable(workers.address)
    try:
        with _muted():
            ray.init(**options)
    except Exception as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        address = workers.address or "a local one"
        raise BirnnError(Errors.B273.format(address=address, reason=reason)) from error


@contextmanager
def _muted() -> Iterator[None]:
    """Without what Ray's library writes to standard error past Python, on its start."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _check_reachable(address: str) -> None:
    """Ask whether anyone listens: Ray itself would ask for ever."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():
        return  # such as `auto`, for which Ray looks on this machine
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BirnnError(Errors.B273.format(address=address, reason=reason)) from error


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with suppress(OSError):
        socket.create_connection((host.strip("[]"), int(port)), 2.0).close()
        return True
    return False


def room_for_actors(ray: Any, num_gpus: float) -> int:
    """How many actors the cluster holds as it is; 1 if none, since it may grow."""
    resources = ray.cluster_resources()
    cores = int(resources.get("CPU", 1))
    gpus = int(resources.get("GPU", 0) / num_gpus) if num_gpus else cores
    return max(1, min(cores, gpus))


class Watchdog:
    """Notices that a cluster is dead, for which Ray itself would wait without a word.

    Args:
        ray: The connected module.
        num_gpus: GPUs for each actor.
    """

    def __init__(self, ray: Any, num_gpus: float) -> None:
        self.ray = ray
        self.needs = {"CPU": 1.0, **({"GPU": num_gpus} if num_gpus else {})}
        self.address = ray.get_runtime_context().gcs_address
        self.heard = self.had_room = time.monotonic()

    def check(self) -> None:
        """Look at the cluster.

        Raises:
            BirnnError: Its head is gone, or no node is left that could hold an actor.
        """
        now = time.monotonic()
        if not _answers(self.address):
            if now - self.heard > HEAD_PATIENCE:
                raise BirnnError(Errors.B276.format(address=self.address))
            return
        self.heard = now
        if self._has_room():
            self.had_room = now
        elif now - self.had_room > NODE_PATIENCE:
            raise BirnnError(Errors.B277.format(seconds=int(NODE_PATIENCE)))

    def _has_room(self) -> bool:
        """Whether a node that is alive could hold an actor, were it free."""
        return any(
            node["Alive"]
            and all(node["Resources"].get(k, 0) >= n for k, n in self.needs.items())
            for node in self.ray.nodes()
        )


@contextmanager
def _quiet(ray: Any) -> Iterator[None]:
    """Ray Data without its own bars and lines: ours tell how far it is."""
    context = ray.data.DataContext.get_current()
    had_bars, context.enable_progress_bars = context.enable_progress_bars, False
    ray.data.range(0)  # sets the loggers up, which would undo what follows
    loggers = [logging.getLogger(name) for name in ("ray.data", "ray.data._internal")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars = had_bars
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
