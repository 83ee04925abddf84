"""The instructions of the interpreter, by number, and the words that each is made of.

An instruction is a run of 64-bit words: its opcode, then operands and sizes in the order given here. Addresses are
those of a first number, `step`s are distances in bytes.

==========================  ==========================================================================================
`PASSES`                    rows, n, a, a's step, b, b's step, out, out's step: for each of the rows an element-wise
                            operation on n numbers that lie in one piece, or are one number for all (`PATTERNS`)
`SELECTS`                   rows, n, then address and step of the mask, a, b, out: numbers chosen by a mask of bytes
`LOOP`                      length of the instruction in bytes, the address of an inner loop of NumPy's and of its data,
                            operands, outer axes, n, a step for each operand, an address for each operand, and, where
                            there are outer axes, `OUTER` times a count and a step for each operand, and a place to work
`PRODUCT`                   how many, M, N, K, A with its steps along both axes, B and C with their steps from row to
                            row, and steps of A, B and C from one product to the next
`DOTS`                      how many, M, K, A with its step from row to row, x, y with its step, and steps of the three
`GUARD`                     address of a bool, and what it was: the interpreter stops where it is another
==========================  ==========================================================================================
"""

from __future__ import annotations

from itertools import count, product

__all__ = [
    "ARITHMETIC", "CASTS", "DOTS", "DTYPES", "GUARD", "LOOP", "OUTER", "PASSES", "PATTERNS", "PRODUCT", "SELECTED",
    "SELECTS", "STOPPED", "UNARY",
]  # fmt: skip

DTYPES = "df"
"""The dtypes that there are loops for: float64, float32."""
PATTERNS = ("vv", "vs", "sv")
"""What each operand is: a vector, or one number for all (a scalar)."""
OUTER = 3
"""The most outer axes of a `LOOP`."""

_numbers = count()
ARITHMETIC = {
    (name, pattern, char): next(_numbers)
    for name, pattern, char in product(("add", "subtract", "multiply", "divide"), PATTERNS, DTYPES)
}
UNARY = {
    (name, pattern, char): next(_numbers)
    for name, pattern, char in product(("positive", "negative", "square", "sqrt"), "vs", DTYPES)
}
CASTS = {pair: next(_numbers) for pair in (("?", "d"), ("?", "f"), ("f", "d"), ("d", "f"))}
STOPPED = 16
"""What a run gives where a guard stopped it; below that, the flags that arithmetic left."""
PASSES = next(_numbers)
"""Opcodes below it are passes."""
SELECTS = {(pattern, char): next(_numbers) for pattern, char in product(("vv", "vs", "sv", "ss"), DTYPES)}
SELECTED = next(_numbers)
"""Opcodes from PASSES to here are choices."""
LOOP = next(_numbers)
GUARD = next(_numbers)
PRODUCT = {char: next(_numbers) for char in DTYPES}
DOTS = {char: next(_numbers) for char in DTYPES}
