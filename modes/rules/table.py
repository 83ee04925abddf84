"""How the rule table is written: one row a function, its JVP and VJP side by side.

`RULES` maps a function to its rule. The functions below add rows; a later row for the same function replaces
the earlier one, so a user can override any rule.

- `elementwise(func, d0, d1, ...)`: a derivative for each operand, a number or a function (y, *operands) -> d
  with d broadcastable to y. Both modes follow from it: push multiplies by d, pull multiplies by d and sums
  over the axes along which the operand was broadcast (M8, M10).
- `written(func, p0, p1, ...)`: for each operand a function (y, *args, **kwargs) -> Partial, which carries both
  directions; None marks an operand without a derivative (a condition, an index).
- `sequence(func, p)`: the same for functions whose first argument is a sequence of operands (concatenate);
  p is called as p(i, y, operands, *args, **kwargs) for operand i.
- `composite(func, implementation)`: the function in terms of others that have rules.
- `constant(func, ...)`: functions of shape, comparisons, and piecewise constant ones; they see the primal value.
- `refused(func, remedy)`: no row, on purpose; the error says what to write instead.

The rule's own signature says which keyword arguments are covered; others (out=, where=) are refused. One that NumPy
also takes by position, before others that are covered, stands in the signature and is passed to `only_defaults`.

The idea of stating a derivative once and deriving both modes from it follows DiffRules.jl (JuliaDiff,
https://github.com/JuliaDiff/DiffRules.jl) and the deflinear of JAX (https://github.com/jax-ml/jax).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dispatch import primitive
from ..errors import MissingRule, name_of
from ..instead import given
from ..partials import SAME, Partial, Scale, elementwise_partial

__all__ = [
    "RULES",
    "Rule",
    "composite",
    "constant",
    "elementwise",
    "later",
    "only_defaults",
    "primitive",
    "refused",
    "sequence",
    "written",
]

Derivative = Callable[..., Any] | float
Maker = Callable[..., Partial] | None

# The kinds of rule, as the traced array's dispatch tells them apart.
DIFFERENTIABLE, SEQUENCE, COMPOSITE, CONSTANT = "differentiable", "sequence", "composite", "constant"


# The names of arguments in whose place a list or a tuple is an array: as NumPy has them, and the rows after it.
ARRAYS = frozenset({
    "a", "A", "a_max", "a_min", "append", "arr", "array", "ary", "b", "condition", "dx", "f", "fill_value", "fp",
    "left", "m", "p", "prepend", "right", "start", "stop", "to_begin", "to_end", "v", "val", "values", "weights", "x",
    "x1", "x2", "xp", "y", "z",
})  # fmt: skip


class Rule:
    """One row: what the traced array needs to know about a function."""

    __slots__ = ("_operands", "func", "keeps", "kind", "known_keywords", "makers", "ones", "quick", "slope")

    def __init__(self, func: Callable[..., Any], kind: str, makers: tuple[Any, ...], keywords: Any = None) -> None:
        self.func = func
        self.kind = kind
        self.makers = makers
        self.known_keywords = keywords
        self._operands: set[int | str] | None = None
        # The makers, where calling one of them will do for a call with one traced operand and at most one other.
        self.slope: Callable[..., Any] | None = None  # the derivative itself, of an element-wise row of one operand
        self.ones = (False, False)  # of which operand of an element-wise row it is the number 1
        self.keeps = True  # may a partial hold an operand itself, or a view of it? (modes.residuals)
        self.quick = makers if kind == DIFFERENTIABLE and len(makers) <= 2 and None not in makers else None

    def is_operand(self, place: int | str) -> bool:
        """Whether the argument at a place, or of a name, is array-like: what NumPy names so, going by the row's own
        names (modes.rules.table.ARRAYS)."""
        if self._operands is None:
            make = next((make for make in self.makers if make is not None), None)
            names = list(inspect.signature(make).parameters) if make is not None else []
            names = names[self.kind == DIFFERENTIABLE :]  # the value comes first
            self._operands = {*ARRAYS.intersection(names), *(i for i, name in enumerate(names) if name in ARRAYS)}
        return place in self._operands

    def covers(self, name: str) -> bool:
        """Whether the row covers a keyword argument of that name."""
        if self.known_keywords is None:  # read off the signatures when somebody asks: half of the time of an import
            self.known_keywords = _keywords(self.makers, self.kind)
        return self.known_keywords is ANY or name in self.known_keywords

    def partials(
        self, positions: Sequence[int], y: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> list[Partial | None]:
        """The partials of y = func(*args, **kwargs) with respect to several operands; None where it is 0."""
        makers = [self.makers[i] for i in positions]
        return [None if make is None else make(y, *args, **kwargs) for make in makers]


class _Sequence(Rule):
    """A row whose operands are the items of the first argument."""

    __slots__ = ()

    def partials(
        self, positions: Sequence[int], y: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> list[Partial | None]:
        (make,) = self.makers
        return [make(i, y, *args, **kwargs) for i in positions]


RULES: dict[Callable[..., Any], Rule] = {}


def elementwise(func: Callable[..., Any], *derivatives: Derivative | None) -> None:
    """Add an element-wise function by its derivative with respect to each operand: d(y, *operands)."""
    makers = tuple(_from_derivative(d, i, len(derivatives)) for i, d in enumerate(derivatives))
    row = RULES[func] = Rule(func, DIFFERENTIABLE, makers, keywords=())
    row.keeps = any(map(callable, derivatives))
    if len(derivatives) == 1 and callable(derivatives[0]):
        row.slope = derivatives[0]
    if len(derivatives) == 2:
        row.ones = (derivatives[0] == 1, derivatives[1] == 1)


def _from_derivative(d: Derivative | None, i: int, count: int) -> Maker:
    """The maker of operand i's partial from its derivative: a product, after a broadcast where the shapes differ."""
    if d is None:
        return None
    if not callable(d):
        number = d

        same = SAME if number == 1 else Scale(number)

        def from_number(y: Any, a: Any, b: Any = None) -> Partial:
            inner, outer = (b if i else a).shape, y.shape
            return same if inner == outer else elementwise_partial(number, inner, outer)

        return from_number
    derivative = d
    if count == 1:  # always of the result's shape
        return lambda y, x: Scale(derivative(y, x))

    def from_function(y: Any, *operands: Any) -> Partial:
        return elementwise_partial(derivative(y, *operands), operands[i].shape, y.shape)

    return from_function


