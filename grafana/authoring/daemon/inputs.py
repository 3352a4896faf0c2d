"""What Syncwatch goes by: its configuration, lists of targets, and rules."""

from grafana_foundation_sdk.models.dashboard import Panel

from authoring.daemon.figures import INSTANCE, NO_DATA, own, rate
from authoring.palette import BAD, GOOD, WATCH
from authoring.panels import Look, lines, timeline
from authoring.queries import Query, most
from authoring.table import Column, table
from authoring.values import CLOCK, any_is, words


def configuration() -> list[Panel]:
    """Reloads."""
    loaded = "syncwatch_config_last_reload_success_timestamp_seconds"
    return [
        timeline(
            "Last reload of the configuration",
            "Whether each instance could load what it was last given. Worry when one could not: it goes on with the "
            "configuration before, and the log says why.",
            [Query(f"min by (instance) ({own('syncwatch_config_last_reload_successful')})", INSTANCE)],
            Look("none", NO_DATA, words=words({"0": ("refused", BAD), "1": ("loaded", GOOD)})),
        ),
        lines(
            "Age of the configuration",
            "Since the one in use was loaded; each fall to zero is a reload.",
            [Query(f"time() - max by (instance) ({own(loaded)})", INSTANCE)],
            Look(CLOCK, NO_DATA),
        ),
    ]


def discovery() -> list[Panel]:
    """Lists of targets."""
    last = f"time() - max by (source) ({own('syncwatch_discovery_last_success_timestamp_seconds')})"
    source = "{{source}}"
    return [
        table(
            "Sources of targets",
            "Worry when an answer is *held*: it drops more than half of the source's tenants, and is believed only when "
            "it is repeated or confirmed; or when targets are left out: the log says what is wrong with them.",
            [
                Column("Source", "source"),
                Column(
                    "Targets", f"max by (source) ({own('syncwatch_discovery_targets')})", "none", width=80
                ),
                Column(
                    "Left out",
                    f"max by (source) ({own('syncwatch_discovery_rejected_targets')})",
                    "none",
                    any_is(WATCH),
                    width=80,
                ),
                Column(
                    "Held",
                    f"max by (source) ({own('syncwatch_discovery_held')})",
                    "none",
                    words=words({"0": ("no", GOOD), "1": ("held", BAD)}),
                    width=70,
                ),
                Column("Last read", last, "s", width=90),
            ],
            empty="all tenants are in the configuration",
            sort="Source",
            falling=False,
        ),
        lines(
            "Since a source was last read",
            "Worry when it grows beyond a few looks: new firms are not watched, gone ones still are.",
            [Query(last, source)],
            Look(CLOCK, "no source of targets"),
        ),
        lines(
            "Looks at sources that failed",
            "In the last hour; the last good targets stay.",
            [Query(f"sum by (source) (increase({own('syncwatch_discovery_failures_total')}[1h]))", source)],
            Look("none", "no source of targets", decimals=0),
        ),
    ]


def rules() -> list[Panel]:
    """The rule set and what it knows."""
    matches = f"topk(25, sum by (rule) (increase({own('syncwatch_rule_matches_total')}[$__range])) > 0)"
    seen = rate("inboxsync_fleet_issues_seen_total", "class", 60)
    return [
        table(
            "Rules that matched most",
            "In the time shown, newly seen texts by the rule that matched. A rule that takes over has become too wide, "
            "or the world has changed.",
            [Column("Rule", "rule"), Column("Matches", matches, "none", width=100, decimals=0)],
            empty="no text was new",
            sort="Matches",
        ),
        lines(
            "New issues by class",
            "Each minute, of all firms, the most frequent classes of the time shown. Worry when *unclassified* grows: the rules are out of date.",
            [Query(most(f"{seen} > 0"), "{{class}}")],
            Look("suffix: /min", "no new issue"),
        ),
        lines(
            "Texts that no rule knows",
            "Different masked texts, of down users and open issues. Each is a rule to write; `syncwatch unclassified` "
            "lists them.",
            [
                Query(
                    f"sum by (instance) ({own('syncwatch_unclassified_templates')})",
                    f"{INSTANCE} unknown texts",
                ),
                Query(f"max by (instance) ({own('syncwatch_rules')})", f"{INSTANCE} rules"),
            ],
            Look("none", NO_DATA, decimals=0),
        ),
    ]
