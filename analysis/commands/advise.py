"""`python -m analysis advise`: for one's own function, forward or reverse mode? And the same as a call."""

import argparse
import json
import math
import pickle
import pickletools
import platform
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from analysis.advice import Advice, files, judged
from analysis.advice.crossing import crossing
from analysis.commands.options import Subparsers
from analysis.commands.write import temporary_folder, write_all, write_whole
from analysis.errors import AnalysisError
from analysis.running.advising import Measured, measured
from analysis.running.bar import Bar
from analysis.running.versions import blas
from analysis.text import counted
from benchmarks.catalogue.advice import ENGINES, SECONDS, Request

MOST_SIZES = 12


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "advise", help="for your own function: which mode, by how much, how sure, in half a minute"
    )
    parser.add_argument(
        "function", metavar="MODULE:FUNCTION", help="the function, as Python imports it from this folder"
    )
    parser.add_argument(
        "--at",
        default="",
        metavar="MODULE:NAME",
        help="its arguments: an array, a tuple of arguments, or a function that makes them (for a size)",
    )
    parser.add_argument(
        "--sizes", metavar="8,64,512", help="the sizes that --at makes arguments for: where do the modes cross?"
    )
    parser.add_argument("--argnums", default="0", metavar="0,1", help="the arguments to differentiate (%(default)s)")
    parser.add_argument("--engines", default="modes", metavar="A,B", help="modes, jax or both (%(default)s)")
    parser.add_argument(
        "--seconds", default=str(SECONDS), metavar="S", help="how long it may take, about (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("advice"),
        metavar="DIR",
        help="with --sizes: where figure and tables go (%(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Measure the function, print what there is to say, and write the crossover's files."""
    sizes = whole_numbers(options.sizes, "--sizes", least=1) if options.sizes is not None else []
    if len(set(sizes)) != len(sizes) or len(sizes) > MOST_SIZES or len(sizes) == 1:
        raise AnalysisError(
            f"--sizes: expected two to {MOST_SIZES} different sizes, got {options.sizes!r}; write them as 8,64,512"
        )
    numbers = whole_numbers(options.argnums, "--argnums", least=-999)
    request = Request(
        function=named(options.function, "MODULE:FUNCTION"),
        at=named(options.at, "--at MODULE:NAME") if options.at else "",
        argnums=numbers[0] if len(numbers) == 1 else tuple(numbers),
        engines=known_engines(options.engines.split(",")),
        folder=str(Path.cwd()),
        seconds=positive(options.seconds),
    )
    with Bar() as bar:
        found = measured(request, sorted(sizes), bar.at)
    advice = advised(request, found)
    if advice.crossing is not None:
        write_all(options.output, files(advice.crossing, advice.function))
    print(json.dumps(advice.as_dict(), indent=1) if options.json else advice)
    if advice.crossing is not None and not options.json:
        print(f"\nFigure and tables of the crossover are in {options.output}.")
    return 0


def advise(
    f: Callable[..., Any],
    *args: Any,
    argnums: int | tuple[int, ...] = 0,
    engines: Sequence[str] = ("modes",),
    seconds: float = SECONDS,
    progress: bool = True,
) -> Advice:
    """Which way to differentiate f at these arguments: forward or reverse mode, by how much, how sure.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy (or in JAX), that returns an array or a scalar.
    args : its arguments, of the sizes that matter to you.
    argnums : the argument, or tuple of arguments, to differentiate.
    engines : "modes", "jax", or both.
    seconds : how long it may take, about; a function that takes long gets an answer that is less sure.
    progress : show a bar where the standard error is a terminal.

    Returns
    -------
    An Advice: printed it is a text with the answer in its first line, in a notebook a table; its fields are plain data.

    Every way that there is (both modes, mixed accumulation where modes.plan finds a cut, mode="auto", each prepared) is
    compared with the others, then timed in turn with them, in several fresh processes, for a function that these can
    import. One that they cannot (a lambda, a closure, what was defined in a notebook or a script) is timed in this
    process alone, and the advice says so: what this process has otherwise than the next is then in every number.

    f is called with plain arguments first; what it raises then is raised here. Raises AnalysisError, a line with what
    was expected, what came and the remedy, where it cannot be differentiated.
    """
    if not callable(f):
        raise AnalysisError(f"expected a function, got {type(f).__name__}; write analysis.advise(f, x)")
    if not args:
        raise AnalysisError("expected the arguments of the function after it, got none; write analysis.advise(f, x)")
    f(*args)
    request = Request(
        function=str(getattr(f, "__name__", type(f).__name__)),
        argnums=argnums,
        engines=known_engines(engines, "engines"),
        folder=str(Path.cwd()),
        seconds=positive(seconds, "seconds"),
    )
    content = pickled(f, args)
    with Bar() if progress else nullcontext() as bar:
        say = _silent if bar is None else bar.at
        if content is None:
            return advised(request, measured(request, [], say, alone=(f, args)))
        with temporary_folder() as folder:
            write_whole(folder / "asked", content)
            return advised(request, measured(replace(request, pickled=str(folder / "asked")), [], say))


def advised(request: Request, found: Measured) -> Advice:
    """What the measurements say, with what they rest on."""
    last = found.sizes[-1]
    rounds = [len(each.control) for sized in found.sizes for each in sized.times]
    fresh = "1 fresh process" if found.processes == 1 else f"{found.processes} fresh processes"
    where = f"this process alone, {counted(len(last.times), 'block')}" if found.alone else fresh
    many = f", {min(rounds)} to {max(rounds)} rounds each" if rounds and min(rounds) < max(rounds) else ""
    many = many or (f", {counted(rounds[0], 'round')} each" if rounds else "")
    basis = f"Timed in turn in {where}{many}." if rounds else "One call of each, in one process."
    if found.alone:
        basis += (
            " What this process has otherwise than the next is in every number: a function that can be imported is "
        )
        basis += "timed in several."
    machine = processor()
    setting = (
        f"One core, one BLAS thread ({blas()}), NumPy {last.found.numpy}, Python {platform.python_version()}, {machine}"
    )
    meeting = None
    if len(found.sizes) > 1:
        sizes = [(int(each.size or 0), each.found, each.times) for each in found.sizes]
        engine = next(look.way.engine for look in last.found.looks if look.seconds and not look.failed)
        meeting = crossing(sizes, engine)
    circumstances = {
        "basis": basis,
        "setting": setting,
        "processes": found.processes,
        "rounds": rounds,
        "seconds": round(found.seconds, 1),
        "machine": machine,
        "python": platform.python_version(),
        "numpy": last.found.numpy,
        "blas": blas(),
        "blas_threads": last.found.blas_threads,
    }
    return judged(last.found, last.times, circumstances, request.argnums, meeting)


def pickled(f: Callable[..., Any], args: tuple[Any, ...]) -> bytes | None:
    """A function and its arguments for other processes; None where those could not import it."""
    try:
        content = pickle.dumps((f, args))
    except Exception:  # whatever the objects' own methods raise
        return None
    here = any(argument == "__main__" for _, argument, _ in pickletools.genops(content))
    return None if here else content


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# --- what was written, checked ---


def named(text: str, what: str) -> str:
    """MODULE:NAME; AnalysisError for anything else."""
    module = text.partition(":")[0]
    if module.endswith(".py") or not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*", text):
        hint = (
            f"; a file is named as it is imported, {module[:-3].replace('/', '.')}:NAME"
            if module.endswith(".py")
            else ""
        )
        raise AnalysisError(f"{what}: expected a module and a name in it, such as mymodel:residual, got {text!r}{hint}")
    return text


def known_engines(names: Sequence[str], what: str = "--engines") -> tuple[str, ...]:
    found = tuple(dict.fromkeys(name.strip() for name in names))
    for name in found:
        if name not in ENGINES:
            raise AnalysisError(f"{what}: expected {' or '.join(ENGINES)}, or both with a comma between, got {name!r}")
    if "jax" in found and find_spec("jax") is None:
        raise AnalysisError(
            f"{what}: expected JAX to be installed for the engine jax, it is not; install it (pip install jax) "
            "or leave it out"
        )
    return found


def whole_numbers(text: str, what: str, least: int) -> list[int]:
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < least:
        raise AnalysisError(f"{what}: expected whole numbers with commas between, such as 8,64,512, got {text!r}")
    return found


def positive(text: Any, what: str = "--seconds") -> float:
    try:
        seconds = float(text)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 1.0 <= seconds < 1e5:
        raise AnalysisError(f"{what}: expected a number of seconds, 1 or more, got {text!r}; 30 is usual")
    return seconds


def _silent(share: float, doing: str) -> None:
    """Shows nothing."""
