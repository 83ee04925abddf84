"""Does a Jacobian fit into the memory there is, and what is the largest that does? Each is tried in a process of its
own.

    python -m benchmarks.apparatus.fitting [--peak] CASE

Contract: :func:`largest` is the search, over any question with a yes or no; :func:`tried` is one process that takes the
Jacobian of a case, once, and says whether it fitted, and with ``peak`` what it took by its engine's own account. Fresh:
what an allocator keeps, or a compiler tries out, is in no other's way, and an allocator that ran out need not recover.
The answer is compared with the hand-written product along one direction before it counts. FittingError where the
process ended for another reason than that the memory of the engine was full: the host's memory is not the device's.

An engine on a device has all of its memory: JAX, which by itself takes three quarters of it, is given ALL, and takes it
as it goes (https://docs.jax.dev/en/latest/201/gpu-memory.html). One on the host has AT_HOME, by a limit on the
process's addresses (setrlimit); where the system has none, SkippedError.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from .. import peers
from ..catalogue.case import Case
from ..catalogue.engines import row
from ..peers import SkippedError
from .checks import TOLERANCE, direction, expect_close, expect_shape
from .cores import threads

ROOT = Path(__file__).parents[2]
ALL = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "XLA_CLIENT_MEM_FRACTION": "0.95"}
AT_HOME = 256 * 2**20
"""Bytes that a Jacobian, its engine's arrays and its chain's parameters may take on the host."""
PATIENCE = 600.0
CLOSE = 1 / 16
"""How near the search comes: the next size that was tried in vain is larger by no more than this share."""
MOST = 2**22


class FittingError(RuntimeError):
    """It cannot be said whether a Jacobian fits."""


def largest(fits: Callable[[int], bool], start: int, most: int = MOST, close: float = CLOSE) -> int:
    """The largest size that fits, to within the share ``close``: doubled from ``start`` on until it does not fit, then
    bisected. 0 where not even 1 does. FittingError where ``most`` fits: there is no crossover to be found.
    """
    if start < 1:
        raise ValueError(f"largest: expected a start of at least 1, got {start}; begin with 1")
    low, high = 0, start
    while fits(high):
        low, high = high, 2 * high
        if low >= most:
            raise FittingError(f"n = {low} fits as well, and more is not tried; choose a larger m or width")
    while high - low > max(1, close * low):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def fits(case: Case) -> bool:
    """Whether the Jacobian of a case fits."""
    return bool(tried(case)["fits"])


def peak(case: Case) -> int:
    """What the Jacobian of a case takes at its peak, in bytes, by its engine's account. FittingError where it does not
    fit."""
    found = tried(case, "--peak")
    if not found["fits"]:
        raise FittingError(f"expected a Jacobian that fits into memory, got: {found['error']}; choose a smaller one")
    return int(str(found["peak"]))


def tried(case: Case, *options: str) -> dict[str, object]:
    """What the process of one case said."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", __spec__.name, *options, case.text]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **ALL, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FittingError(f"{case.text}: no answer within {PATIENCE:.0f} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise FittingError(f"{case.text}: neither fitted nor ran out of memory: {last[:300]}")
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    if skipped := found.get("skipped"):
        raise SkippedError(str(skipped))
    return found


def taken(case: Case, with_peak: bool = False) -> dict[str, object]:
    """Take the Jacobian of a case in this process; what is said of it."""
    engine, chain, at_home = peers.load(case.engine), case.chain(), not row(case.engine).device
    if at_home:
        small = case._replace(n=2, m=2, width=2).chain()
        engine.jacobian(small, case.mode, None)(engine.array(small.x))  # what a BLAS allocates once is not the question
        hold(AT_HOME)
    try:
        found: dict[str, object] = {"fits": True}
        if with_peak:
            found["peak"] = engine.peak_bytes(chain, case.mode, case.chunk_size)
        J = engine.jacobian(chain, case.mode, case.chunk_size)(engine.array(chain.x))
    except Exception as error:
        if not engine.out_of_memory(error):
            raise
        return {"fits": False, "error": f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"}
    if at_home:
        hold(None)
    answer, v = engine.home(J), direction(chain)
    expect_shape("the Jacobian", answer, (chain.m, chain.n))
    expected = peers.load("floor").jvp(chain)(chain.x, v)[1]
    expect_close("J v", "by hand", answer @ v, expected, TOLERANCE[chain.dtype])
    return found


def hold(size: int | None) -> None:
    """Let this process allocate so many bytes more than it has; None lifts that."""
    try:
        import resource  # not on Windows

        addresses = Path("/proc/self/statm").read_text().split()[0]
    except (ImportError, OSError):
        raise SkippedError("memory cannot be limited on this system: it has no setrlimit, or no /proc") from None
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = hard if size is None else int(addresses) * resource.getpagesize() + size
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 or size is None else min(wanted, hard), hard))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.apparatus.fitting", description=__doc__)
    parser.add_argument("case", help="as Case.text writes it")
    parser.add_argument("--peak", action="store_true", help="say what it takes as well")
    options = parser.parse_args()
    try:
        with threadpool_limits(threads()):
            print(json.dumps(taken(Case.parse(options.case), options.peak)))
    except SkippedError as error:
        print(json.dumps({"skipped": str(error)}))


if __name__ == "__main__":
    main()
