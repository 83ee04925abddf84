"""What does a single product cost, over the cost of f: one JVP, one VJP, one gradient?

The unit is the natural logarithm of the ratio, one number a pair (:mod:`benchmarks.apparatus.pairs`).
"""

from functools import partial

from .apparatus.cases import Grid, Prepared, active_profile, gradient, nested, pair_count, product
from .apparatus.pairs import Samples, samples


class Products(Prepared):
    grid = Grid(
        engine=nested(["modes", "floor"], ["modes-prepared"]),
        n=[64],
        m=[64],
        width=nested([8, 64, 512], [32, 128, 256], [1024]),
        depth=nested([4], [16], [64]),
    )
    params = grid.lists(active_profile())
    unit = "ln(time of one product / time of f)"
    version = "1"

    def track_log_product_over_f(self, *case: object) -> Samples:
        call = product(self.case, self.chain, self.case.mode)
        return samples(call, partial(self.chain, self.chain.x), pair_count())


class Gradient(Prepared):
    grid = Grid(
        engine=nested(["modes", "floor"], ["modes-prepared"]),
        layer=["loss"],
        n=[64],
        m=[1],
        width=nested([8, 64, 512], [32, 128, 256], [1024]),
        depth=nested([4], [16], [64]),
        mode=["reverse"],
    )
    params = grid.lists(active_profile())
    unit = "ln(time of the gradient / time of f)"
    version = "1"

    def track_log_gradient_over_f(self, *case: object) -> Samples:
        call = gradient(self.case, self.chain)
        return samples(call, partial(self.chain, self.chain.x), pair_count())
