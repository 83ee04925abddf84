"""What the user sees: `prepare`, and the prepared function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from ..agreement import has_nan
from ..array import TracedArray
from ..call import ArgNums, Call, output
from ..errors import TracedValueError
from ..forward import jvp
from ..jacobian import MODES
from ..reverse import vjp
from ..trees import flatten
from .function import RecordedFunction
from .inputs import Inputs, Outer
from .program import Program
from .recording import Diverged, Recorded, Recorder
from .schedule import Stage

__all__ = ["Prepared", "prepare"]


class _Taken(Exception):
    """What is about to be recorded is done by another mode, which may have been recorded already."""

    def __init__(self, mode: str) -> None:
        super().__init__(mode)
        self.mode = mode


def _alone(mode: str) -> None:
    """Let nothing but mixed accumulation itself be recorded as such."""
    if mode != "mixed":
        raise _Taken(mode)


def prepare(f: Callable[..., Any], *example_args: Any, argnums: ArgNums = 0, backend: str = "numpy") -> Prepared:
    """Record f's operations once, so that its derivatives can be replayed without dispatch, rules or tapes.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out), or a tree of them. It is
        called once, here. What it takes besides (keywords) is fixed: functools.partial(f, steps=3).
    example_args : arguments of the structure, shapes and dtypes of those to come.
    argnums : the argument, or tuple of arguments, that the Jacobians are by, as in modes.jacfwd.
    backend : "numpy" for calls of NumPy, or "numba" (extra `compiled`) for an interpreter that numba compiles once a
        machine and not for each function: no price of a call for each operation, the same numbers to rounding. It takes
        0.1 to 0.5 of the time where arrays are small and operations many. What it has no instructions for is done by
        NumPy in between. The interpreter runs on one thread and holds Python's lock; its values lie in one block of
        memory for each method and chunk size.

    Returns
    -------
    A Prepared, with the methods jacobian, jacfwd, jacrev, jvp, vjp and value. They agree with the functions of that
    name in everything but speed. The first call of each records the engine's own operations and is slow (about 40 us an
    operation); the calls that follow are the operations themselves.

    What replaying is right for: functions that do the same operations whatever the values. So it is refused

    - while recording: a branch on a value, or its use as a Python number (bool(), float(), int(), item());
    - while replaying: arguments of another structure, shape or dtype; an operation whose result's shape turns out to
      depend on values (x[x > 0]).

    Derivatives may be taken inside: modes.prepare(lambda c: modes.grad(cost)(c), c) replays gradients, and its jvp, vjp
    and Jacobians products with the Hessian and the Hessian itself. What the engines decide by values there (is this
    derivative finite?) is decided anew at each replay; where it comes out differently, that call goes by the engines.

    Operations that depend on values without a derivative (comparisons, argsort, floor) are replayed like all others.
    Arrays that f takes from elsewhere are shared and read anew at each replay. What NumPy computes without a traced
    array cannot be seen and is frozen: random numbers drawn in f, `2 * W` of a global W, the time of day. Of the
    arguments, arrays and NumPy scalars vary; numbers outside argnums, strings and the like are fixed.

    Memory: for each method and chunk size used, a buffer for each array alive at the same time, freed with the
    Prepared. For a dense chain that is two blocks of seeds (a third where the first one, the rows of a matrix, lies in
    another order), and for reverse mode the slopes of the tape. A call allocates what it returns, which never shows a
    buffer, and NumPy's own 64 KiB for a broadcast. In chunks the operations of every chunk are recorded one by one.

    Threads that share a Prepared take turns (a pull-back is good until the next vjp of any of them). A copy, deep or
    not, is a Prepared of its own, with buffers of its own, for a thread that is not to wait; a pickled one is the
    function and its example arguments, recorded again where it arrives.

    Arrays that f takes from elsewhere may change between calls, not while f is recorded, nor between vjp and its
    pull-back: those that the pull-back reads are copied at each vjp or, above 32 KiB, compared (modes.residuals).

    Raises TypeError or ValueError where arguments do not fit or the function cannot be recorded (TracedValueError, with
    the remedy), MissingRule where a function has no rule, ModuleNotFoundError for backend "numba" without numba.
    """
    return Prepared(f, example_args, argnums, backend)


def _program(backend: str) -> type[Program]:
    """What the operations are replayed by."""
    if backend == "numpy":
        return Program
    if backend != "numba":
        raise ValueError(f"expected backend to be 'numpy' or 'numba', got {backend!r}")
    from .compiled import compiled_program  # numba is imported for those who ask for it

    return compiled_program()


class Prepared:
    """A function whose operations are recorded; see `prepare`."""

    def __init__(
        self, f: Callable[..., Any], example_args: tuple[Any, ...], argnums: ArgNums, backend: str = "numpy"
    ) -> None:
        self._program = _program(backend)
        self._f = f
        self._argnums = argnums
        self._backend = backend
        self._inputs = Inputs(f, example_args, argnums)
        self._call = Call(f, tuple(self._inputs.tree), argnums)
        self._one = self._inputs.shape is not None and argnums == 0
        recorder = Recorder()
        inputs = [recorder.given(x, active) for x, active in zip(self._inputs.arrays, self._inputs.active, strict=True)]
        try:
            y = self._call.evaluate(self._inputs.place(inputs))
            recorder.check()
        finally:
            recorder.close()
        if isinstance(y, TracedArray) and y.owner is not recorder:
            raise TracedValueError(
                f"expected a function of its arguments, got one that returned a traced array of shape {y.shape} from "
                f"outside; prepare it outside of the other derivative"
            )
        output(y.primal if isinstance(y, Recorded) else y, f)
        self._begin(RecordedFunction(getattr(f, "__name__", "f"), recorder, y))

    def _begin(self, function: RecordedFunction) -> None:
        """What belongs to one object alone: its recordings of the engines, and the buffers that they use."""
        self._function = function
        self._programs: dict[Any, Program] = {}
        self._taken: dict[Any, str] = {}  # which of the two modes "mixed" and "auto" turned out to be
        self._vjp_runs = 0
        self._lock = Lock()  # a program's buffers are one run's at a time: 0.1 microseconds

    def __copy__(self) -> Prepared:
        """A Prepared of its own: the same recorded operations, no buffer in common."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy._begin(self._function.again())
        return copy

    def __deepcopy__(self, memo: Any) -> Prepared:
        """As a copy: arrays that f takes from elsewhere are shared, as a function's deep copy shares them."""
        return self.__copy__()

    def __reduce__(self) -> Any:
        """To pickle: the function and its example arguments, to be recorded again where they arrive."""
        return Prepared, (self._f, tuple(self._inputs.tree), self._argnums, self._backend)

    # -- the public methods ----------------------------------------------------------------------------------------
    def jacfwd(self, *args: Any, chunk_size: int | None = None) -> Any:
        """The Jacobian by forward mode: modes.jacfwd(f, argnums, chunk_size)(*args)."""
        return self._jacobian("forward", args, chunk_size)

    def jacrev(self, *args: Any, chunk_size: int | None = None) -> Any:
        """The Jacobian by reverse mode: modes.jacrev(f, argnums, chunk_size)(*args)."""
        return self._jacobian("reverse", args, chunk_size)

    def jacobian(self, *args: Any, mode: str, chunk_size: int | None = None) -> Any:
        """The Jacobian by any mode: modes.jacobian(f, argnums, mode=mode, chunk_size=chunk_size)(*args).

        The plan of "mixed", and the choice of "auto", are made once, when the first call is recorded.

        Raises ValueError for an unknown mode, with the known ones.
        """
        if mode not in MODES:
            raise ValueError(f"expected mode to be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        return self._jacobian(mode, args, chunk_size)

    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        """The value and a Jacobian-vector product, with respect to all arguments: modes.jvp(f, primals, tangents)."""
        try:
            arrays = self._inputs.check(primals, tangents)
            with self._lock:
                program = self._programs.get("jvp") or self._record("jvp", arrays, self._record_jvp)
                y, y_dot = map(self._call.values, program.run(arrays))
        except (Diverged, Outer):
            return jvp(self._f, primals, tangents)
        return y, y_dot

    def vjp(self, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """The value and the pull-back, with respect to all arguments: modes.vjp(f, *primals).

        The pull-back reads this object's buffers: it may be called again and again until the next call of `vjp`, and
        raises RuntimeError after that.
        """
        try:
            arrays = self._inputs.check(primals)
            with self._lock:
                program = self._programs.get("vjp") or self._record("vjp", arrays, self._record_vjp)
                self._vjp_runs += 1
                run = self._vjp_runs
                (y,) = program.run(arrays)
        except (Diverged, Outer):
            return vjp(self._f, *primals)
        return self._call.values(y), partial(self._pullback, run, program, primals, y.shape, y.dtype)

    def _pullback(
        self, run: int, program: Program, primals: tuple[Any, ...], shape: tuple[int, ...], dtype: Any, y_bar: Any
    ) -> tuple[Any, ...]:
        try:
            seed = y_bar
            tree = self._call.results is not None
            if tree or type(seed) is not np.ndarray or seed.shape != shape or seed.dtype is not dtype:
                seed = self._call.seed(y_bar, np.empty(shape, dtype))
                if isinstance(seed, TracedArray):
                    raise Outer
            with self._lock:
                if run != self._vjp_runs:
                    raise RuntimeError(
                        "expected the pull-back of the latest vjp of a prepared function, got an earlier one, whose "
                        "buffers have been reused; pull back before the next call, give each thread a copy "
                        "(copy.copy), or use modes.vjp"
                    )
                # A scalar, as it was recorded: an array of no axes would be shown, not copied, by a change of shape.
                cotangents = program.run((seed if seed.shape else seed[()],), 1)
        except (Diverged, Outer):
            return vjp(self._f, *primals)[1](y_bar)
        return tuple(cotangents) if self._inputs.flat_arrays else self._inputs.place(cotangents)

    def value(self, *args: Any) -> Any:
        """f(*args), from the recorded operations."""
        try:
            arrays = self._inputs.check(args)
            with self._lock:
                program = self._programs.get("value") or self._record("value", arrays, self._record_value)
                return self._call.values(program.run(arrays)[0])
        except (Diverged, Outer):
            return self._f(*args)

    # -- recording the engines' own operations, with the arrays of the first call -------------------------------------
    def _record(self, key: Any, arrays: Sequence[Any], record: Callable[..., list[Stage]]) -> Program:
        recorder = Recorder(guarding=True)
        with self._function.recording(recorder):
            inputs = [recorder.given(x.copy()) for x in arrays]  # a copy: x may be changed while its values are in use
            program = self._programs[key] = self._program(recorder, record(recorder, inputs))
        return program

    def _replayed(self, *args: Any) -> Any:
        return self._function(self._inputs.given_of(args))

    def _record_value(self, recorder: Recorder, inputs: list[Recorded]) -> list[Stage]:
        return [Stage(inputs, [self._function(inputs)], len(recorder.operations))]

    def _record_jvp(self, recorder: Recorder, inputs: list[Recorded]) -> list[Stage]:
        self._inputs.refuse_fixed()
        half = len(inputs) // 2
        y, y_dot = jvp(self._replayed, self._inputs.place(inputs[:half]), self._inputs.place(inputs[half:]))
        return [Stage(inputs, [y, y_dot], len(recorder.operations))]

    def _record_vjp(self, recorder: Recorder, inputs: list[Recorded]) -> list[Stage]:
        self._inputs.refuse_fixed()
        y, pullback = vjp(self._replayed, *self._inputs.place(inputs))
        forward = Stage(inputs, [y], len(recorder.operations))
        y_bar = recorder.given(np.ones(y.shape, y.dtype)[()])
        cotangents = self._inputs.given_of(pullback(y_bar))
        return [forward, Stage([y_bar], cotangents, len(recorder.operations))]

    # -- helpers -------------------------------------------------------------------------------------------------------
    def _jacobian(self, mode: str, args: tuple[Any, ...], chunk_size: int | None) -> Any:
        mode = self._taken.get((mode, chunk_size), mode)
        try:
            arrays = self._inputs.check(args)
            with self._lock:
                program = self._programs.get((mode, chunk_size))
                if program is None:
                    replayed = {"replayed": _alone} if mode in ("mixed", "auto") else {}

                    def record(recorder: Recorder, inputs: list[Recorded]) -> list[Stage]:
                        jacobian = MODES[mode](self._replayed, self._argnums, chunk_size, **replayed)
                        outputs = flatten(jacobian(*self._inputs.place(inputs)))
                        return [Stage(inputs, outputs, len(recorder.operations))]

                    program = self._record((mode, chunk_size), arrays, record)
                results = program.run(arrays)
        except _Taken as taken:
            self._taken[mode, chunk_size] = taken.mode
            return self._jacobian(taken.mode, args, chunk_size)
        except (Diverged, Outer):
            return MODES[mode](self._f, self._argnums, chunk_size)(*args)
        if has_nan(results):
            return MODES[mode](self._f, self._argnums, chunk_size)(*args)
        return results[0] if self._one and self._call.results is None else self._call.jacobian(results)
