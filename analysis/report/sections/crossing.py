"""Where do the modes cross, in time and in memory?"""

from analysis.report.cells import (
    CHAIN,
    Columns,
    aspect,
    bytes_of,
    crossover,
    crossover_interval,
    engine,
    inputs,
    span,
    text,
)
from analysis.report.section import Section, Table, Words

EVERY: Columns = {
    "engine": engine(),
    "m": text("m"),
    "n*": crossover,
    "verdict": text("verdict"),
    "95 % interval": crossover_interval,
    "n*/m": aspect,
    **{key: text(key) for key in ("width", "depth", "layer", "profile", "dtype")},
}

SECTION = Section(
    "Time and memory, size by size",
    "Forward mode takes a pass an input, reverse mode one an output; what a pass costs, and what it has to keep, is "
    "measured here.",
    {
        "crossover-map": Words(
            "Which mode is cheaper: every width and depth",
            "The map above for each width and depth measured.",
        ),
        "cost-against-n": Words(
            "Cost against the number of inputs",
            "Time of one full Jacobian in forward mode (blue, solid, circles) and in reverse mode (orange, dashed, "
            "squares), while the number of inputs n grows and the number of outputs m stays. Both scales are "
            "logarithmic. The vertical line is the crossover n*, the grey band its 95 % interval: left of it forward "
            "mode is cheaper, right of it reverse mode. The line does not come from the two curves, which were timed "
            "one after the other, but from pairs timed in turn, so that it may stand slightly beside the point where "
            "they meet.",
        ),
        "memory-against-depth": Words(
            "Memory against depth",
            "Largest amount of memory held at a time during one Jacobian, traced allocation by allocation, in kB of "
            "1000 bytes; the result "
            "is part of it, the chain's parameters are not. Forward mode keeps a few layers at a time, whatever the "
            "depth; reverse mode keeps what it needs for the way back of every layer. Dotted: the arrays of "
            "derivatives counted.",
        ),
    },
    {
        "crossovers": Table(
            lambda found: found.crossover_table,
            "Crossovers",
            "n* is the number of inputs at which both modes take the same time; >512 stands for a crossover that lies "
            "beyond 512 inputs, the most that were measured. “Counted” is where they take equally many multiply-adds "
            "(a dash: they tie at every n, or no count is made for this layer; “beyond”: forward mode takes fewer at "
            "every n). In the tie range the measurements do not tell the modes "
            "apart. A row that crosses several times has the n* and the interval of each crossing.",
            {
                **EVERY,
                "counted": lambda row: inputs(row["predicted"]),
                "tie range": lambda row: span(row["tie_low"], row["tie_high"], inputs),
            },
        ),
        "memory": Table(
            lambda found: found.memory_table,
            "Memory",
            "Traced peak of one Jacobian, and the arrays of derivatives counted.",
            {
                "mode": text("mode"),
                **CHAIN,
                "traced peak": bytes_of("peak_bytes"),
                "counted": bytes_of("counted_bytes"),
            },
        ),
    },
)
