"""How far can the numbers be trusted, and what is missing?"""

from analysis.report.cells import CHAIN, Columns, inputs, processes, significant, span, text
from analysis.report.section import Section, Table

RATIO: Columns = {
    "ratio": lambda row: significant(row["ratio"], 4),
    "95 % interval": lambda row: span(row["low"], row["high"], lambda value: significant(value, 4)),
    "covers 1": lambda row: "yes" if row["covers"] else "no",
}

SECTION = Section(
    "How sure this is",
    "What the same comparison says of forward mode against itself, and what could not be measured.",
    {},
    {
        "controls": Table(
            lambda found: found.control_table,
            "A/A controls",
            "Forward mode timed against itself in the same way as the modes are timed against each other. The ratio "
            "should be 1; how far its interval, over the processes, reaches is what these measurements can resolve.",
            {**{key: text(key) for key in ("n", "m", "width", "depth")}, "processes": processes, **RATIO},
        ),
        "joint-control": Table(
            lambda found: found.joint_control_table,
            "The controls together",
            "The mean of the controls above, with an interval over the controls: what differs from one n to the next "
            "counts as noise here.",
            {"controls": text("controls"), **RATIO},
        ),
        "failed": Table(
            lambda found: found.failed_table,
            "Failed cells",
            "Tried without a result: an exception, a wrong Jacobian, or the time limit. To see more of one, run its "
            "benchmark alone: asv run --python=same --dry-run --show-stderr --bench NAME.",
            {
                **{key: text(key) for key in ("metric", "engine", "mode")},
                **CHAIN,
                "activation": text("activation"),
                "chunk": lambda row: inputs(row["chunk_size"]),
                "why": text("note"),
            },
        ),
    },
)
