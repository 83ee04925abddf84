"""GradBench's protocol from a tool's side: a message of JSON a line in, an answer a line out.

Contract: `answer` makes the answer to one message, and what goes wrong in a function is told as GradBench asks for it:
success false and the traceback. A function is run as often as the message's `min_runs` and as long as its `min_seconds`
ask for, each run timed; input and output are decoded and encoded outside. The protocol:
https://github.com/gradbench/gradbench/blob/main/CONTRIBUTING.md#protocol.
"""

import json
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import modes
from examples.gradbench.evals import EVALS, Derivative, Task

TOOL = "mode-crossover"


def session(lines: Iterable[str], derivative: Derivative) -> Iterator[str]:
    """The answer to each line, a line each."""
    for line in lines:
        yield json.dumps(answer(json.loads(line), derivative))


def answer(message: dict[str, Any], derivative: Derivative) -> dict[str, Any]:
    """What the tool says to one message; to one that asks for nothing, its id."""
    kinds = {"start": started, "define": defined, "evaluate": evaluated}
    said = kinds[message["kind"]](message, derivative) if message["kind"] in kinds else {}
    return {"id": message["id"], **said}


def started(message: dict[str, Any], derivative: Derivative) -> dict[str, Any]:
    versions = {"modes": modes.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}
    return {"tool": TOOL, "config": {**derivative._asdict(), **versions}}


def defined(message: dict[str, Any], derivative: Derivative) -> dict[str, Any]:
    name = message["module"]
    if name in EVALS:
        return {"success": True}
    return {"success": False, "error": f"no module {name!r}; the known ones are {', '.join(EVALS)}"}


def evaluated(message: dict[str, Any], derivative: Derivative) -> dict[str, Any]:
    name, given = message["function"], message["input"]
    functions = EVALS.get(message["module"], {})
    if name not in functions:
        known = ", ".join(functions) or "none"
        return {"success": False, "error": f"no function {name!r} in {message['module']!r}; the known ones: {known}"}
    try:
        task = functions[name](given, derivative)
        output, times = timed(task, given)
        encoded = task.encode(output)
    except Exception:  # the intermediary goes on with the next message
        return {"success": False, "error": traceback.format_exc()}
    return {
        "success": True,
        "output": encoded,
        "timings": [{"name": "evaluate", "nanoseconds": nanoseconds} for nanoseconds in times],
    }


def timed(task: Task, given: Any) -> tuple[Any, list[int]]:
    """The result, and the nanoseconds of each run; the input of hello asks for no number of runs."""
    runs, seconds = (given["min_runs"], given["min_seconds"]) if isinstance(given, dict) else (1, 0)
    times: list[int] = []
    output = None
    while len(times) < max(runs, 1) or sum(times) < seconds * 1e9:
        start = time.perf_counter_ns()
        output = task.run()
        times.append(time.perf_counter_ns() - start)
    return output, times
