"""The function and its arguments: found, called once, and what is wrong with them said in a line.

Contract: :func:`load` imports what the request names; :func:`inputs` and :func:`outputs` say what the function takes
and gives. Errors of the user's own code are said as theirs, with the line of their code (:func:`theirs`).
"""

import linecache
import pickle
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import peers
from ..catalogue.advice import Request

EXAMPLE = "expected MODULE:NAME, such as mymodel:residual"
PATHS = sysconfig.get_paths()
OURS = Path(__file__).resolve().parents[2]
NOT_THEIRS = tuple(
    str(path)
    for path in (
        OURS / "benchmarks",
        OURS / "modes",
        OURS / "analysis",
        *(PATHS[name] for name in ("stdlib", "purelib")),
    )
)


class RefusedError(Exception):
    """There is nothing to measure. Its text is one line; ``theirs`` where the user's own code raised."""

    def __init__(self, line: str, theirs: bool = False) -> None:
        super().__init__(line)
        self.theirs = theirs


class Subject(NamedTuple):
    """A function, its arguments, and those of them that are differentiated."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    argnums: int | tuple[int, ...]
    name: str

    def value(self) -> Any:
        """f at the arguments, without a derivative. Raises RefusedError where it raises."""
        try:
            return self.f(*self.args)
        except Exception as error:
            raise theirs(error, f"calling {self.name}") from error


def load(request: Request) -> Subject:
    """The function and arguments that a request names, imported from its folder.

    JAX is set up first where it takes part, since the user's module may import it: one thread, 64-bit numbers.
    """
    if "jax" in request.engines:
        try:
            peers.load("jax")
        except peers.SkippedError:
            raise RefusedError(
                "--engines jax: expected JAX to be installed, it is not; install it: python -m pip install jax, or ask "
                "for --engines modes"
            ) from None
    if request.folder not in sys.path:
        sys.path.insert(0, request.folder)
    if request.pickled:
        try:
            with open(request.pickled, "rb") as file:
                f, args = pickle.load(file)
        except Exception as error:
            raise RefusedError(
                f"{request.function}: expected another process to be able to import it, it could not ({said(error)}); "
                "measure it in this one: analysis.advise(lambda *args: f(*args), ...)"
            ) from error
        return checked(f, args, request)
    f = named(request.function, "the function")
    if not callable(f):
        raise RefusedError(f"{request.function}: expected a function, got {type(f).__name__}; name a function of one")
    return checked(f, arguments(request), request)


def named(text: str, what: str) -> Any:
    """What MODULE:NAME is, NAME perhaps with dots. Raises RefusedError."""
    module, _, name = text.partition(":")
    if not module or not name:
        raise RefusedError(f"{what}: {EXAMPLE}, got {text!r}")
    try:
        found: Any = import_module(module)
    except Exception as error:
        lacking = str(error.name) if isinstance(error, ModuleNotFoundError) else ""
        if lacking and f"{module}.".startswith(f"{lacking}."):
            raise RefusedError(
                f"{text}: expected a module that can be imported from here, there is no {lacking!r}; go to the folder "
                f"where {lacking}.py is, or install it into this Python"
            ) from None
        raise theirs(error, f"importing {module}") from error
    place = getattr(found, "__file__", None) or "no file"
    for part in name.split("."):
        if not hasattr(found, part):
            names = [each for each in vars(found) if not each.startswith("_")] if hasattr(found, "__dict__") else []
            raise RefusedError(
                f"{text}: expected {part!r} in {module} ({place}), it is not there; there are "
                f"{', '.join(names[:8]) or 'no names'}{', ...' if len(names) > 8 else ''}"
            )
        found = getattr(found, part)
    return found


def arguments(request: Request) -> tuple[Any, ...]:
    """What --at names: an array, a tuple of arguments, or a function that makes either (for a size)."""
    if not request.at:
        raise RefusedError(
            "--at: expected MODULE:NAME of the arguments to differentiate at, got nothing; write --at mymodel:x0, the "
            "name of an array, of a tuple of arguments, or of a function that makes them (for a size, with --sizes)"
        )
    found = named(request.at, "--at")
    if callable(found) and not isinstance(found, np.ndarray):
        sized = () if request.size is None else (request.size,)
        try:
            found = found(*sized)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:  # the call itself did not fit
                remedy = "give --sizes, as in --sizes 8,64,512" if request.size is None else "let it take one size"
                raise RefusedError(
                    f"--at {request.at}: expected a function of {'a size' if sized else 'no arguments'}, calling it "
                    f"said: {error}; {remedy}"
                ) from None
            raise theirs(error, f"making arguments by {request.at}") from error
        except Exception as error:
            raise theirs(error, f"making arguments by {request.at}") from error
    elif request.size is not None:
        raise RefusedError(
            f"--sizes: expected --at to name a function that makes arguments for a size, {request.at} is "
            f"{type(found).__name__}; write def {request.at.partition(':')[2]}(n): ..., or leave --sizes out"
        )
    return found if isinstance(found, tuple) else (found,)


def checked(f: Any, args: tuple[Any, ...], request: Request) -> Subject:
    """The subject, its argnums among the arguments and its inputs of a float dtype. Raises RefusedError."""
    name = request.function
    numbers = (request.argnums,) if isinstance(request.argnums, int) else request.argnums
    for number in numbers:
        if not -len(args) <= number < len(args):
            raise RefusedError(
                f"argnums: expected numbers below that of the arguments, {len(args)}, got {number}; they count from 0"
            )
    subject = Subject(f, args, request.argnums, name)
    for number in numbers:
        for leaf in leaves(args[number]):
            kind = np.asarray(leaf).dtype
            if kind.kind != "f":
                what = f"argument {number} of {name}"
                remedy = "choose others by argnums, or " if len(args) > 1 else ""
                came = f"dtype {kind}" if kind.kind != "O" else type(leaf).__name__
                raise RefusedError(
                    f"{what}: expected real numbers of a float dtype, got {came}; {remedy}convert it by .astype(float)"
                )
    if not any(np.size(leaf) for number in numbers for leaf in leaves(args[number])):
        raise RefusedError(f"{name}: expected an input of one number at least, got arrays of none")
    return subject


def chosen(subject: Subject) -> list[Any]:
    """The arguments that are differentiated."""
    numbers = (subject.argnums,) if isinstance(subject.argnums, int) else subject.argnums
    return [subject.args[number] for number in numbers]


def leaves(tree: Any) -> Iterator[Any]:
    """The arrays and numbers of a tree, in order."""
    if isinstance(tree, tuple | list):
        for branch in tree:
            yield from leaves(branch)
    elif isinstance(tree, dict):
        for branch in tree.values():
            yield from leaves(branch)
    else:
        yield tree


def replaced(tree: Any, values: Iterator[Any]) -> Any:
    """The tree with its leaves taken from an iterator instead."""
    if isinstance(tree, tuple | list):
        branches = [replaced(branch, values) for branch in tree]
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):
            return type(tree)(*branches)
        return type(tree)(branches)
    if isinstance(tree, dict):
        return {key: replaced(branch, values) for key, branch in tree.items()}
    return next(values)


def elsewhere(subject: Subject, leaf: Callable[[Any], Any]) -> Subject:
    """The same function at other inputs: `leaf` of each array that is differentiated."""
    args = list(subject.args)
    for number in (subject.argnums,) if isinstance(subject.argnums, int) else subject.argnums:
        args[number] = replaced(args[number], map(leaf, leaves(args[number])))
    return subject._replace(args=tuple(args))


# --- what is said of errors ---


def theirs(error: BaseException, doing: str) -> RefusedError:
    """An error of the user's code in one line: what was being done, the error, and the line of their code."""
    return RefusedError(f"{doing} raised {said(error)}{place(error)}", theirs=True)


def said(error: BaseException) -> str:
    """An error as a traceback ends: its type, and the first line of its message."""
    first = next(iter(str(error).splitlines()), "")
    kind = type(error).__name__
    return f"{kind}: {first}" if first else kind


def place(error: BaseException) -> str:
    """Where in the user's code an error arose: " (file.py, line 12: y = A @ x)"; "" where it did not."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}, line {error.lineno}: {(error.text or '').strip()})"
    if "(called at " in str(error):  # the engines' own errors say it
        return ""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((*NOT_THEIRS, "<frozen", "<__array_function__"))
    ]
    if not frames:
        return ""
    last = frames[-1]
    line = last.line or linecache.getline(last.filename, last.lineno or 0).strip()
    return f" ({Path(last.filename).name}, line {last.lineno}{f': {line}' if line else ''})"
