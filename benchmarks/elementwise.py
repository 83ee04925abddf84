"""What does the Jacobian of an element-wise chain cost, which is diagonal? One class a size: n, m and width
are one.

The n x n result is filled in the end, so that a quadratic share remains whatever the engine does.
"""

from .cases import Grid, Timed, active_profile, nested


def square(size: int) -> Grid:
    return Grid(
        layer=nested(["elementwise"], ["scalar"]),
        activation=nested(["tanh"], full=["relu"]),
        n=[size],
        m=[size],
        width=[size],
        depth=nested([8], [64]),
    )


class _Elementwise(Timed):
    version = "1"

    def time_jacobian(self, *case: object) -> None:
        self.call()


class Elementwise32(_Elementwise):
    grid = square(32)
    params = grid.lists(active_profile())


class Elementwise128(_Elementwise):
    grid = square(128)
    params = grid.lists(active_profile())


class Elementwise512(_Elementwise):
    grid = square(512)
    params = grid.lists(active_profile())


class Elementwise2000(_Elementwise):
    grid = square(2000)
    params = grid.lists(active_profile())
