"""Write config/prometheus/rules/ from its templates and thresholds.

    python scripts/rules.py [--check] [--thresholds FILE] [--into FOLDER]

A template is a file of rules as Prometheus reads them, with `${group.name}` for each number of thresholds.yaml and
each piece of phrases.yaml. What all alerts have in common is not written there but added here, so that none can lack
it: an alert says only `severity`, `scope`, `owner` (unless its expression gives one), `summary` and `description`.

Prometheus is never asked; that the result is right is for promtool and the tests to say.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
HOME = ROOT / "config" / "prometheus"
NOTICE = "# Made by scripts/rules.py from templates/ and thresholds.yaml; change those, not this file.\n"
OF_A_FIRM = ("users", "tenant")

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_WITH_CAUSE = """\
({expr})
* ignoring (class, owner) group_left (class, owner)
(tenant:inboxsync_syncs_down:cause > bool 0)
or on (tenant)
label_replace({expr}, "owner", "operator", "", "")"""
_OF_A_FIRM = """\
(
{expr}
)
* on (tenant) group_left (team, tier, region)
tenant:inboxsync_tenant_info:one"""
# Nobody can mend a limit of the product; where it is what most of a firm's down users have, nobody is told.
_NOT_BY_DESIGN = 'unless on (class) inboxsync_class_info{by_design="true"}'


class RulesError(Exception):
    """What is wrong, with file and place."""


class _Dumper(yaml.SafeDumper):
    """Expressions of several lines stay that."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


class Words:
    """What stands for a placeholder; a piece may hold placeholders itself."""

    def __init__(self, *sections: Mapping[str, Mapping[str, Any]]) -> None:
        self._words = {
            f"{group}.{name}": str(word)
            for section in sections
            for group, words in section.items()
            for name, word in words.items()
        }

    def fill(self, value: Any, where: str, **more: str) -> Any:
        """Give `value` with all placeholders filled, at any depth.

        Raises:
            RulesError: for one that nothing stands for.
        """
        if isinstance(value, Mapping):
            return {key: self.fill(each, where, **more) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each, where, **more) for each in value]
        if not isinstance(value, str):
            return value

        def word(match: re.Match[str]) -> str:
            name = match[1]
            found = more.get(name) or self._words.get(name)
            if found is None:
                raise RulesError(f"{where}: nothing in thresholds.yaml or phrases.yaml is called {name}")
            return str(self.fill(found, where, **more))

        return _PLACEHOLDER.sub(word, value)


def _alert(rule: Mapping[str, Any], words: Words, where: str) -> dict[str, Any]:
    """An alert as Prometheus reads it, of one as a template says it."""
    name = rule["alert"]
    where = f"{where}: {name}"
    if missing := {"severity", "scope", "expr", "summary", "description"} - rule.keys():
        raise RulesError(f"{where} lacks {', '.join(sorted(missing))}")
    expr = rule["expr"].strip()
    if rule.get("attach") == "cause":
        expr = _WITH_CAUSE.format(expr=expr)
    if "unless" in rule:
        expr = f"({expr})\nunless on (tenant, class, owner) {rule['unless']}"
    if rule["scope"] in OF_A_FIRM:
        expr = _OF_A_FIRM.format(expr="\n".join(f"  {line}" for line in expr.splitlines()))
    if "owner" not in rule:
        expr = f"{expr}\n{_NOT_BY_DESIGN}"
    labels = {
        "severity": rule["severity"],
        "scope": rule["scope"],
        **({"owner": rule["owner"]} if "owner" in rule else {}),
        **rule.get("labels", {}),
    }
    made: dict[str, Any] = {"alert": name, "expr": expr}
    made |= {key: rule[key] for key in ("for", "keep_firing_for") if key in rule}
    made |= {"labels": labels, "annotations": dict(_annotations(rule, labels, words, where))}
    filled: dict[str, Any] = words.fill(made, where)
    return filled


