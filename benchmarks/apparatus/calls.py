"""What is timed of a case, checked once.

Contract: ``jacobian``, ``primal``, ``product``, ``gradient`` and ``of_problem`` return a callable without arguments
that computes what is timed. By then it has computed it once, and :mod:`benchmarks.apparatus.checks` has raised where
that was wrong, so that asv records a failure and never a time. Of an engine on a device ``jacobian`` and ``primal``
have waited until its times were steady (:mod:`benchmarks.apparatus.steady`), and raised where they do not become so.
"""

from functools import partial

from modes.chains import Chain

from .. import peers
from ..catalogue.case import Case
from ..problems import Problem
from .checks import check_jacobian, check_jvp, check_problem, check_value, check_vjp, covector, direction
from .pairs import Call
from .steady import settle


def jacobian(case: Case, chain: Chain, mode: str) -> Call:
    """The full Jacobian at ``chain.x`` in one mode, to be timed."""
    return _settled(case, checked(case, chain, mode))


def checked(case: Case, chain: Chain, mode: str) -> Call:
    """The same where it is not timed."""
    engine = peers.load(case.engine)
    call = partial(engine.jacobian(chain, mode, case.chunk_size), engine.array(chain.x))
    check_jacobian(chain, engine.home(call()), engine.tolerance)
    return call


def primal(case: Case, chain: Chain) -> Call:
    """The chain's own value, as the engine's users evaluate it."""
    engine = peers.load(case.engine)
    call = partial(engine.primal(chain), engine.array(chain.x))
    check_value(chain, engine.home(call()))
    return _settled(case, call)


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


def _settled(case: Case, call: Call) -> Call:
    if peers.load(case.engine).on_device:
        settle(call)
    return call
