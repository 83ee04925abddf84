"""What to write instead of an in-place write, in the words of the line that the user's code is in the middle of.

`y[i, 1:] = x ** 2` becomes `y = modes.at(y, np.s_[i, 1:]).set(x ** 2)`, and `total += x` becomes `total = total + x`.

Contract: only errors ask. The line is found by the position of the instruction that is being executed (PEP 657); where
there is no source, or it is no such statement, the answer is None. Nothing of the user's is evaluated.
"""

from __future__ import annotations

import ast
import linecache
from opcode import opmap
from types import FrameType
from typing import Any

import numpy as np

from .errors import calling_frame

__all__ = ["given", "shown", "update", "writing"]

LONG = 60  # characters; longer expressions are named by what they are

METHODS = {ast.Add: "add", ast.Mult: "multiply"}


def update(array: str = "y", index: str = "index", values: str = "values", method: str = "set") -> str:
    """An update as one writes it."""
    return f"{array} = modes.at({array}, {index}).{method}({values})"


def writing() -> str | None:
    """The statement without a write, if the caller's code is in the middle of one that writes: into an array by an
    index, or by an augmented assignment."""
    frame = calling_frame()
    if not _writes(frame):  # before the source is read and parsed, which takes milliseconds
        return None
    statement = _statement(frame)
    if isinstance(statement, ast.AugAssign):
        return _augmented(statement)
    if statement is None:
        return None
    target = _target(statement, _position(frame))
    if target is None:
        return None
    alone = isinstance(statement, ast.Assign) and target in statement.targets
    return update(
        _text(target.value, "y"), _index(target.slice), _text(statement.value, "values") if alone else "values"
    )


def given() -> list[str]:
    """The positional arguments of the call that the caller's code is in the middle of, as they are written there."""
    frame = calling_frame()
    position = _position(frame)
    for node in ast.walk(_tree(frame)):
        if isinstance(node, ast.Call) and (
            (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == position
            and not any(isinstance(argument, ast.Starred) for argument in node.args)
        ):
            return [ast.unparse(argument) for argument in node.args]
    return []


def shown(index: Any) -> str:
    """An index as one writes it, where the source is not to be had."""
    if isinstance(index, tuple):
        inside = ", ".join(_one(item) for item in index) + "," * (len(index) == 1)
        return f"np.s_[{inside}]" if any(isinstance(item, slice) for item in index) else f"({inside})"
    return f"np.s_[{_one(index)}]" if isinstance(index, slice) else _one(index)


def _one(item: Any) -> str:
    if isinstance(item, slice):
        parts = ["" if part is None else repr(part) for part in (item.start, item.stop)]
        return ":".join([*parts, *([] if item.step is None else [repr(item.step)])])
    text = "..." if item is Ellipsis else repr(item.tolist() if isinstance(item, np.ndarray | np.generic) else item)
    return text if len(text) <= LONG else "index"


STORES = frozenset(opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in opmap)
IN_PLACE = range(13, 26)  # of BINARY_OP: +=, &=, //=, ...


def _writes(frame: FrameType) -> bool:
    """Is the instruction that is being executed one that writes?"""
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at] in STORES or (code[at] == opmap["BINARY_OP"] and code[at + 1] in IN_PLACE)


# -- the statement -----------------------------------------------------------------------------------------------------
def _position(frame: FrameType) -> tuple[Any, ...]:
    """First line and column, last line and column of the instruction that is being executed; None where not known."""
    return list(frame.f_code.co_positions())[frame.f_lasti // 2]


def _statement(frame: FrameType) -> ast.Assign | ast.AugAssign | None:
    """The innermost assignment around the instruction that a frame is executing."""
    line, last, column, end = _position(frame)
    if None in (line, last, column, end):
        return None
    around = [
        node
        for node in ast.walk(_tree(frame))
        if isinstance(node, ast.Assign | ast.AugAssign)
        and (node.lineno, node.col_offset) <= (line, column)
        and (last, end) <= (node.end_lineno or 0, node.end_col_offset or 0)
    ]
    return max(around, key=lambda node: (node.lineno, node.col_offset), default=None)


def _tree(frame: FrameType) -> ast.AST:
    """The source that a frame's code is in; empty where there is none."""
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    try:
        return ast.parse("".join(lines))
    except (SyntaxError, ValueError):  # the file has changed, or is none of Python's
        return ast.Module([], [])


def _target(statement: ast.Assign, position: tuple[Any, ...]) -> ast.Subscript | None:
    """The y[index] that is being written to: the instruction is the writing itself, not part of what is written."""
    line, last, column, end = position
    for target in statement.targets:
        for node in ast.walk(target):
            there = (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) if isinstance(
                node, ast.Subscript
            ) else None  # fmt: skip
            if there == (line, last, column, end):
                assert isinstance(node, ast.Subscript)
                return node
    return None


def _augmented(statement: ast.AugAssign) -> str:
    target, operation = statement.target, type(statement.op)
    value = _text(statement.value, "values")
    if not isinstance(target, ast.Subscript):
        name = ast.unparse(target)
        return f"{name} = {ast.unparse(ast.BinOp(target, statement.op, statement.value))}" if value != "values" else (
            f"{name} = {_symbolic(name, operation)}"
        )  # fmt: skip
    array, index = _text(target.value, "y"), _index(target.slice)
    if operation in METHODS:
        return update(array, index, value, METHODS[operation])
    if operation is ast.Sub:
        return update(array, index, _text(ast.UnaryOp(ast.USub(), statement.value), "-values"), "add")
    return update(array, index, _text(ast.BinOp(target, statement.op, statement.value), "values"))


def _symbolic(name: str, operation: type[ast.operator]) -> str:
    return ast.unparse(ast.BinOp(ast.Name(name), operation(), ast.Name("values")))


def _text(node: ast.expr, otherwise: str) -> str:
    text = ast.unparse(node)
    return text if len(text) <= LONG else otherwise


def _index(node: ast.expr) -> str:
    text = ast.unparse(node)
    if any(isinstance(part, ast.Slice) for part in ast.walk(node)):
        inside = text[1:-1] if isinstance(node, ast.Tuple) and text.startswith("(") else text
        return f"np.s_[{inside}]" if len(text) <= LONG else "index"
    return text if len(text) <= LONG else "index"
