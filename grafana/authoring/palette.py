"""Colours that people who see colours differently can tell apart, after Okabe and Ito; black is grey for dark screens.

A state and an owner have one colour on every panel of every dashboard. Other small closed sets of names (reasons, tables)
take turns: a name keeps its colour however many of the others are shown. There are far more classes than colours, so the
few that a panel shows get Grafana's own, each another one.
"""

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.models.dashboard import (
    DashboardFieldConfigSourceOverrides,
    DynamicConfigValue,
    MatcherConfig,
)

from authoring.queries import OTHERS
from syncwatch.model import AccessType, Owner, State

Override = DashboardFieldConfigSourceOverrides

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#999999"
GOOD, WATCH, BAD, PLAIN = GREEN, ORANGE, VERMILLION, SKY
TURNS = (ORANGE, SKY, VERMILLION, BLUE, PURPLE, GREEN, YELLOW, GREY)

STATES: Mapping[str, str] = {
    State.UP: GREEN,
    State.FAILING: ORANGE,
    State.STALLED: PURPLE,
    State.DOWN: VERMILLION,
    State.PAUSED: SKY,
    State.ORGANIZATION_OFF: BLUE,
    State.NOT_INITIALIZED: YELLOW,
    State.UNKNOWN: GREY,
}
OWNERS: Mapping[str, str] = {
    Owner.END_USER: SKY,
    Owner.CLIENT_ADMIN: ORANGE,
    Owner.SALESFORCE_ADMIN: BLUE,
    Owner.MAIL_ADMIN: PURPLE,
    Owner.NETWORK_ADMIN: GREEN,
    Owner.VENDOR_SUPPORT: VERMILLION,
    Owner.OPERATOR: YELLOW,
    Owner.NOBODY: GREY,
}
ACCESS_TYPES: Mapping[str, str] = {
    AccessType.M365_GRAPH_USER: GREEN,
    AccessType.M365_GRAPH_APP_ONLY: GREEN,
    AccessType.GOOGLE_DIRECT: SKY,
    AccessType.GOOGLE_SERVICE_ACCOUNT: SKY,
    AccessType.M365_EWS_USER: VERMILLION,
    AccessType.M365_EWS_IMPERSONATED: VERMILLION,
    AccessType.EWS_BASIC_USER: ORANGE,
    AccessType.EWS_BASIC_IMPERSONATED: ORANGE,
    AccessType.UNKNOWN: GREY,
}
QUANTILES = {"p50": SKY, "p95": ORANGE, "p99": VERMILLION}
OF_OTHERS = {OTHERS: GREY}
CODES = {"2..": GREEN, "3..": SKY, "4..": ORANGE, "5..": VERMILLION, "[a-z].*": PURPLE}


def by_name(colours: Mapping[str, str]) -> list[Override]:
    """One colour for each series of that name."""
    return [_painted(MatcherConfig("byName", str(name)), colour) for name, colour in colours.items()]


def by_pattern(colours: Mapping[str, str]) -> list[Override]:
    """One colour for all series whose whole name fits the pattern."""
    return [_painted(MatcherConfig("byRegexp", f"/^({name})$/"), colour) for name, colour in colours.items()]


def in_turn(names: Iterable[str]) -> list[Override]:
    """The colours in turn for a closed set of names."""
    each = list(map(str, names))
    groups = {"|".join(each[place :: len(TURNS)]): colour for place, colour in enumerate(TURNS)}
    return by_pattern({names: colour for names, colour in groups.items() if names})


def _painted(matcher: MatcherConfig, colour: str) -> Override:
    paint = {"mode": "fixed", "fixedColor": colour}
    return Override(matcher=matcher, properties=[DynamicConfigValue("color", paint)])
