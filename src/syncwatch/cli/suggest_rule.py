"""`syncwatch suggest-rule`: a rule to start from, for the commonest text that no rule knows."""

from syncwatch.classification.suggest import skeleton
from syncwatch.cli.complain import FAILED, ConfigFile
from syncwatch.cli.once import OneTenant
from syncwatch.cli.unclassified import NOTHING, All, find


def command(config: ConfigFile, tenant: OneTenant = None, *, everything: All = False) -> None:
    """Poll once and print a rule for the commonest text that no rule knows; exit code 1 if a poll was not complete."""
    found = find(config, tenant, everything=everything)
    classes = found.setup.ruleset.catalogue.classes
    suggestions = ((row, skeleton(row.template, classes)) for row in found.rows)
    for row, rule in suggestions:
        if rule is not None:
            print(
                f"# {row.count} times with {row.tenants} tenants. Choose the class, narrow the pattern, put the rule"
            )
            print("# into a file that rules.files names, and try it: syncwatch classify --rules FILE TEXT")
            print(rule, end="")
            break
    else:
        why = found.hidden or ("Too little is left of every template." if found.rows else NOTHING)
        print(f"Nothing to suggest. {why}")
    if not found.complete:
        raise SystemExit(FAILED)
