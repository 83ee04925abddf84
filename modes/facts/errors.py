"""What goes wrong with facts and pages."""


class FactsError(Exception):
    """The input cannot be used. Its text is one line: the place, what is wrong, and the remedy."""
