"""``python -m examples.gradbench --mode reverse``: a tool of GradBench, on standard input and output.

Without --mode reverse mode is taken; --prepare records a function once, outside what is timed, and replays it. The
evals particle and saddle ask for a mode by each function's name.
"""

import argparse
import sys

from examples.gradbench.evals import Derivative
from examples.gradbench.protocol import session
from modes.jacobian import MODES


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m examples.gradbench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mode", choices=MODES, default="reverse", help="how every Jacobian is taken (%(default)s)")
    parser.add_argument("--prepare", action="store_true", help="record each function once, and replay it")
    options = parser.parse_args()
    try:
        for line in session(sys.stdin, Derivative(options.mode, options.prepare)):
            print(line, flush=True)
    except BrokenPipeError:  # the eval has ended
        sys.stderr.close()


if __name__ == "__main__":
    main()
