"""How close to the machine's limits is what was measured?"""

import pandas as pd

from analysis.report.cells import CHAIN, DASH, INTERVAL, Columns, bytes_of, engine, ratio, significant, span, text
from analysis.report.section import Section, Table, Words
from analysis.tables.growth import LARGE, held_fixed
from analysis.tables.limits import COUNTED

COST = {
    "seconds": "time of a Jacobian",
    "peak_bytes": "memory of a Jacobian",
    "pullback_seconds": "time of a gradient's way back",
    "hessian_seconds": "time of a Hessian",
}
"""What grows, by the metric."""


def power(value: float) -> str:
    """An exponent, with two digits after the point; an en dash where there is none."""
    return DASH if pd.isna(value) else f"{round(value, 2) + 0.0:.2f}"  # + 0.0: a tiny negative one is no -0.00


MEAN: Columns = {"cells": text("cells"), "geometric mean": ratio("mean"), **INTERVAL}
WORST: Columns = {"worst": ratio("worst"), "worst at": text("at")}

SECTION = Section(
    "What the engines cost",
    "A crossover says something about the modes only where what was measured is the mode, and not the engine's own "
    "cost. So engines stand here beside two limits. The floor is the derivative of the same chain written by hand in "
    "NumPy, as one would who knows that chain: all seeds at once, the identity seed never multiplied out, work in "
    "place. The arithmetic limit is the multiply-adds of that Jacobian in matrix products of the same shapes and "
    "nothing else: no value of f, no activations, no new arrays. modes-prepared and modes-compiled have recorded a "
    "function's operations once and replay them into arrays that they keep (modes.prepare). Every ratio comes from "
    "pairs timed in turn.",
    {
        "product-cost": Words(
            "The cost of one product",
            "Time of one Jacobian-vector product (JVP), one vector-Jacobian product (VJP) and one gradient, each "
            "with the value of f, over the time of f alone. Filled markers: modes; open ones: the floor, the same "
            "written by hand in NumPy. The hatched bands bound the number of operations for functions made of scalar "
            "operations (Griewank and Walther, Evaluating Derivatives, chapters 3 and 4). What lies above them is "
            "Python's and NumPy's fixed price of an operation; it fades as the layers grow.",
        ),
        "chunk-size": Words(
            "Seeds in chunks",
            "What happens where the n tangents of forward mode, or the m cotangents of reverse mode, do not travel "
            "all at once but in chunks: time and peak memory of the Jacobian over those of all seeds at once, which "
            "is the last point of each line. Small chunks take less memory and more time: f, or its tape, is gone "
            "through once a chunk, and the products are small. With several chunks the result is held beside the "
            "blocks, so that large chunks may take more memory than one of all seeds.",
        ),
    },
    {
        "floor": Table(
            lambda found: found.over_floor,
            "Over the floor",
            "Time of an engine over that of the floor, the derivative written by hand, over all chains measured. The "
            "interval says how far the mean depends on which chains those are. The project's aims are a mean of at "
            "most 1.5 and no cell above 2.3, of modes-prepared 1.15 and 1.4.",
            {
                "engine": engine(),
                **{key: text(key) for key in ("what", "mode", "dtype")},
                **MEAN,
                **WORST,
            },
        ),
        "limit": Table(
            lambda found: found.over_limit,
            "Over the arithmetic limit",
            "Time of one Jacobian over its multiply-adds alone, by the smallest of n, m and width, and the share of "
            "the limit's speed that this is. The limit binds for large chains: the project's aim is 90 % at depth 4 "
            "where all sizes are 256 or more.",
            {
                "engine": engine(),
                **{key: text(key) for key in ("mode", "dtype", "depth", "sizes")},
                **MEAN,
                "share of the limit": lambda row: f"{significant(row['percent'])} %",
                **WORST,
            },
        ),
        "fill": Table(
            lambda found: found.over_fill,
            "Element-wise chains over filling the result",
            "Time of the full Jacobian of a chain of element-wise layers over writing its n x n numbers once. The "
            "Jacobian is diagonal, so that the rest of the work grows with n alone. The project's aim is 1.5 at "
            "most; below 1 the system handed out memory that held zeros already.",
            {
                "engine": engine(),
                **{key: text(key) for key in ("mode", "layer", "activation", "n", "depth", "dtype")},
                "Jacobian / fill": ratio("ratio"),
                **INTERVAL,
            },
        ),
        "peak": Table(
            lambda found: found.over_memory,
            "Peak memory over the arrays counted",
            "Traced peak of one Jacobian over the derivatives that it must hold at a time: in forward mode the two "
            "largest neighbouring blocks of tangents, in reverse mode those of cotangents and every layer's slopes. "
            f"Dense chains of n, m and width {COUNTED} or more, all seeds at once. The project's aim is 1.1 at most.",
            {"engine": engine(), "mode": text("mode"), **MEAN, **WORST},
        ),
        "growth": Table(
            lambda found: found.growth_table,
            "How cost grows",
            "The exponent p of cost ~ size^p, fitted over the sizes named while all else is fixed, and the same fit "
            "to exact counts at the same sizes: for time, of the multiply-adds, with the identity seed never "
            "multiplied out, and beside it as if it were; for memory, of the derivatives held at a time. A "
            "gradient's way back is expected to grow with depth, by the product formula with its square. Counts are "
            "seldom pure powers: the work for n inputs has a part that grows with n and one that does not. Jacobians "
            f"are those of the largest dense chains measured at four sizes or more, n, m and width at least {LARGE}: "
            "in small ones the price of a call hides the growth.",
            {
                "of": lambda row: COST[row["metric"]],
                "mode": text("mode"),
                "over": text("over"),
                "sizes": lambda row: f"{row['first']} to {row['last']} ({row['points']})",
                "held fixed": held_fixed,
                "exponent": lambda row: power(row["exponent"]),
                "95 % interval": lambda row: span(row["low"], row["high"], power),
                "expected": lambda row: power(row["expected"]),
                "seed multiplied out": lambda row: power(row["multiplied_out"]),
            },
        ),
        "chunks": Table(
            lambda found: found.chunks,
            "Chunk sizes",
            "Time and traced peak of one Jacobian in chunks of seeds, over those of all seeds at once.",
            {
                "mode": text("mode"),
                **CHAIN,
                "chunk": text("chunk_size"),
                "time / all at once": ratio("time"),
                "peak": bytes_of("peak_bytes"),
                "peak / all at once": ratio("memory"),
            },
        ),
        "products": Table(
            lambda found: found.product_table,
            "Products over f",
            "Median time of one product, the value of f included, over the median time of f. At width 512 and depth "
            "4 the project's aims are 2.3 for a JVP and 3.0 for a gradient.",
            {"product": text("product"), "engine": engine(), **CHAIN, "product / f": ratio("ratio"), **INTERVAL},
        ),
    },
)
