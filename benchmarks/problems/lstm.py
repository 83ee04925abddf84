"""A long short-term memory that predicts the next character's bits: its loss by its parameters.

From the definition in GradBench's eval lstm (https://github.com/gradbench/gradbench/tree/main/evals/lstm), which is
ADBench's (https://github.com/microsoft/ADBench): every weight matrix is diagonal, and 2 is added in the normaliser.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn, split

LAYERS, BITS = 2, 8


def loss(main: Any, extra: Any, state: Array, sequence: Array, xp: Any = np) -> Any:
    """main (2 layers, 4 bits): weights and biases in turn; extra (3, bits); state (2 layers, bits): hidden and cell in
    turn; sequence (characters, bits)."""
    hidden, cell = list(state[0::2]), list(state[1::2])
    total = 0.0
    for given, wanted in pairwise(sequence):
        signal = given * extra[0]
        for layer in range(len(hidden)):
            hidden[layer], cell[layer] = step(
                main[2 * layer], main[2 * layer + 1], hidden[layer], cell[layer], signal, xp
            )
            signal = hidden[layer]
        predicted = signal * extra[1] + extra[2]
        normalised = predicted - xp.log(xp.sum(xp.exp(predicted)) + 2.0)
        total = total + xp.sum(wanted * normalised)
    return -total / ((len(sequence) - 1) * sequence.shape[1])


def step(weight: Any, bias: Any, hidden: Any, cell: Any, signal: Any, xp: Any) -> tuple[Any, Any]:
    """One layer at one character: (hidden, cell) anew."""
    bits = len(signal)
    forget, ingate, outgate, change = (slice(bits * gate, bits * (gate + 1)) for gate in range(4))
    kept = sigmoid(signal * weight[forget] + bias[forget], xp)
    taken = sigmoid(hidden * weight[ingate] + bias[ingate], xp)
    given = sigmoid(signal * weight[outgate] + bias[outgate], xp)
    new = xp.tanh(hidden * weight[change] + bias[change])
    cell = cell * kept + taken * new
    return given * xp.tanh(cell), cell


def sigmoid(z: Any, xp: Any) -> Any:
    return 1.0 / (1.0 + xp.exp(-z))


def problem(size: int) -> Problem:
    """A sequence of `size` + 1 characters."""
    state = 0.5 * (drawn(1, 2 * LAYERS, BITS) + 1.0)
    sequence = (drawn(2, size + 1, BITS) > 0.0).astype(float)

    def f(x: Any, xp: Any) -> Any:
        main, extra = split(x, 8 * LAYERS * BITS, 3 * BITS)
        return loss(main.reshape(2 * LAYERS, 4 * BITS), extra.reshape(3, BITS), state, sequence, xp)

    x = 0.5 * (drawn(3, (8 * LAYERS + 3) * BITS) + 1.0)
    known = (Known("GradBench's C++ (tools/manual), commit f26651a", x, GOLDEN[size], 1e-12),) if size in GOLDEN else ()
    return Problem(x, f, known=known)


GOLDEN = {16: 1.1813482579412353, 64: 1.0829944685907382}
