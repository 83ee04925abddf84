"""Appendix: figures behind the numbers, for those who want to know how far engine and model are from their limits."""

from analysis.report.section import Section, Words
from analysis.tables.findings import Findings


def limits_measured(found: Findings) -> bool:
    """Whether anything was measured beside a limit, or predicted."""
    return any(shown.panels for shown in (found.limit_panels, found.overhead_panels, found.error_panels))


SECTION = Section(
    "Appendix: limits and errors",
    "How far the engines are from the arithmetic limit and from the floor, and how far the cost model is off. Their "
    "numbers are in the tables of “What the engines cost” and “Choosing without measuring”.",
    {
        "engine-overhead": Words(
            "Over the floor",
            "Time of the Jacobian of modes, modes-prepared and modes-compiled over that of the floor, the same "
            "Jacobian written by hand in NumPy for this very chain, timed in turn, at several depths. Open markers: "
            "functions recorded once. 1 would be no overhead. Where it is high, a crossover says more about the "
            "engine than about the mode.",
        ),
        "cost-over-limit": Words(
            "Over the arithmetic limit",
            "Time of one Jacobian over that of its multiply-adds alone (the line at 1), by size: of modes, of modes- "
            "prepared and modes-compiled, and of the floor, which is written by hand. In large chains nearly all of "
            "the time can go into the products, and 1 can be reached. In small ones the price of a call of NumPy is "
            "nearly all there is, by hand as well. Lines join chains with n = m = width; small markers are chains of "
            "other shapes.",
        ),
        "model-errors": Words(
            "How well the cost model predicts",
            "Each point is one Jacobian in one mode: its time as predicted by a model that was fitted without this "
            "chain, against the time measured. The heading has the median and the largest relative error.",
        ),
    },
    {},
    measured=limits_measured,
)
