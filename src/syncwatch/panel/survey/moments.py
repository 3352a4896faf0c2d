"""How a panel writes its times, told by the times that it sends."""

from collections.abc import Sequence

from syncwatch.panel.meanings import Times
from syncwatch.panel.survey.seen import Seen

Moment = tuple[str, Seen]
"""A field of ours that is a time, as `table.field`, and what it held."""


def formats_of(moments: Sequence[Moment], times: Times) -> tuple[list[str], list[str]]:
    """The profile's new `datetime_format`, empty if the old one will do; and what is not sure, one line each.

    Args:
        moments: the times that are read.
        times: how the profile reads them.
    """
    told = [(where, seen) for where, seen in moments if seen.values]
    unread = [(where, seen.formats) for where, seen in told if not seen.timely and seen.formats]
    # A day that is no month in one field tells what the same digits mean in another.
    wanted = {forms[0]: None for _, forms in unread if len(forms) == 1}
    doubt = [
        f"{where}: is a time written as {' or as '.join(forms)}? see datetime_format"
        for where, forms in unread
        if wanted.keys().isdisjoint(forms)
    ]
    if not wanted:
        return [], doubt
    kept = times.formats if len(unread) < len(told) else ()
    return [*kept, *wanted], doubt
