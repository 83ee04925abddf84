"""A user's own function, measured: which ways to its Jacobian there are, whether they are right, and what they take.

Contract: :func:`look` and :func:`timed` take a Request of :mod:`benchmarks.catalogue.advice` and return plain data of
that module; what is wrong with the function, its arguments or the request raises :class:`RefusedError` with one line.
``serve()`` is the same as a process of its own: requests as its one argument, answers on the standard output.

    subject -> ways -> seeds -> looking, timing -> this        (a -> b: b imports a)
"""

import os
import sys

from ..catalogue.advice import Found, Refused, Times, as_text, requests
from .looking import look
from .subject import RefusedError, checked, load
from .timing import timed

__all__ = ["RefusedError", "checked", "load", "look", "serve", "timed"]


def serve() -> None:
    """Answer the requests in ``sys.argv[1]``, a line each, until one of them has to be refused.

    What the user's code prints goes to the standard error.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for request in requests(sys.argv[1]):
        found: Found | Times | Refused
        try:
            subject = load(request)
            found = timed(subject, request) if request.rounds else look(subject, request)
        except RefusedError as refused:
            found = Refused(str(refused), refused.theirs)
        answers.write(f"{as_text(found)}\n")
        answers.flush()
        if isinstance(found, Refused):
            break
    os._exit(0)  # whatever the user's modules would do at the end is not waited for
