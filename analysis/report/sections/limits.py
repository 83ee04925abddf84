"""How close to the machine's limits is what was measured?"""

from analysis.report.cells import CHAIN, INTERVAL, by_hand, ratio, text
from analysis.report.section import Section, Table, Words
from analysis.report.tables import growth_table, overhead_table, product_table

SECTION = Section(
    "What the engines cost",
    "A crossover says something about the modes only where the engines themselves cost little.",
    {
        "engine-overhead": Words(
            "What the engines cost above hand-written code",
            "Time of the engines' Jacobian over that of the same Jacobian written by hand in NumPy for this very "
            "chain, timed in turn. 1 would be no overhead. Where it is high, a crossover says more about the engine "
            "than about the mode.",
        ),
        "product-cost": Words(
            "The cost of one product",
            "Time of one Jacobian-vector product (JVP), one vector-Jacobian product (VJP) and one gradient, each with "
            "the value of f, over the time of f alone. Filled markers: the engines; open ones: the same written by "
            "hand in NumPy. The hatched bands bound the number of operations for functions made of scalar operations "
            "(Griewank and Walther, Evaluating Derivatives, chapters 3 and 4). What lies above them is Python's and "
            "NumPy's fixed price of an operation; it fades as the layers grow.",
        ),
    },
    {
        "overhead": Table(
            lambda tidy, _: overhead_table(tidy),
            "Engine over hand-written",
            "Time of the engine's Jacobian over that of a derivative written by hand in NumPy for the same chain.",
            {"mode": text("mode"), **CHAIN, "engine / by hand": ratio("ratio"), **INTERVAL},
        ),
        "products": Table(
            lambda tidy, _: product_table(tidy),
            "Products over f",
            "Median time of one product, the value of f included, over the median time of f.",
            {"product": text("product"), "written": by_hand, **CHAIN, "product / f": ratio("ratio"), **INTERVAL},
        ),
        "growth": Table(
            lambda tidy, _: growth_table(tidy),
            "Growth with depth",
            "By what factor the time and the peak memory of one Jacobian grow from the least to the greatest depth, "
            "and the exponent p of cost ~ depth^p (1: proportional to depth, 0: independent of it).",
            {
                "of": lambda row: {"seconds": "time", "peak_bytes": "memory"}[row["metric"]],
                "mode": text("mode"),
                **{key: text(key) for key in ("layer", "n", "m", "width", "dtype")},
                "depths": lambda row: f"{row['depth_from']} to {row['depth_to']}",
                "factor": ratio("factor"),
                "exponent": lambda row: f"{row['exponent']:.2f}",
            },
        ),
    },
)
