"""The problems that the field compares on: their names, where they are defined, how n and m scale. Data alone.

Contract: a problem at a size is a case whose layer is the problem's name and whose width is the size;
``benchmarks.problems`` makes the function. What is known of a problem without making it stands in its row.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .case import Case

ACTIVATION = "none"
"""What the cases of problems, which are no chains, have in place of an activation."""

GRADBENCH = "GradBench, eval {}, https://github.com/gradbench/gradbench/tree/main/evals/{}"
ADBENCH = (
    "F. Srajer, Z. Kukelova, A. Fitzgibbon, A benchmark of selected algorithmic differentiation tools, 2018, "
    "https://arxiv.org/abs/1807.10129"
)
MINPACK = (
    "B. Averick, R. Carter, J. Moré, G. Xue, The MINPACK-2 test problem collection, ANL/MCS-P153-0692, 1992, "
    "https://ftp.mcs.anl.gov/pub/MINPACK-2/"
)
PEARLMUTTER = (
    "B. Pearlmutter, J. Siskind, Using programming language theory to make automatic differentiation sound and "
    "efficient, 2008, https://doi.org/10.1007/978-3-540-68942-3_8"
)


class Row(NamedTuple):
    """A problem: what it is called, whence its definition is (author, title, URL), and the shape (n, m) by its size.

    The sizes are those that a preset adds. What `branches` on values is differentiated as it runs: it cannot be
    recorded once, or compiled. What `unrolls` is a loop in Python that a compiler wants as a loop of its own: JAX takes
    a minute for it, and its users would write it otherwise. `by_hand` says that there is a hand-written derivative to
    be compared with: one of what f does, not of a shorter way to its value.
    """

    title: str
    source: str
    shape: Callable[[int], tuple[int, int]]
    quick: Sequence[int] = ()
    standard: Sequence[int] = ()
    full: Sequence[int] = ()
    branches: bool = False
    unrolls: bool = False
    by_hand: bool = False


def square(size: int) -> tuple[int, int]:
    return size, size


PROBLEMS = {
    "gaussian-mixture": Row(
        "Gaussian mixture",
        f"{GRADBENCH.format('gmm', 'gmm')}; {ADBENCH}",
        lambda d: (5 + 5 * d * (d + 3) // 2, 1),
        quick=[2],
        standard=[10],
        full=[20],
    ),
    "observation": Row(
        "bundle adjustment, one observation", f"{GRADBENCH.format('ba', 'ba')}; {ADBENCH}", lambda _: (15, 3), [1]
    ),
    "bundle-adjustment": Row(
        "bundle adjustment, all observations",
        f"{GRADBENCH.format('ba', 'ba')}; {ADBENCH}",
        lambda points: (22 + 5 * points, 6 * points),
        standard=[8, 40],
        full=[200],
    ),
    "lstm": Row(
        "LSTM",
        f"{GRADBENCH.format('lstm', 'lstm')}; ADBench, https://github.com/microsoft/ADBench",
        lambda _: (152, 1),
        standard=[16],
        full=[64],
        unrolls=True,
    ),
    "hand-tracking": Row(
        "hand tracking",
        f"{GRADBENCH.format('ht', 'ht')}; {ADBENCH}",
        lambda points: (26, 3 * points),
        standard=[8, 32],
        full=[128],
    ),
    "hand-surface": Row(
        "hand tracking, in triangles",
        f"{GRADBENCH.format('ht', 'ht')}; {ADBENCH}",
        lambda points: (26 + 2 * points, 3 * points),
        standard=[8, 32],
        full=[128],
    ),
    "k-means": Row(
        "k-means", GRADBENCH.format("kmeans", "kmeans"), lambda k: (4 * k, 1), standard=[16], full=[64], by_hand=True
    ),
    "determinant": Row(
        "determinant by minors",
        f"{GRADBENCH.format('det', 'det')}; B. Bell, cmpad, https://cmpad.readthedocs.io/det_by_minor.html",
        lambda rows: (rows**2, 1),
        quick=[3],
        standard=[5],
        full=[6],
    ),
    "least-squares": Row(
        "least squares",
        f"{GRADBENCH.format('llsq', 'llsq')}; B. Bell, cmpad, https://cmpad.readthedocs.io/llsq_obj.html",
        lambda coefficients: (coefficients, 1),
        standard=[16, 128],
        by_hand=True,
    ),
    "log-sum-exp": Row(
        "log-sum-exp", GRADBENCH.format("lse", "lse"), lambda n: (n, 1), standard=[64, 1024], by_hand=True
    ),
    "ode": Row(
        "ODE by Runge and Kutta",
        f"{GRADBENCH.format('ode', 'ode')}; B. Bell, cmpad, https://cmpad.readthedocs.io/an_ode.html",
        square,
        quick=[8],
        standard=[64],
        full=[256],
    ),
    "recurrence": Row(
        "recurrence of slices",
        f"the ODE's mean; {GRADBENCH.format('ode', 'ode')}",
        lambda n: (n, 1),
        standard=[100],
        full=[400],
        by_hand=True,
    ),
    "particle": Row(
        "charged particle",
        f"{GRADBENCH.format('particle', 'particle')}; {PEARLMUTTER}",
        square,
        standard=[1],
        branches=True,
    ),
    "saddle": Row(
        "saddle point by descent",
        f"{GRADBENCH.format('saddle', 'saddle')}; {PEARLMUTTER}",
        lambda _: (2, 1),
        standard=[1],
        branches=True,
    ),
    "heart-dipole": Row("human heart dipole", MINPACK, lambda _: (8, 8), quick=[1], by_hand=True),
    "combustion": Row("propane combustion", MINPACK, lambda _: (5, 5), standard=[1]),
    "coating": Row("coating thickness", MINPACK, lambda _: (134, 252), standard=[1], by_hand=True),
    "channel-flow": Row(
        "flow in a channel", MINPACK, lambda parts: (8 * parts, 8 * parts), standard=[4, 16], full=[64]
    ),
    "robot-arm": Row(
        "six-joint robot arm",
        "P. Corke, B. Armstrong-Hélouvry, A search for consensus among model parameters reported for the PUMA 560 "
        "robot, 1994; Robotics Toolbox, https://github.com/petercorke/robotics-toolbox-python",
        lambda _: (6, 12),
        standard=[1],
        by_hand=True,
    ),
    "roe-flux": Row(
        "Roe flux, 1 dimension",
        "P. Roe, Approximate Riemann solvers, parameter vectors, and difference schemes, 1981, "
        "https://doi.org/10.1016/0021-9991(81)90128-5",
        lambda faces: (6 * faces, 3 * faces),
        quick=[1],
        standard=[16],
        full=[64],
    ),
    "roe-flux-solid": Row(
        "Roe flux, 3 dimensions",
        "P. Roe, Approximate Riemann solvers, parameter vectors, and difference schemes, 1981, "
        "https://doi.org/10.1016/0021-9991(81)90128-5",
        lambda faces: (10 * faces, 5 * faces),
        standard=[1, 16],
        full=[64],
    ),
    "black-scholes": Row(
        "Black-Scholes and Greeks",
        "F. Black, M. Scholes, The pricing of options and corporate liabilities, 1973, https://doi.org/10.1086/260062",
        lambda options: (5 * options, 5 * options),
        quick=[1],
        standard=[16],
        full=[64],
    ),
    "autoencoder": Row(
        "encoder and decoder",
        "G. Hinton, R. Salakhutdinov, Reducing the dimensionality of data with neural networks, 2006, "
        "https://doi.org/10.1126/science.1127647",
        square,
        quick=[64],
        standard=[256],
        full=[1024],
        by_hand=True,
    ),
    "attention": Row(
        "attention block",
        "A. Vaswani et al., Attention is all you need, 2017, https://arxiv.org/abs/1706.03762",
        lambda tokens: (8 * tokens, 8 * tokens),
        standard=[4, 16],
        full=[32],
    ),
    "adapter": Row(
        "low-rank adapter",
        "E. Hu et al., LoRA: low-rank adaptation of large language models, 2021, https://arxiv.org/abs/2106.09685",
        lambda width: (4 * width, 8 * width),
        standard=[8, 32],
        full=[64],
        by_hand=True,
    ),
    "burgers": Row(
        "Burgers' equation",
        "J. Burgers, A mathematical model illustrating the theory of turbulence, 1948",
        square,
        standard=[16, 128],
        full=[512],
        by_hand=True,
    ),
}
"""By name; asv stores the names."""


def case_at(name: str, size: int) -> Case:
    """The case of a problem at a size: engine and mode are the default ones."""
    n, m = PROBLEMS[name].shape(size)
    return Case(layer=name, activation=ACTIVATION, n=n, m=m, width=size, depth=1)


def cases(preset: str, names: Iterable[str] = PROBLEMS) -> list[Case]:
    """What a preset adds, problem by problem."""
    return [case_at(name, size) for name in names for size in getattr(PROBLEMS[name], preset)]
