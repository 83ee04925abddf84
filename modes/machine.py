"""What measured rates hold for: the processor's model, and NumPy's BLAS kernel and threads.

Contract: reads, and changes nothing. threadpoolctl says what BLAS does where it is installed; without it, what NumPy
was built with and the environment say as much as they can.
"""

from __future__ import annotations

import os
import platform

import numpy as np

__all__ = ["blas", "processor"]

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")


def processor() -> str:
    """The processor's model: Linux's own words, elsewhere the platform's."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:  # of the first processor; there may be hundreds
                name, _, value = line.partition(":")
                if name.strip() in ("model name", "Model", "Hardware"):
                    return value.strip()
                if not line.strip():
                    break
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"


def blas() -> tuple[str, int]:
    """The kernel of NumPy's BLAS, such as "SkylakeX", with its library's name where it has no kernels by name; and the
    threads in force."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return _without()
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    own = [pool for pool in pools if "numpy" in pool["filepath"].replace("scipy_openblas", "").lower()]
    for pool in own or pools:
        return pool.get("architecture") or pool["internal_api"], int(pool["num_threads"])
    return _without()


def _without() -> tuple[str, int]:
    config = np.show_config(mode="dicts")
    library = config.get("Build Dependencies", {}).get("blas", {}).get("name", "unknown")
    for name in THREADS:
        if os.environ.get(name, "").isdecimal():
            return os.environ.get("OPENBLAS_CORETYPE", library), int(os.environ[name])
    return os.environ.get("OPENBLAS_CORETYPE", library), os.cpu_count() or 1
