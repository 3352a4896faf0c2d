"""The rules that come with the program: what a firm relies on them to say."""

import pytest

from syncwatch.classification.book import Book
from syncwatch.classification.checks import check
from syncwatch.model import UNCLASSIFIED, Marks, Owner, Side

TRANSIENT = {
    "salesforce_limit",
    "salesforce_lock_contention",
    "exchange_throttled",
    "exchange_unavailable",
    "network_error",
    "sync_interrupted",
}


def test_the_rules_pass_their_own_check(ruleset):
    assert check(ruleset, Book(ruleset)) == ()


def test_every_code_is_found_on_its_own(ruleset, classifier):
    """One pass over a thousand patterns must not lose one of them."""
    codes = {code for rule in ruleset.rules for code in rule.codes}
    assert {code for code in codes if code not in classifier.classify(f"<{code}>").codes} == set()


def test_every_class_of_a_text_has_a_rule(ruleset):
    spoken = {rule.class_ for rule in ruleset.rules}
    without_text = {"no_recent_session", "session_time_limit", "session_too_long", "no_message"}
    assert ruleset.catalogue.classes.keys() - spoken == without_text


def test_what_passes_by_itself(ruleset):
    classes = ruleset.catalogue.classes
    assert {slug for slug, entry in classes.items() if entry.transient} == TRANSIENT
    assert [slug for slug, entry in classes.items() if entry.by_design] == ["recurring_all_day_unsupported"]


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("invalid_grant: expired access/refresh token", Marks(token_expired=Side.CRM)),
        ("Authentication error - OAuthRefreshToken might have expired", Marks(token_expired=Side.MAILBOX)),
        ("AADSTS50173: revoked", Marks(token_expired=Side.MAILBOX)),
        ("SD0025: stopped", Marks(duplicate_guard=True)),
        ("Completed with issues (SW0002)", Marks(completed=True)),
        ("SE0001: Adding read-only records is not allowed", Marks(completed=True)),
        ("ErrorServerBusy", Marks()),
    ],
)
def test_marks(classifier, text, marks):
    assert classifier.classify(text).marks == marks


@pytest.mark.parametrize(
    "text",
    [
        "Could not save 'SW0000: Smith v. Jones'",
        "Could not save “SW0002 Smith”",
        "Could not save «SE0001: Smith»",
        'Could not save "Synchronization was completed successfully"',
        "Could not save &quot;SW0000: Smith&quot;",
        "Could not save \\u0022SW0000: Smith",
        "SD0025: 'SW0000: Smith'",
        "Synchronization was stopped in order to prevent creation of duplicates: SW0000: Smith in Exchange",
        "Canceled (SW0001) SW0001: Synchronization was canceled by user. SW0002: Smith",
        "Authentication error - OAuthRefreshToken might have expired (SE0002: Smith)",
        "Error in event SW0000: Smith",
        "Synchronization failed: SW0000: Smith",
        "Error occurred during Crm Export: SW0000: Smith",
        "Could not save Synchronization was completed successfully",
        "Could not save Smith, SE0002: Jones",
    ],
)
def test_a_subject_cannot_make_a_failed_session_a_completed_one(classifier, text):
    assert not classifier.classify(text).marks.completed


@pytest.mark.parametrize(
    "subject",
    [
        "Insert failed. First exception on row 0; first error: UNABLE_TO_LOCK_ROW",
        "---> invalid_grant",
        "error occurred during call: token has expired",
        '{"error": {"code": "ErrorQuotaExceeded"}}',
    ],
)
def test_a_subject_cannot_make_the_duplicate_guard_something_else(classifier, subject):
    text = "SD0025: Synchronization was stopped in order to prevent creation of duplicates for the following item(s) (1): "
    finding = classifier.classify(f"{text}'{subject}' in Exchange")
    assert (finding.class_, finding.marks.duplicate_guard) == ("duplicate_events", True)


@pytest.mark.parametrize("code", ["SE0001", "SE0002", "SE0003", "SE0004", "SE0005"])
def test_an_item_that_the_engine_refused_is_its_fault_but_no_failed_session(classifier, code):
    finding = classifier.classify(f"{code}: Parent record was not added")
    assert (finding.class_, finding.owner) == ("sync_engine_fault", Owner.VENDOR_SUPPORT)
    assert finding.marks.completed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Your subscription renewal is due, please enter a token",
        "HTTP 200 OK",
        "duplicate key value violates unique constraint",
        '{"error": "the name field is required"}',
        "Server busy",
        "Please ask about the organizer of the recurring charity event",
        "Contact your administrator",
    ],
)
def test_words_of_the_rules_alone_claim_nothing(classifier, text):
    assert classifier.classify(text).class_ == UNCLASSIFIED


@pytest.mark.parametrize(
    "text",
    [
        "{}, Choose an office: [Office__c]",
        '[{{"errorCode":"{}","message":"x","fields":[]}}]',
        "<statusCode>{}</statusCode>",
        "System.DmlException: Insert failed. First exception on row 0; first error: {}, x: []",
        "sf:{}",
        "x\\r\\n{}:x",
    ],
)
def test_a_status_code_is_found_in_all_its_joints(classifier, text):
    finding = classifier.classify(text.format("FIELD_CUSTOM_VALIDATION_EXCEPTION"))
    assert finding.class_ == "salesforce_validation_rule"
