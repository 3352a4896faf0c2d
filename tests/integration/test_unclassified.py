"""`unclassified` and `suggest-rule` against panels: what is shown, what is not, and what is said of it."""

import time

import pytest
import yaml
from typer.testing import CliRunner

from integration.bench import Person, firm
from integration.firm_x import issue
from integration.other_panel import OtherPanel
from integration.serving import served
from syncwatch.cli import app
from syncwatch.setup import load_ruleset

EVERYWHERE = "Blorp {n}: the quux of 'Calendar sync' was written to the queue"
NAME, ADDRESS = "Calendar Owner", "calendar.owner@folder.example"
ONLY_A = "Zorble {n} does not respond to request"
TEMPLATE = "<*>: the <*> of <*> was written to the queue"


def firms(**errors: list[str]):
    """Firms with a user for each text, who has an issue of that text; the one called `dead` answers nothing else than 500."""
    built = {}
    for id_, texts in errors.items():
        built[id_] = firm()
        for number, text in enumerate(texts):
            person = Person(built[id_], time.time, f"u-{number}")
            person.row |= {"name": NAME, "email": ADDRESS}
            person.runs("SW0002: Detected: 1 issue(s)", tab=[issue(text.format(n=number))])
        built[id_].status = 500 if id_ == "dead" else 200
    return built


@pytest.fixture
def ask(tmp_path):
    """Run a command against these firms."""

    def ask(command, *arguments, rules="", least=None, **errors):
        panel = OtherPanel(**firms(**errors))
        with served(panel.app()) as url:
            config = {
                "credentials": {"x": {"client_id": "syncwatch", "client_secret_env": "SECRET"}},
                "tenants": [{"id": id_, "url": f"{url}/panel/{id_}", "credentials": "x"} for id_ in errors],
            }
            if least:
                config["privacy"] = {"template_tenants": least}
            file = tmp_path / "syncwatch.yaml"
            file.write_text(yaml.safe_dump(config))
            environment = {"SECRET": firm().client_secret}
            result = CliRunner().invoke(app, [command, str(file), *arguments], env=environment)
        assert panel.violations == []
        return result

    return ask


SEEN = {"a": [EVERYWHERE, EVERYWHERE, ONLY_A], "b": [EVERYWHERE], "c": [EVERYWHERE]}


def table(result):
    return [line.split(maxsplit=2) for line in result.stdout.splitlines() if "<*>" in line]


def test_what_three_tenants_have_is_shown_and_the_rest_is_counted(ask):
    result = ask("unclassified", **SEEN)
    assert result.exit_code == 0, result.output
    assert table(result) == [["4", "3", TEMPLATE]]
    assert "1 template is not shown, because fewer than 3 tenants have the same: --all" in result.stdout


@pytest.mark.parametrize("arguments", [{"least": 1}, {}])
def test_everything_is_shown_where_the_operator_says_so(ask, arguments):
    result = ask("unclassified", *([] if arguments else ["--all"]), **arguments, **SEEN)
    assert table(result) == [["4", "3", TEMPLATE], ["1", "1", "<*> does not respond to request"]]
    assert "not shown" not in result.stdout


def test_the_gauge_counts_them_all_and_shows_none(ask):
    page = ask("poll-once", **SEEN).stdout
    assert "\nsyncwatch_unclassified_templates 2.0\n" in page
    assert "<*>" not in page


def test_a_name_and_an_address_of_everybodys_words_are_masked(ask):
    text = f"the folder of {NAME} <{ADDRESS.upper()}> was written to the queue of the owner"
    result = ask("unclassified", "--all", a=[text])
    assert table(result) == [["1", "1", "the <*> of <*> was written to the queue of the <*>"]]


def test_of_one_tenant_alone_nothing_is_shown_without_being_asked_for(ask):
    assert table(ask("unclassified", "--tenant", "a", **SEEN)) == []
    assert len(table(ask("unclassified", "--tenant", "a", "--all", **SEEN))) == 2


def test_a_poll_that_was_not_complete_is_told_by_the_exit_code(ask):
    result = ask("unclassified", **SEEN, dead=[])
    assert result.exit_code == 1
    assert len(table(result)) == 1
    assert ask("suggest-rule", **SEEN, dead=[]).exit_code == 1
    assert ask("unclassified", "--tenant", "x", **SEEN).exit_code == 2


def test_the_suggested_rule_takes_the_texts_that_it_was_made_of(ask, tmp_path):
    result = ask("suggest-rule", **SEEN)
    assert result.exit_code == 0, result.output
    file = tmp_path / "mine.yaml"
    file.write_text(result.stdout)
    loaded = load_ruleset((file,))
    assert [case.text for rule in loaded.rules for case in rule.cases] == [TEMPLATE]
    classified = CliRunner().invoke(app, ["classify", "--rules", str(file), EVERYWHERE])
    assert classified.stdout.split("\t")[2] == loaded.rules[0].id
    assert "4 times with 3 tenants" in result.stdout
    assert "oauth_token_expired" in result.stdout


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ({"a": ["REQUEST_LIMIT_EXCEEDED"]}, "no text is unknown"),
        ({"a": [ONLY_A]}, "1 template is not shown"),
        ({id_: ["Blorp quux"] for id_ in "abc"}, "Too little is left"),
    ],
)
def test_where_there_is_nothing_to_suggest_that_is_said(ask, errors, said):
    result = ask("suggest-rule", **errors)
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing to suggest.")
    assert said in result.stdout
