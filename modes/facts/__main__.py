"""`python -m modes.facts`: the same as the command `mode-crossover`."""

from .command import enter

if __name__ == "__main__":
    enter()
