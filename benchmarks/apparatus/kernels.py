"""Which BLAS kernels has this machine, and what does each give? A second or two, before anything else is measured.

Contract: OpenBLAS has kernels for many processors and takes those that it thinks right; OPENBLAS_CORETYPE, which it
reads once, when it is loaded, names others. A name that it does not know it passes over in silence, and kernels whose
instructions the processor lacks may end the process. So each name is tried in a process of its own, which says what
its OpenBLAS really took. :func:`tried` returns what came out, :func:`measured` rates as well:

    {"library": "openblas 0.3.31",     NumPy's BLAS; "" where threadpoolctl does not know it
     "own": "SkylakeX",                what it takes by itself
     "used": "Haswell",                what it takes in this environment
     "threads": 1,
     "kernels": ["SkylakeX", "Haswell"],     those that work here, by the name that it gives them, its own choice first
     "called": {"Zen": "Haswell"},           names that were tried and are another's kernels here, or not known
     "faults": {"Zen": "signal 4"},          names that ended their process
     "skipped": "",                          why there are no rates
     "rates": [{"kernel": "Haswell", "product": "t @ W.T", "dtype": "float64", "rows": 4, "width": 64,
                "gflops": 8.1, "low": 8.0, "high": 8.1}, ...]}

A rate is that of the product of (rows, width) by (width, width), W in C order: "t @ W.T" is what forward mode has of a
dense layer, "c @ W" reverse mode; "square" is t @ W.T of SQUARE rows and columns. `gflops` is the median over rounds,
`low` and `high` the least and the most. The processes are asked in turn, there and back, round by round, so that a
drift of the machine is in all of them. Products take NumPy's ways to BLAS, as the engines' do; `cores` says on how many
cores and threads.

Source: OpenBLAS, "Runtime variables", https://github.com/OpenMathLib/OpenBLAS/blob/develop/docs/runtime_variables.md,
and its list of names for each architecture, driver/others/dynamic.c (dynamic_arm64.c, dynamic_power.c, ...).
"""

import itertools
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from ..catalogue.presets import KERNEL
from .cores import pin_to_cores, threads
from .pairs import Call, calibrate, stretch

NAMES = {
    "x86_64": ("SapphireRapids", "SkylakeX", "Haswell", "Zen", "Sandybridge", "Nehalem"),
    "aarch64": ("NEOVERSEV2", "NEOVERSEN2", "NEOVERSEV1", "ARMV8SVE", "A64FX", "NEOVERSEN1", "THUNDERX2T99", "ARMV8"),
    "ppc64le": ("POWER10", "POWER9", "POWER8"),
    "s390x": ("Z14", "Z13"),
    "loongarch64": ("LA464", "LA264", "LA64_GENERIC"),
    "riscv64": ("RISCV64_ZVL256B", "RISCV64_ZVL128B", "RISCV64_GENERIC"),
}
"""Names that OpenBLAS gives kernels whose products in float64 differ, by platform.machine(), the newest first; without
those of before 2008. Its own choice and what a user names are tried besides."""
FORWARD, REVERSE = "t @ W.T", "c @ W"
SAME = {"AMD64": "x86_64", "arm64": "aarch64"}
ROWS = (1, 4, 16, 64, 256)
WIDTHS = (64, 256)
SQUARE = 512
STRETCH_NS = 200_000
FEWEST, MOST = 3, 15
"""Rounds."""
PATIENCE = 20.0
"""Seconds after which a process that has not answered counts as one that fails."""

Said = dict[str, Any]


def tried(also: str = "") -> Said:
    """Which kernels there are; those of `also`, a name of the user's, among them."""
    with processes(also) as (found, _):
        return found


def measured(also: str = "", seconds: float = 1.2) -> Said:
    """The same with rates, in about so many seconds; as many rounds as they allow, but FEWEST or more."""
    began = time.monotonic()
    with processes(also) as (found, running):
        found["skipped"] = "" if found["own"] else f"NumPy's BLAS ({found['library'] or 'not known'}) is no OpenBLAS"
        if not found["skipped"]:
            found["rates"] = _rates(found, running, began + seconds)
        return found


@contextmanager
def processes(also: str) -> Iterator[tuple[Said, dict[str, "subprocess.Popen[str]"]]]:
    """What came out of trying all names, and a process for each kernel that works, ready to be asked for a round."""
    names = ["", *dict.fromkeys([*filter(None, [also, os.environ.get(KERNEL, "")]), *_names()])]
    with ExitStack() as stack:
        started = {name: stack.enter_context(_process(name)) for name in names}  # all at once: the start is not timed
        answers = {name: _answer(process) for name, process in started.items()}
        own = answers[""]
        found = _found(own, answers)
        running = {}
        for name, process in started.items():
            said = answers[name]
            kernel = said.get("kernel", "") if isinstance(said, dict) else ""
            if kernel and kernel not in running:
                running[kernel] = process
        yield found, running


