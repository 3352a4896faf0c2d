"""A suggested rule loads as it is, and takes its own case and the texts that it came from."""

import pytest
import yaml

from syncwatch.classification.book import Book
from syncwatch.classification.checks import check
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.masking import Mask
from syncwatch.classification.suggest import skeleton
from syncwatch.classification.vocabulary import Vocabulary
from syncwatch.config.shipped import shipped_words

TEXTS = [
    "Blorp 17: the quux of 'Status call' is not available (retry later)",
    "l'utilisateur d'Acme n'existe plus dans le système",
    "le système de Quux est occupé à créer",
    "The user's calendar can't be opened: [Foo, Bar]",
    '{"error": {"code": "QUUX", "message": "no such \\"thing\\" in the \'store\'"}}',
    " ".join(f"error {'x' * n} in field" for n in range(40)),
    "ОШИБКА: " + "connection failed " * 20,
]


@pytest.mark.parametrize("text", TEXTS)
def test_it_loads_and_takes_its_case_and_the_text_itself(ruleset, rules, text):
    template = Mask(Vocabulary.of(ruleset, shipped_words())).template(text)
    loaded = rules(mine=skeleton(template, ruleset.catalogue.classes))
    (rule,) = loaded.rules
    assert rule.cases[0].text == template
    assert check(loaded, Book(loaded)) == ()
    assert Classifier(Book(loaded)).classify(text).rule == rule.id


def test_it_can_be_read_at_a_glance(ruleset):
    written = skeleton("<*>: the thing of <*> is not available, can't retry", ["one_class", "another"])
    assert yaml.safe_load(written) == {
        "rules": [
            {
                "id": "the-thing-of-is-not-available-can-t-retry",
                "class": "unclassified",
                "any": [r"\bthe\W+thing\W+of\b.{0,120}\bis\W+not\W+available\W+can\W+t\W+retry\b"],
                "cases": [{"text": "<*>: the thing of <*> is not available, can't retry"}],
            }
        ]
    }
    assert written.endswith("# Classes (classes.yaml says what each one means): one_class, another\n")


@pytest.mark.parametrize("template", ["<*>", "", "code: <*>", "is not <*>"])
def test_nothing_is_suggested_where_too_little_is_left(template):
    assert skeleton(template, ["one_class"]) is None
