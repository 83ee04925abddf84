"""What every test leaves behind as it found it."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _cores() -> Iterator[None]:
    """A benchmark's setup pins its process to one core. This process is not a benchmark's."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, cores)
