"""Samples to bytes. The same sample lines serve the text format and OpenMetrics; only the headers differ.

Label values are escaped here and nowhere else: even an operator's label with a quote or a line break in it
cannot break the page.
"""

from collections.abc import Iterable

from syncwatch.exposition.families import Family, Subject

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def chunk(family: Family, subject: Subject) -> bytes:
    """The sample lines of one family of one tenant; empty if it has none."""
    tenant = escaped(subject.tenant.id)
    return "".join(
        line(family.name, (("tenant", tenant), *zip(family.labels, map(escaped, values), strict=True)), value)
        for values, value in family.samples(subject)
    ).encode()


def line(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    """One sample line; the label values are escaped already."""
    inside = ",".join(f'{label}="{text}"' for label, text in labels)
    return f"{name}{{{inside}}} {number(value)}\n"


def header(name: str, kind: str, help_: str, *, openmetrics: bool) -> bytes:
    """The two lines before a family's samples."""
    if openmetrics and kind == "counter":
        name = name.removesuffix("_total")
    text = help_.replace("\\", r"\\").replace("\n", r"\n")
    if openmetrics:
        text = text.replace('"', r"\"")
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n".encode()


def escaped(text: str) -> str:
    """A label value as it stands between the quotes."""
    return text if text.isalnum() else text.translate(_ESCAPES)


def number(value: float) -> str:
    """A sample value: whole numbers without a fraction."""
    return str(int(value)) if value == int(value) else repr(value)
