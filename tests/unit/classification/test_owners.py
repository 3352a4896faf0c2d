"""Who must act, where circumstances decide."""

import pytest

from syncwatch.classification.book import Book
from syncwatch.classification.classifier import Classifier
from syncwatch.errors import ConfigError
from syncwatch.model import AccessType, Context, Owner, Side, Source

RULES = """\
rules:
  - id: chosen
    class: oauth_token_expired
    codes: [E-1]
    owner:
      - {access: [impersonated], owner: mail_admin}
      - {access: [m365_graph_user], side: crm, owner: client_admin}
      - {source: connector, setting: {Retries: 3}, owner: client_admin}
      - {owner: end_user}
    cases: [{text: E-1}]
  - id: of-the-class
    class: oauth_token_expired
    codes: [E-2]
    cases: [{text: E-2}]
"""


@pytest.fixture
def owner(rules):
    classify = Classifier(Book(rules(own=RULES))).classify
    return lambda context, text="E-1": classify(text, context).owner


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (Context(), Owner.END_USER),
        (Context(access="ews_basic_impersonated"), Owner.MAIL_ADMIN),
        (Context(access="m365_graph_app_only"), Owner.MAIL_ADMIN),
        (Context(access="google_service_account"), Owner.MAIL_ADMIN),
        (Context(access="m365_graph_user"), Owner.END_USER),
        (Context(access="m365_graph_user", side=Side.CRM), Owner.CLIENT_ADMIN),
        (Context(source=Source.CONNECTOR, settings={"Retries": 3}), Owner.CLIENT_ADMIN),
        (Context(source=Source.CONNECTOR, settings={"Retries": 0}), Owner.END_USER),
        (Context(source=Source.CONNECTOR), Owner.END_USER),
        (Context(settings={"Retries": 3}), Owner.END_USER),
    ],
)
def test_the_first_choice_that_fits_counts_and_what_is_not_known_fits_none(owner, context, expected):
    assert owner(context) == expected


@pytest.mark.parametrize("access", sorted(AccessType))
def test_an_impersonated_user_is_never_told_to_sign_in_again(owner, ruleset, access):
    context = Context(access=access)
    own_logon = access.endswith(("_user", "direct")) or access is AccessType.UNKNOWN
    assert (owner(context, "E-2") is Owner.END_USER) == own_logon
    for class_ in ("oauth_token_expired", "mailbox_not_initialized"):
        assert (ruleset.catalogue.owner(class_, context) is Owner.END_USER) == own_logon


def test_the_same_text_is_answered_in_each_context_from_memory(rules):
    classify = Classifier(Book(rules(own=RULES))).classify
    for _ in range(2):
        assert classify("E-1", Context(access="m365_ews_impersonated")).owner is Owner.MAIL_ADMIN
        assert classify("E-1").owner is Owner.END_USER


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("[{access: [impersonated], owner: mail_admin}]", "needs conditions for every choice but the last"),
        ("[{owner: mail_admin}, {owner: end_user}]", "needs conditions for every choice but the last"),
        ("[]", "needs conditions for every choice but the last"),
        ("[{access: [carrier_pigeon], owner: mail_admin}, {owner: end_user}]", "access"),
        ("[{side: crm, owner: nobody}, {owner: end_user}]", 'has no remedy for owner "nobody"'),
        ("someone", "owner"),
    ],
)
def test_choices_that_make_no_sense_are_refused(rules, written, complaint):
    text = (
        f"rules: [{{id: a, class: oauth_token_expired, codes: [E], owner: {written}, cases: [{{text: E}}]}}]"
    )
    with pytest.raises(ConfigError) as caught:
        rules(own=text)
    assert complaint in str(caught.value)
