"""What is in equilibrium after propane was burnt in air: five equations in five unknowns. n = m = 5.

The reduced formulation of B. Averick, R. Carter, J. Moré and G. Xue, The MINPACK-2 test problem collection,
ANL/MCS-P153-0692, 1992 (https://ftp.mcs.anl.gov/pub/MINPACK-2/); K. Meintjes and A. Morgan, Chemical equilibrium
systems as numerical test problems, 1990 (https://doi.org/10.1145/78928.78930), whose physical root is the known one.
"""

from typing import Any

import numpy as np

from .problem import Known, Problem

PRESSURE, AIR = 40.0, 10.0
ROOT5 = np.sqrt(PRESSURE)
R5, R6, R7 = 0.193, 0.002597 / ROOT5, 0.003448 / ROOT5
R8, R9, R10 = 1.799e-5 / PRESSURE, 2.155e-4 / ROOT5, 3.846e-5 / PRESSURE
START = np.array([0.005, 0.005, 0.05, 0.5, 0.05])
"""MINPACK-2's standard starting point."""
ROOT = np.array([3.114102e-3, 3.4597925e1, 6.504177e-2, 8.593780e-1, 3.695185e-2])


def f(x: Any, xp: Any) -> Any:
    a, b, c, d, e = x
    return xp.stack(
        [
            a * b + a - 3.0 * e,
            2 * a * b + a + b * c**2 + R8 * b - AIR * e + 2 * R10 * b**2 + R7 * b * c + R9 * b * d,
            2 * b * c**2 + 2 * R5 * c**2 - 8 * e + R6 * c + R7 * b * c,
            R9 * b * d + 2 * d**2 - 4 * AIR * e,
            a * (b + 1) + R10 * b**2 + b * c**2 + R8 * b + R5 * c**2 + d**2 - 1 + R6 * c + R7 * b * c + R9 * b * d,
        ]
    )


def problem(size: int) -> Problem:
    """`size` is 1."""
    return Problem(START, f, known=(Known("the root in Meintjes and Morgan", ROOT, np.zeros(5), 1e-6),))
