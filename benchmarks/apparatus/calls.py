"""What is timed of a case, checked once.

Contract: ``jacobian``, ``primal``, ``product``, ``gradient`` and ``of_problem`` return a callable without arguments
that computes what is timed. By then it has computed it once, and :mod:`benchmarks.apparatus.checks` has raised where
that was wrong, so that asv records a failure and never a time.
"""

from functools import partial

from modes.chains import Chain

from .. import peers
from ..catalogue.case import Case
from ..problems import Problem
from .checks import check_jacobian, check_jvp, check_problem, check_value, check_vjp, covector, direction
from .pairs import Call


def jacobian(case: Case, chain: Chain, mode: str) -> Call:
    """The full Jacobian at ``chain.x`` in one mode."""
    engine = peers.load(case.engine)
    call = partial(engine.jacobian(chain, mode, case.chunk_size), engine.array(chain.x))
    check_jacobian(chain, call(), engine.tolerance)
    return call


def primal(case: Case, chain: Chain) -> Call:
    """The chain's own value, as the engine's users evaluate it."""
    engine = peers.load(case.engine)
    call = partial(engine.primal(chain), engine.array(chain.x))
    check_value(chain, call())
    return call


def product(case: Case, chain: Chain, mode: str) -> Call:
    """One pass: a JVP in forward mode, a VJP in reverse mode, the value of the chain included."""
    engine = peers.load(case.engine)
    if mode == "forward":
        call = partial(engine.jvp(chain), chain.x, direction(chain))
        check_jvp(chain, call()[1])
    else:
        y_bar = covector(chain)
        call = partial(engine.vjp(chain), chain.x, y_bar)
        check_vjp(chain, y_bar, call()[1])
    return call


def gradient(case: Case, chain: Chain) -> Call:
    """The gradient of a chain with a scalar value."""
    call = partial(peers.load(case.engine).gradient(chain), chain.x)
    check_jacobian(chain, call())
    return call


def of_problem(case: Case, problem: Problem, mode: str) -> Call:
    """The full Jacobian of a problem at ``problem.x`` in one mode."""
    engine = peers.load(case.engine)
    call = partial(engine.problem(problem, mode), engine.array(problem.x))
    check_problem(problem, call())
    return call
