"""What makes a number readable: words for values, colours from a limit on, and where a value leads."""

from collections.abc import Mapping

from grafana_foundation_sdk.models.dashboard import (
    DashboardLink,
    DashboardSpecialValueMapOptions,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from authoring.palette import BAD, GOOD, PLAIN, WATCH

# A base that is not configured is empty; the link then leads nowhere.
TRIAGE = "${external_url:raw}/tenants/"
CAUSE = "${external_url:raw}/causes/"
TENANT = "/d/syncwatch-tenant?${__url_time_range}&${datasource:queryparam}&var-tenant="


def limits(base: str, *steps: tuple[float, str]) -> ThresholdsConfig:
    """`base`, and each step's colour from its value on."""
    each = [Threshold(None, base), *(Threshold(value, colour) for value, colour in steps)]
    return ThresholdsConfig(mode=ThresholdsMode.ABSOLUTE, steps=each)


def worse(watch: float, bad: float) -> ThresholdsConfig:
    """Good below `watch`, bad from `bad` on."""
    return limits(GOOD, (watch, WATCH), (bad, BAD))


def any_is(colour: str) -> ThresholdsConfig:
    """Good at nothing, `colour` from the smallest number on."""
    return limits(GOOD, (1e-9, colour))


PLAINLY = limits(PLAIN)
DAY = 86_400
CLOCK = "dtdhms"  # hours and minutes: an axis in seconds counts hours in decimals


def words(each: Mapping[str, tuple[str, str]]) -> list[ValueMapping]:
    """A text and a colour for each of these values."""
    results = enumerate(each.items())
    return [
        ValueMap(
            {
                value: ValueMappingResult(text=text, color=colour, index=place)
                for place, (value, (text, colour)) in results
            }
        )
    ]


MISSING = SpecialValueMap(
    DashboardSpecialValueMapOptions(
        match=SpecialValueMatch.NULL, result=ValueMappingResult(text="-", color="text")
    )
)
SEVERITIES = words(
    {
        "page": ("page", BAD),
        "critical": ("critical", BAD),
        "ticket": ("ticket", WATCH),
        "warning": ("warning", WATCH),
        "info": ("info", PLAIN),
    }
)


def link(title: str, url: str) -> DashboardLink:
    """Where a value leads."""
    return DashboardLink(title=title, url=url)


def firm(value: str) -> list[DashboardLink]:
    """From a firm to its dashboard and its triage page; `value` is Grafana's expression for its id."""
    return [link("Dashboard of this firm", TENANT + value), link("Triage page", TRIAGE + value)]


def cause(value: str) -> list[DashboardLink]:
    """From a class to the page about it."""
    return [link("About this class", CAUSE + value)]
