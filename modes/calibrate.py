"""`python -m modes.calibrate`: measure this machine's rates, and say how mode="auto" is made to choose by them.

Contract: prints, and changes nothing: no file, no setting.
"""

from __future__ import annotations

import argparse

from .rates import DEFAULT, VARIABLE, Rates, as_text, measure_rates, rates_in_force

DESCRIPTION = (
    "Measure for a second what an operation, a multiply-add and a number read or written take on this machine, which "
    'is what mode="auto" chooses by, print them beside those that ship, and say how to choose by them. '
    "Nothing is changed."
)

NAMES = ("an operation on a block", "a multiply-add in a product", "a number read or written")


def described(measured: Rates, in_force: Rates) -> str:
    """What was measured beside what ships, what is in force, and what to type."""
    rows = [f"{'seconds for':<28}{'measured':>12}{'shipped':>12}{'ratio':>8}"]
    for name, mine, shipped in zip(NAMES, measured, DEFAULT, strict=True):
        rows.append(f"{name:<28}{mine:>12.3g}{shipped:>12.3g}{mine / shipped:>8.2f}")
    source = "those that ship" if in_force == DEFAULT else f"{as_text(in_force)}, by {VARIABLE}"
    return "\n".join(
        [
            *rows,
            "",
            f'mode="auto" now chooses by {source}. Only the ratios of the three to each other decide: where all three',
            "differ from the shipped ones by the same factor, nothing changes. To choose by those measured,",
            "in the shell:",
            "",
            f"    export {VARIABLE}={as_text(measured)}",
            "",
            "or in Python, after the import:",
            "",
            f"    modes.choice.use_rates(modes.choice.Rates({as_text(measured).replace(',', ', ')}))",
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m modes.calibrate", description=DESCRIPTION)
    parser.parse_args()
    print(described(measure_rates(), rates_in_force()))


if __name__ == "__main__":
    main()
