"""How *Syncwatch* asks for the instances that are chosen.

Many programs have `process_` metrics, and no job has a fixed name: an instance of ours is one that says what it runs.
"""

CHOSEN = '{instance=~"$instance"}'
INSTANCE = "{{instance}}"
NO_DATA = "no data: nothing is scraped"


def own(metric: str, **labels: str) -> str:
    """The series of a metric of ours, with these labels."""
    more = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f'{metric}{{instance=~"$instance"{more}}}'


def of_ours(expr: str) -> str:
    """Of series that other programs have too, ours; for a day after the last sign of life."""
    return f"({expr}) and on (job, instance) last_over_time(syncwatch_build_info{CHOSEN}[1d])"


def rate(counter: str, by: str, factor: int = 1) -> str:
    """How fast it rises."""
    times = f"{factor} * " if factor != 1 else ""
    return f"{times}sum by ({by}) (rate({own(counter)}[$__rate_interval]))"


def mean(histogram: str) -> str:
    """The mean of what was observed."""
    total, number = (rate(f"{histogram}_{part}", "instance") for part in ("sum", "count"))
    return f"{total} / ({number} > 0)"
