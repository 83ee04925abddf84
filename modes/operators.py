"""Python's operators and an ndarray's methods for a traced array: the same as NumPy's functions of that name.

Contract: `Operators` is a base of modes.array.TracedArray, and calls nothing of it but NumPy's protocols, `primal`,
`owner`, and what makes a result (`extend`, `shifted`, `join`). What would write in place is refused with the remedy.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .errors import TracedValueError
from .instead import writing
from .operands import PLAIN
from .rules import RULES

__all__ = ["Operators"]


NDARRAY, NUMBERS = np.ndarray, (float, int)


class Operators:
    """An array's operators and methods; they are added below, a line a kind."""

    __slots__ = ()


def _binary(ufunc: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    # Straight to the rule where the other operand is a plain one, or one of the same trace: 5 % of a small chain's
    # Jacobian, a third of the price of x * x.
    def forward(self: Any, other: Any) -> Any:
        rule = RULES[ufunc]
        if type(other) in PLAIN and (makers := rule.quick) is not None:
            primal = self.primal
            y = ufunc(primal, other)
            if rule.ones[0] and y.shape == primal.shape and y.dtype is primal.dtype:
                return self.shifted(y)
            if y.dtype.kind == "f":
                if rule.keeps and type(other) is NDARRAY:
                    other = self.owner.keep(other)
                return self.extend(y, makers[0](y, primal, other))
        elif type(other) is type(self) and other.owner is self.owner and (makers := rule.quick) is not None:
            a, b = self.primal, other.primal
            y = ufunc(a, b)
            return self.owner.join(y, (self, other), (makers[0](y, a, b), makers[1](y, a, b)))
        if getattr(type(other), "__array_ufunc__", ufunc) is None:
            return NotImplemented  # NEP 13: the other operand takes it (a block of seeds does)
        return self.__array_function__(ufunc, (), (self, other), {})

    def reflected(self: Any, other: Any) -> Any:
        rule = RULES[ufunc]
        if type(other) in NUMBERS and (makers := rule.quick) is not None:
            primal = self.primal
            y = ufunc(other, primal)
            if rule.ones[1] and y.shape == primal.shape and y.dtype is primal.dtype:
                return self.shifted(y)
            if y.dtype.kind == "f":
                return self.extend(y, makers[1](y, other, primal))
        return self.__array_ufunc__(ufunc, "__call__", other, self)

    return forward, reflected


def refuse_modulo() -> NoReturn:
    raise TypeError("pow() of an array takes no modulus, as NumPy's does not; write np.remainder(x**y, modulus)")


def _power(two: Callable[..., Any]) -> Callable[..., Any]:
    def power(self: Any, other: Any, modulus: None = None) -> Any:
        if modulus is not None:
            refuse_modulo()
        return two(self, other)

    return power


def _here() -> str:
    said = writing()
    return "" if said is None else f", here {said}"


def _in_place(symbol: str, ufunc: Any) -> Callable[..., Any]:
    def augmented(self: Any, other: Any) -> Any:
        if self.shape:
            raise TracedValueError(
                f"in-place write into a traced array of shape {self.shape} (x {symbol}= y): arrays that are "
                f"differentiated are not modified; write x = x {symbol} y{_here()}"
            )
        return self.__array_ufunc__(
            ufunc, "__call__", self, other
        )  # a scalar is rebound, not modified, as Python's and NumPy's are

    return augmented


def _unary(ufunc: Any) -> Callable[..., Any]:
    return lambda self: self.__array_ufunc__(ufunc, "__call__", self)


def _method(func: Any) -> Callable[..., Any]:
    return lambda self, *args, **kwargs: self.__array_function__(func, (), (self, *args), kwargs)


_ufunc: Any
for _name, _symbol, _ufunc in (
    ("add", "+", np.add),
    ("sub", "-", np.subtract),
    ("mul", "*", np.multiply),
    ("truediv", "/", np.divide),
    ("floordiv", "//", np.floor_divide),
    ("mod", "%", np.remainder),
    ("pow", "**", np.power),
    ("matmul", "@", np.matmul),
):
    _forward, _reflected = _binary(_ufunc)
    setattr(Operators, f"__{_name}__", _forward)
    setattr(Operators, f"__r{_name}__", _reflected)
    setattr(Operators, f"__i{_name}__", _in_place(_symbol, _ufunc))

for _name in ("__pow__", "__rpow__"):
    setattr(Operators, _name, _power(getattr(Operators, _name)))

for _name, _ufunc in (
    ("lt", np.less),
    ("le", np.less_equal),
    ("gt", np.greater),
    ("ge", np.greater_equal),
    ("eq", np.equal),
    ("ne", np.not_equal),
):
    setattr(Operators, f"__{_name}__", _binary(_ufunc)[0])

for _name, _ufunc in (("neg", np.negative), ("pos", np.positive), ("abs", np.absolute)):
    setattr(Operators, f"__{_name}__", _unary(_ufunc))

for _name, _forward in zip(("__divmod__", "__rdivmod__"), _binary(np.divmod), strict=True):
    setattr(Operators, _name, _forward)

_METHODS = """
    all any argmax argmin argpartition argsort clip conj conjugate cumprod cumsum diagonal dot max mean min nonzero prod
    ravel repeat round searchsorted squeeze std sum swapaxes take trace var
"""
for _name in _METHODS.split():
    setattr(Operators, _name, _method(getattr(np, _name)))
Operators.compress = lambda self, condition, axis=None: np.compress(condition, self, axis)  # type: ignore[attr-defined]

for _name in ("nbytes", "itemsize", "strides"):
    setattr(Operators, _name, property(operator.attrgetter(f"primal.{_name}")))
for _name, _value in (
    ("mT", lambda self: np.swapaxes(self, -1, -2)),
    ("imag", np.imag),
    ("flat", np.ravel),
):
    setattr(Operators, _name, property(_value))


def _in_place_method(name: str) -> Callable[..., NoReturn]:
    remedies = {
        "sort": "np.sort(x)",
        "partition": "np.partition(x, kth)",
        "put": "modes.at(np.ravel(x), indices).set(values)",
        "resize": "np.resize(x, shape)",
    }
    remedy = "y = " + remedies.get(name, "np.where(condition, value, x)")

    def refuse(self: Any, *_: Any, **__: Any) -> NoReturn:
        raise TracedValueError(
            f"{name}() would write into a traced array of shape {self.shape}: arrays that are differentiated are not "
            f"modified; make a new one: {remedy}"
        )

    return refuse


for _name in ("fill", "partition", "put", "resize", "sort"):
    setattr(Operators, _name, _in_place_method(_name))
