"""What stands beside the numbers: a heading and a caption for each figure, and for each table its columns as text."""

from collections.abc import Callable
from typing import Any

from analysis.report.tables import inputs, kilobytes, significant, span

Row = dict[str, Any]
Columns = dict[str, Callable[[Row], str]]

FIGURE_WORDS: dict[str, tuple[str, str]] = {
    "cost-against-n": (
        "Cost against the number of inputs",
        "Time of one full Jacobian in forward mode (blue, solid, circles) and in reverse mode (orange, dashed, "
        "squares), while the number of inputs n grows and the number of outputs m stays. Both scales are logarithmic. "
        "The vertical line is the crossover n*, the grey band its 95 % interval: left of it forward mode is cheaper, "
        "right of it reverse mode. The line does not come from the two curves, which were timed one after the other, "
        "but from pairs timed in turn, so that it may stand slightly beside the point where they meet.",
    ),
    "crossover-map": (
        "Which mode is cheaper, over inputs and outputs",
        "Each cell is a Jacobian of n inputs and m outputs; its number is the time of forward mode over that of "
        "reverse mode. Blue (below 1): forward mode is cheaper. Orange (above 1): reverse mode is cheaper. The solid "
        "line joins the measured crossovers, each with its 95 % interval; the dotted line is where both modes take "
        "equally many operations. Narrow cells without a number were measured to pin the crossover down.",
    ),
    "crossover-ratio": (
        "The crossover as a multiple of the outputs",
        "n*/m is the aspect ratio up to which forward mode is the cheaper way: 1.5 means that forward mode wins up to "
        "one and a half times as many inputs as outputs. The grey lines are the thresholds that shipped software "
        "uses; a point above a line means that this software gives up forward mode too early. An arrow at the border "
        "stands for a setting in which one mode won at every size measured; an open arrow for one in which forward "
        "mode takes fewer operations at every size.",
    ),
    "memory-against-depth": (
        "Memory against depth",
        "Largest amount of memory held at a time during one Jacobian, traced allocation by allocation; the result is "
        "part of it, the chain's parameters are not. Forward mode keeps a few layers at a time, whatever the depth; "
        "reverse mode keeps what it needs for the way back of every layer. Dotted: the arrays of derivatives counted.",
    ),
    "product-cost": (
        "The cost of one product",
        "Time of one Jacobian-vector product (JVP), one vector-Jacobian product (VJP) and one gradient, each with the "
        "value of f, over the time of f alone. Filled markers: the engines; open ones: the same written by hand in "
        "NumPy. The hatched bands bound the number of operations for functions made of scalar operations (Griewank "
        "and Walther, Evaluating Derivatives, chapters 3 and 4). What lies above them is Python's and NumPy's fixed "
        "price of an operation; it fades as the layers grow.",
    ),
    "engine-overhead": (
        "What the engines cost above hand-written code",
        "Time of the engines' Jacobian over that of the same Jacobian written by hand in NumPy for this very chain, "
        "timed in turn. 1 would be no overhead. Where it is high, a crossover says more about the engine than about "
        "the mode.",
    ),
}


def text(key: str) -> Callable[[Row], str]:
    """A column that is shown as it stands."""
    return lambda row: str(row[key])


def ratio(key: str) -> Callable[[Row], str]:
    """A column of ratios, with three digits."""
    return lambda row: significant(row[key])


def bytes_of(key: str) -> Callable[[Row], str]:
    """A column of bytes."""
    return lambda row: kilobytes(row[key])


def by_hand(row: Row) -> str:
    """The engine's name, in words."""
    return {"modes": "engine", "floor": "by hand"}.get(str(row["engine"]), str(row["engine"]))


CHAIN: Columns = {key: text(key) for key in ("layer", "n", "m", "width", "depth", "dtype")}
INTERVAL: Columns = {"95 % interval": lambda row: span(row["low"], row["high"], significant)}

TABLE_WORDS: dict[str, tuple[str, str, Columns]] = {
    "crossovers": (
        "Crossovers",
        "n* is the number of inputs at which both modes take the same time; “counted” is where they take equally many "
        "operations (a dash: they tie at every n, or no count is made for this layer). “beyond” stands for a number "
        "larger than every n measured, or for none at all. In the tie range the measured pairs do not tell the modes "
        "apart.",
        {
            "engine": by_hand,
            "layer": text("layer"),
            "profile": text("profile"),
            "m": text("m"),
            "width": text("width"),
            "depth": text("depth"),
            "dtype": text("dtype"),
            "verdict": text("verdict"),
            "n*": lambda row: inputs(row["n_star"]),
            "95 % interval": lambda row: span(row["low"], row["high"], inputs),
            "n*/m": ratio("n_over_m"),
            "counted": lambda row: inputs(row["predicted"]),
            "tie range": lambda row: span(row["tie_low"], row["tie_high"], inputs),
        },
    ),
    "controls": (
        "A/A controls",
        "Forward mode timed against itself in the same way as the modes are timed against each other. The ratio should "
        "be 1; how far its interval reaches is what these measurements can resolve.",
        {
            **{key: text(key) for key in ("n", "m", "width", "depth", "pairs")},
            "ratio": lambda row: significant(row["ratio"], 4),
            "95 % interval": lambda row: span(row["low"], row["high"], lambda value: significant(value, 4)),
            "covers 1": lambda row: "yes" if row["covers"] else "no",
        },
    ),
    "overhead": (
        "Engine over hand-written",
        "Time of the engine's Jacobian over that of a derivative written by hand in NumPy for the same chain.",
        {"mode": text("mode"), **CHAIN, "engine / by hand": ratio("ratio"), **INTERVAL},
    ),
    "products": (
        "Products over f",
        "Median time of one product, the value of f included, over the median time of f.",
        {"product": text("product"), "written": by_hand, **CHAIN, "product / f": ratio("ratio"), **INTERVAL},
    ),
    "memory": (
        "Memory",
        "Traced peak of one Jacobian, and the arrays of derivatives counted.",
        {
            "mode": text("mode"),
            **CHAIN,
            "traced peak": bytes_of("peak_bytes"),
            "counted": bytes_of("counted_bytes"),
        },
    ),
    "growth": (
        "Growth with depth",
        "By what factor the time and the peak memory of one Jacobian grow from the least to the greatest depth, and "
        "the exponent p of cost ~ depth^p (1: proportional to depth, 0: independent of it).",
        {
            "of": lambda row: {"seconds": "time", "peak_bytes": "memory"}[row["metric"]],
            "mode": text("mode"),
            **{key: text(key) for key in ("layer", "n", "m", "width", "dtype")},
            "depths": lambda row: f"{row['depth_from']} to {row['depth_to']}",
            "factor": ratio("factor"),
            "exponent": lambda row: f"{row['exponent']:.2f}",
        },
    ),
    "failed": (
        "Failed cells",
        "Tried without a result: an exception, a wrong Jacobian, or the time limit; asv keeps no more than that. To "
        "see why, run the benchmark alone: asv run --python=same --dry-run --show-stderr --bench NAME.",
        {
            **{key: text(key) for key in ("metric", "status", "engine", "mode")},
            **CHAIN,
            "activation": text("activation"),
            "chunk": lambda row: inputs(row["chunk_size"]),
        },
    ),
}
