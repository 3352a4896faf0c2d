"""The alerts that there are, as the rules say, and the sets of labels that each can fire with."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any

import yaml

from integration.serving import ROOT
from syncwatch.model import Owner

PROMETHEUS = ROOT / "config" / "prometheus"
ALWAYS_A_CLASS = {"InboxSyncOrganizationWideCause", "InboxSyncCauseRising", "InboxSyncTokenExpiryWave"}
"""Alerts whose expression always gives a class."""
AT_TIMES_A_CLASS = {
    "InboxSyncFirmDown",
    "InboxSyncUsersNewlyDown",
    "InboxSyncSessionFailuresBurning",
    "InboxSyncDownShareHigh",
}
"""Alerts whose expression gives a class where one is the cause."""

Labels = Mapping[str, str]


@cache
def rules() -> tuple[dict[str, Any], ...]:
    """Every alerting rule."""
    files = sorted((PROMETHEUS / "rules").glob("*.yaml"))
    groups = (group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"])
    return tuple(rule for group in groups for rule in group["rules"] if "alert" in rule)


def possible(rule: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Every set of labels that decides something: by owner, with a class and without."""
    name, fixed = rule["alert"], rule["labels"]
    firm = {"tenant": "firm-a", "team": "east"} if fixed["scope"] in {"users", "tenant"} else {}
    owners = [fixed["owner"]] if "owner" in fixed else [str(owner) for owner in Owner]
    classes = ["one"] if name in ALWAYS_A_CLASS else ["one", ""] if name in AT_TIMES_A_CLASS else [""]
    for owner, class_ in product(owners, classes):
        by_expression = {"owner": owner, **({"class": class_} if class_ else {})}
        yield {"alertname": name, **firm, **by_expression, **fixed}


@cache
def everything() -> tuple[Labels, ...]:
    return tuple(labels for rule in rules() for labels in possible(rule))


@cache
def looks() -> tuple[dict[str, Any], ...]:
    """Every look of promtool's tests at an alert: they name all that fire, and hold rules to it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # thousands of lines
    files = (file.read_text(encoding="utf-8") for file in sorted((PROMETHEUS / "tests").glob("*.yaml")))
    tests = (test for text in files for test in yaml.load(text, loader)["tests"])
    return tuple(look for test in tests for look in test.get("alert_rule_test", ()))


def fired() -> Iterator[dict[str, str]]:
    """The labels of every alert that fires in promtool's tests."""
    for look in looks():
        for alert in look.get("exp_alerts") or ():
            yield {"alertname": look["alertname"], **alert["exp_labels"]}