def written(func: Callable[..., Any], *makers: Maker) -> None:
    """Add a function by its partial with respect to each operand: p(y, *args, **kwargs) -> Partial."""
    RULES[func] = Rule(func, DIFFERENTIABLE, makers)


def sequence(func: Callable[..., Any], maker: Callable[..., Partial]) -> None:
    """Add a function of a sequence of operands: p(i, y, operands, *args, **kwargs) -> Partial."""
    RULES[func] = _Sequence(func, SEQUENCE, (maker,))


def composite(func: Callable[..., Any], implementation: Callable[..., Any]) -> None:
    """Add a function by an implementation in terms of functions that have rules."""
    RULES[func] = Rule(func, COMPOSITE, (implementation,))


def constant(*funcs: Callable[..., Any]) -> None:
    """Add functions whose derivative is zero or has no meaning: they are evaluated on the primal values."""
    for func in funcs:
        RULES[func] = Rule(func, CONSTANT, ())


LATER: list[Callable[[], None]] = []


def later(add: Callable[[], None]) -> None:
    """Have rows added by a function when a function without a row is called."""
    LATER.append(add)


REFUSED: dict[Callable[..., Any], str] = {}


REWRITTEN: dict[Callable[..., Any], str] = {}


def refused(func: Callable[..., Any], remedy: str, rewritten: str | None = None) -> None:
    """Say why a function has no row, and what to write instead; a row that is added for it takes precedence.

    `rewritten` : the call in other words, with {0}, {1}, ... for its arguments as they are written.
    """
    REFUSED[func] = remedy
    if rewritten is not None:
        REWRITTEN[func] = rewritten


def _here(func: Callable[..., Any]) -> str:
    """What to write in the line that calls a refused function."""
    template, said = REWRITTEN.get(func), given()
    count = 0 if template is None else max(int(part[0]) for part in template.split("{")[1:]) + 1
    return f"; here {template.format(*said)}" if template is not None and len(said) >= count else ""


ANY: Any = object()


def _keywords(makers: tuple[Any, ...], kind: str) -> Any:
    """The keyword arguments a row covers: those that every one of its functions takes; ANY for any."""
    if kind == CONSTANT:
        return ANY
    names: set[str] | None = None
    for make in makers:
        if callable(make):
            parameters = inspect.signature(make).parameters.values()
            own = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
            names = own if names is None else names & own
    return frozenset(names or ())


def rule_of(func: Callable[..., Any]) -> Rule:
    """The row of a function.

    Raises MissingRule, naming the function and how to add one, where there is none.
    """
    rule = RULES.get(func)
    if rule is None and func not in REFUSED:
        for add in LATER:
            add()
        rule = RULES.get(func)
    if rule is None and func in REFUSED:
        raise MissingRule(
            f"{name_of(func)} was called on a traced array, and has no derivative rule: {REFUSED[func]}{_here(func)}"
        )
    if rule is None:
        raise MissingRule(
            f"{name_of(func)} was called on a traced array, and has no derivative rule; "
            f"write it in terms of functions that have one (modes.rules.RULES lists them), or add a rule: "
            f"modes.rules.elementwise({name_of(func)}, lambda y, x: derivative) where it is element-wise, "
            f"modes.rules.written, .sequence, .composite or .constant where it is not"
        )
    return rule


def check_keywords(rule: Rule, kwargs: dict[str, Any]) -> None:
    """Refuse keyword arguments that the rule does not cover, rather than ignore them."""
    for name in kwargs:
        if not rule.covers(name):
            raise _uncovered(rule.func, name)


def only_defaults(func: Callable[..., Any], **arguments: Any) -> None:
    """Refuse arguments that a rule has to name but does not cover, unless they are None or not given."""
    for name, value in arguments.items():
        if value is not None and value is not np._NoValue:
            raise _uncovered(func, name)


REMEDIES = {
    "out": "assign the result instead: y = f(x)",
    "where": "compute the whole, then choose with np.where(condition, y, other)",
    "dtype": "convert with .astype(dtype) before or after",
    "initial": "combine the result with it: y + initial, y * initial, np.maximum(y, initial)",
    "copy": "arrays that are differentiated are not modified; assign the result instead: y = f(x)",
    "order": "transpose before and after instead",
}


def _uncovered(func: Callable[..., Any], name: str) -> MissingRule:
    remedy = REMEDIES.get(name, "leave it out, or add a rule that covers it with modes.rules")
    return MissingRule(f"{name_of(func)} has a rule, but it covers no {name}= on traced arrays; {remedy}")
