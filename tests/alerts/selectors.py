"""The vector selectors of an expression: what it asks of the series that there are, before it does anything with them."""

from promql_parser import Expr, VectorSelector, parse, walk


def selectors(expression: str) -> set[str]:
    """Each as of now: what an hour ago looked like is no question to a Prometheus that has just started."""
    found: set[str] = set()

    def note(part: Expr) -> None:
        if isinstance(part, VectorSelector):
            found.add(part.prettify().partition(" offset ")[0])

    walk(parse(expression), note)
    return found