def _annotations(
    rule: Mapping[str, Any], labels: Mapping[str, str], words: Words, where: str
) -> Iterator[tuple[str, str]]:
    yield "summary", _with(labels, rule["summary"])
    description = words.fill(" ".join(rule["description"].split()), where)
    yield "description", _with(labels, description).strip()
    yield "runbook_url", f"${{links.runbooks}}/{rule['alert']}.md"
    page, dashboard = _paths(labels)
    yield "page_url", words.fill("${phrase.pages}", where, path=page)
    yield "dashboard_url", words.fill("${phrase.dashboards}", where, path=dashboard)


def _with(labels: Mapping[str, str], text: str) -> str:
    """A text with what the rule itself says of labels: in an annotation Prometheus knows those of the expression only."""
    for name, value in labels.items():
        text = text.replace(f"{{{{ $labels.{name} }}}}", value).replace(f"$labels.{name}", f'"{value}"')
    return text


def _paths(labels: Mapping[str, str]) -> tuple[str, str]:
    """Where an alert leads: below the daemon's address, and below that of dashboards. See docs/urls.md."""
    if labels["scope"] in OF_A_FIRM:
        by_expression = (
            "{{ if $labels.class }}?class={{ $labels.class }}{{ end }}" if "owner" not in labels else ""
        )
        class_ = f"?class={labels['class']}" if "class" in labels else by_expression
        return (
            f"/tenants/{{{{ $labels.tenant }}}}{class_}",
            "syncwatch-tenant?var-tenant={{ $labels.tenant }}",
        )
    if labels["scope"] == "fleet":
        return "/{{ if $labels.class }}causes/{{ $labels.class }}{{ end }}", "syncwatch-fleet"
    return "/", "syncwatch-daemon"


def _read(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RulesError(f"{file}: {error}") from error


def _named(file: Path) -> dict[str, dict[str, Any]]:
    """Groups of things with a name each."""
    groups = _read(file)
    if not isinstance(groups, dict):
        raise RulesError(f"{file} has no groups of names")
    for group, words in groups.items():
        if not isinstance(words, dict):
            raise RulesError(f"{file}: {group} is not a group of names with a value each")
    return groups


def _file(template: Path, words: Words) -> str:
    """One file of rules."""
    groups = _read(template)["groups"]
    for group in groups:
        group["interval"] = words.fill(group["interval"], template.name)
        group["rules"] = [
            _alert(rule, words, template.name)
            if "alert" in rule
            else words.fill({"record": rule["record"], "expr": rule["expr"].strip()}, template.name)
            for rule in group["rules"]
        ]
    body = yaml.dump({"groups": groups}, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
    return NOTICE + body


def render(thresholds: Path = HOME / "thresholds.yaml") -> dict[str, str]:
    """All files of rules by name.

    Raises:
        RulesError: a template asks for what there is not.
    """
    phrases = HOME / "templates" / "phrases.yaml"
    words = Words(_named(thresholds), _named(phrases))
    templates = sorted(phrases.parent.glob("*.yaml"))
    return {template.name: _file(template, words) for template in templates if template != phrases}


def main() -> int:
    """The exit status: 1 where something is wrong, or differs under --check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; say which files differ")
    parser.add_argument("--thresholds", type=Path, default=HOME / "thresholds.yaml")
    parser.add_argument("--into", type=Path, default=HOME / "rules")
    options = parser.parse_args()
    try:
        files = render(options.thresholds)
    except RulesError as error:
        print(error, file=sys.stderr)
        return 1
    if options.check:
        found = {file.name: file.read_text(encoding="utf-8") for file in options.into.glob("*.yaml")}
        differing = sorted(name for name in files.keys() | found.keys() if files.get(name) != found.get(name))
        for name in differing:
            print(f"{name} is not what the templates give: run python scripts/rules.py", file=sys.stderr)
        return 1 if differing else 0
    options.into.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (options.into / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
