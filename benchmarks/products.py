"""What does a single product cost, over the cost of f: one JVP, one VJP, one gradient?

The unit is the natural logarithm of the ratio, one number a pair (:mod:`benchmarks.apparatus.pairs`).
"""

from functools import partial

from .apparatus.benchmark import Benchmark
from .apparatus.calls import gradient, product
from .apparatus.grids import Grid, nested
from .apparatus.pairs import Samples, samples
from .apparatus.settings import pair_count
from .catalogue.metrics import UNITS


class Products(Benchmark):
    grid = Grid(
        engine=nested(["modes", "floor"], ["modes-prepared"]),
        n=[64],
        m=[64],
        width=nested([8, 64, 512], [32, 128, 256], [1024]),
        depth=nested([4], [16], [64]),
    )
    unit = UNITS["log_product_over_f"]
    version = "1"

    def track_log_product_over_f(self, *case: object) -> Samples:
        call = product(self.case, self.chain, self.case.mode)
        return samples(call, partial(self.chain, self.chain.x), pair_count())


class Gradient(Benchmark):
    grid = Grid(
        engine=nested(["modes", "floor"], ["modes-prepared"]),
        layer=["loss"],
        n=[64],
        m=[1],
        width=nested([8, 64, 512], [32, 128, 256], [1024]),
        depth=nested([4], [16], [64]),
        mode=["reverse"],
    )
    unit = UNITS["log_gradient_over_f"]
    version = "1"

    def track_log_gradient_over_f(self, *case: object) -> Samples:
        call = gradient(self.case, self.chain)
        return samples(call, partial(self.chain, self.chain.x), pair_count())