def _names() -> Sequence[str]:
    machine = platform.machine()
    return NAMES.get(SAME.get(machine, machine), ())


def _found(own: Said | str, answers: dict[str, Said | str]) -> Said:
    """What the processes' answers say together."""
    base = own if isinstance(own, dict) else {"library": "", "kernel": ""}
    taken = {name: said["kernel"] for name, said in answers.items() if isinstance(said, dict) and said["kernel"]}
    asked = os.environ.get(KERNEL, "")
    return {
        "library": base["library"],
        "own": base["kernel"],
        "used": taken.get(asked, base["kernel"]),
        "threads": threads(),
        "kernels": list(dict.fromkeys(taken.values())),
        "called": {name: kernel for name, kernel in taken.items() if name and name != kernel},
        "faults": {name: said for name, said in answers.items() if isinstance(said, str)},
        "skipped": "not asked for",
        "rates": [],
    }


@contextmanager
def _process(name: str) -> Iterator["subprocess.Popen[str]"]:
    """A process whose OpenBLAS is told to take these kernels; "" for its own choice."""
    environment = {key: value for key, value in os.environ.items() if key != KERNEL}
    with subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve()"],
        env=environment | ({KERNEL: name} if name else {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def _answer(process: "subprocess.Popen[str]", ask: bool = False) -> Any:
    """What a process says next, of itself or when it is asked; how it ended, as text, where it says nothing."""
    assert process.stdin is not None  # because of PIPE
    assert process.stdout is not None
    try:
        if ask:
            process.stdin.write("\n")
            process.stdin.flush()
        if line := process.stdout.readline():
            return json.loads(line)
    except BrokenPipeError:  # it has ended
        pass
    code = process.wait()
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _rates(found: Said, running: dict[str, "subprocess.Popen[str]"], until: float) -> list[dict[str, Any]]:
    """The rates of each kernel, measured until about then. A kernel that ends its process joins the faults."""
    rounds: dict[str, list[list[float]]] = {kernel: [] for kernel in running}
    for number in range(MOST + 1):
        began = time.monotonic()
        for kernel in (list(rounds), list(reversed(rounds)))[number % 2]:
            said = _answer(running[kernel], ask=True)
            if isinstance(said, str):
                found["faults"][kernel] = said
                found["kernels"].remove(kernel)
                del rounds[kernel]
            elif number:  # the first round is there to warm up
                rounds[kernel].append(said)
        now = time.monotonic()
        if number >= FEWEST and now + (now - began) > until:
            break
    return [
        {"kernel": kernel, **shape, "gflops": sorted(column)[len(column) // 2], "low": min(column), "high": max(column)}
        for kernel, taken in rounds.items()
        for shape, column in zip(shapes(), zip(*taken, strict=True), strict=True)
    ]


# --- in the process of one kernel ---


def shapes() -> list[dict[str, Any]]:
    """What is multiplied, as a rate names it."""
    few = itertools.product(WIDTHS, (FORWARD, REVERSE), ROWS)
    named = [{"product": product, "rows": rows, "width": width} for width, product, rows in few]
    named.append({"product": "square", "rows": SQUARE, "width": SQUARE})
    return [{"product": shape.pop("product"), "dtype": "float64", **shape} for shape in named]


def serve() -> None:
    """Say whose kernels there are, having tried them; then, for each line of the standard input, a round of rates."""
    with suppress(ImportError, ValueError, OSError):  # a kernel that the processor lacks should leave no core dump
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for dtype in ("float64", "float32"):
        for rows in ROWS:
            _product(FORWARD, dtype, rows, WIDTHS[0])()
            _product(REVERSE, dtype, rows, WIDTHS[0])()
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    pool = pools[0] if pools else {"internal_api": "", "version": ""}
    kernel = pool.get("architecture") or "" if pool["internal_api"] == "openblas" else ""
    _say({"library": f"{pool['internal_api']} {pool['version'] or ''}".strip(), "kernel": kernel})
    calls: list[tuple[Call, int]] = []
    for _ in sys.stdin:
        if not calls:
            pin_to_cores()
            threadpool_limits(threads())
            made = [_product(shape["product"], shape["dtype"], shape["rows"], shape["width"]) for shape in shapes()]
            calls = [(call, calibrate(call, stretch_ns=STRETCH_NS)) for call in made]
        flops = [2e-9 * shape["rows"] * shape["width"] ** 2 for shape in shapes()]
        _say(
            [
                round(each * count / (1e-9 * stretch(call, count)), 4)
                for (call, count), each in zip(calls, flops, strict=True)
            ]
        )


def _product(product: str, dtype: str, rows: int, width: int) -> Call:
    left, right = np.full((rows, width), 0.5, dtype), np.full((width, width), 0.5, dtype)
    return partial(np.matmul, left, right if product == REVERSE else right.T)


def _say(said: Any) -> None:
    print(json.dumps(said), flush=True)
