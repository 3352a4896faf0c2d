"""Every wording that the simulated engine uses, each with the class that a right monitor finds in it.

The wordings are the public ones of the vendor, Salesforce, Exchange and Entra ID; only those that belong to one
class beyond doubt are here, besides a few that mean nothing to anybody. The placeholders (`$guid`, `$record`,
`$time`, `$n`, `$subject` ...) are filled by `Text.render`.
"""

from syncwatch.simulator.texts import Text

_TRACE = "Trace ID: $guid\r\nCorrelation ID: $guid2\r\nTimestamp: $time"  # broken into lines as Entra ID does
_GUARD_ADVICE = (
    "Please check if any other synchronization solution is running and disable it. To resume sync, "
    "modify/delete objects causing duplications and resume sync."
)

SESSION_FAILURES = (
    Text(
        "oauth_token_expired",
        "Authentication error – OAuthRefreshToken might have expired",  # noqa: RUF001 - the vendor's own dash
        expired="mailbox",
    ),
    Text(
        "oauth_token_expired",
        "AADSTS700082: The refresh token has expired due to inactivity. The token was issued on $time and was "
        f"inactive for 90.00:00:00. {_TRACE}",
        expired="mailbox",
    ),
    Text(
        "oauth_token_expired",
        '{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}',
        expired="mailbox",
    ),
    Text(
        "auth_policy_blocked",
        "AADSTS65001: The user or administrator has not consented to use the application with ID '$guid2'. Send "
        f"an interactive authorization request for this user and resource. {_TRACE}",
    ),
    Text(
        "auth_policy_blocked",
        "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new "
        f"location, you must use multi-factor authentication to access '$guid2'. {_TRACE}",
    ),
    Text(
        "mailbox_missing_or_disabled",
        "ErrorNonExistentMailbox: The SMTP address has no mailbox associated with it. (request $guid)",
    ),
    Text(
        "mailbox_missing_or_disabled",
        'Unexpected Exchange error: Organization "$guid" is marked for removal.',
    ),
    Text(
        "impersonation_denied",
        "ErrorImpersonateUserDenied: The account does not have permission to impersonate the requested user. "
        "(request $guid)",
    ),
    Text(
        "duplicate_events",
        "SD0025: Synchronization was stopped in order to prevent creation of duplicates for the following "
        f"item(s) (2): '$subject' in 'Exchange', '$subject2' in 'Salesforce'. {_GUARD_ADVICE}",
        guard=True,
    ),
    Text(
        "duplicate_events",
        "synchronization was stopped in order to not produce duplicates for the following item(s) (1): "
        "'$subject' in 'Salesforce' review if any other synchronization solution is running and turn it off to "
        "resume sync, modify/delete objects causing duplications and resume sync",
        guard=True,
    ),
    Text("salesforce_auth", "invalid_grant: expired access/refresh token", expired="crm"),
    Text("salesforce_auth", "invalid_grant: inactive organization", owner="salesforce_admin"),
    Text("salesforce_auth", "invalid_grant: ip restricted", owner="salesforce_admin"),
    Text(
        "salesforce_auth", "API_CURRENTLY_DISABLED: API is disabled for this user", owner="salesforce_admin"
    ),
    Text("salesforce_limit", "REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded."),
    Text("salesforce_limit", "ConcurrentPerOrgLongTxn Limit exceeded ($guid)"),
    Text(
        "salesforce_lock_contention",
        'UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record or 1 records: "$record"',
    ),
    Text(
        "exchange_throttled",
        "ErrorServerBusy: The server cannot service this request right now. Try again later. (request $guid)",
    ),
    Text(
        "exchange_unavailable", "ErrorMailboxMoveInProgress: Mailbox move in progress. Try again later. $guid"
    ),
    Text(
        "exchange_unavailable",
        "ErrorMailboxStoreUnavailable: The mailbox database is temporarily unavailable.",
    ),
    Text(
        "exchange_access_denied",
        "Unexpected Exchange error: The request failed. The remote server returned an error: (403) Forbidden.",
    ),
    Text("exchange_quota", "ErrorQuotaExceeded: The mailbox has exceeded its storage quota. (request $guid)"),
    Text("network_error", "The remote name could not be resolved: 'mail-$n.firm.example'"),
    Text(
        "network_error",
        "A connection attempt failed because the connected party did not properly respond ($time)",
    ),
    Text("sync_engine_fault", "SC0015: Unknown record type: 'Event_$n'"),
    Text("sync_engine_fault", "Unknown internal error occurred (SW0003)"),
    Text(
        "sync_engine_fault",
        "SD0022: Failed to retrieve the records of the following type: 'Event' (requested: 200, returned: 198, "
        "inaccessible: 2)",
    ),
    Text("sync_engine_fault", "SI0006: Local_id: '$record' does not exist"),
    Text("sync_interrupted", "Canceled (SW0001) SW0001: Synchronization was canceled by user."),
    Text("sync_scope_too_large", "SD0019: Maximum snapshot records limit is exceeded: (10000/10040/0)"),
    Text("sync_scope_too_large", "A limit on the number of snapshot records is exceeded (10000/10040/0)"),
    Text("unclassified", "Pipeline stage $n gave back a value that nobody had foreseen (ref $guid)"),
    Text("unclassified", "Ledger $n kept $subject for the stage after (ref $guid)"),
)


def failure(class_: str) -> Text:
    """The first wording for a session that fails for this class.

    Raises:
        ValueError: there is none.
    """
    found = next((text for text in SESSION_FAILURES if text.class_ == class_), None)
    if found is None:
        known = ", ".join(sorted({text.class_ for text in SESSION_FAILURES}))
        raise ValueError(f"no session fails for {class_!r}; known: {known}")
    return found


INTERRUPTED = failure("sync_interrupted")

ISSUES = (
    Text("salesforce_field_access", "Event: bad field names on insert/update call: WhoId"),
    Text(
        "salesforce_field_access",
        "INVALID_FIELD_FOR_INSERT_UPDATE: Unable to create/update fields: Matter_Stage__c. Please check the "
        "security settings of this field.",
    ),
    Text(
        "recurring_sync_disabled",
        "This event is a recurring one. Please enable sync of recurring events in Litify Inbox settings to sync "
        "such events properly.",
    ),
    Text(
        "organizer_not_synced",
        "ISE-013: Meeting for attendees cannot be synchronized until the organizer synchronizes it.",
    ),
    Text(
        "organizer_not_synced",
        "Meeting for attendees cannot be synchronized until the organizer synchronizes it.",
    ),
    Text(
        "organizer_not_synced",
        "Salesforce meeting wasn't added to the Calendar, awaiting for Organizer to synchronize it.",
    ),
    Text("recurring_all_day_unsupported", "All-day recurring events are currently not supported."),
    Text(
        "salesforce_validation_rule",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION: Choose a billing code before you save '$subject' ($record)",
    ),
    Text(
        "salesforce_automation_error",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: EventTrigger: execution of BeforeInsert caused by: "
        "System.NullPointerException: Attempt to de-reference a null object Trigger.EventTrigger: line 31, column 1",
    ),
    Text(
        "salesforce_automation_error",
        "CANNOT_EXECUTE_FLOW_TRIGGER: We can't save this record because the “Matter Intake” process failed. Give "
        "your Salesforce admin these details. Error ID: $n-$n ($guid)",
    ),
    Text("salesforce_required_field", "REQUIRED_FIELD_MISSING: Required fields are missing: [Matter__c]"),
    Text(
        "salesforce_invalid_value",
        "STRING_TOO_LONG: Subject: data value too large: $subject (max length=255)",
    ),
    Text(
        "salesforce_invalid_value",
        "FIELD_INTEGRITY_EXCEPTION: The existing country/territory doesn't recognize the state value for field: "
        "State/Province Code",
    ),
    Text(
        "salesforce_record_access",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: insufficient access rights on cross-reference id: $record",
    ),
    Text("salesforce_record_access", "ENTITY_IS_LOCKED: the entity is locked for editing ($record)"),
    Text(
        "salesforce_lock_contention",
        'UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record or 1 records: "$record"',
    ),
    Text(
        "exchange_item_invalid",
        "ErrorCalendarInvalidRecurrence: The specified recurrence is not valid. ($guid)",
    ),
    Text("exchange_item_invalid", "ErrorCalendarDurationIsTooLong: The duration of '$subject' is too long."),
    Text(
        "exchange_access_denied",
        "ErrorAccessDenied: Access is denied. Check credentials and try again. $guid",
    ),
    Text("duplicate_events", "Event was not created: a duplicate event already exists ($record)."),
    Text("sync_engine_fault", "SE0002: Parent record was not added (link field 'WhatId')"),
    Text(
        "sync_engine_fault",
        "SE0005: Target record from post-update list was updated prematurely (object id '$record')",
    ),
    Text("network_error", "Net::ReadTimeout"),
    Text("unclassified", "Item $n was put aside for $subject (ref $guid)"),
)

WITHOUT_ISSUES = (None, None, Text("", "Synchronization was completed successfully (SW0000)"))
WITH_ISSUES = (
    Text(
        "", "Detected: $conflicts conflict(s), 0 duplicate(s), $issues issue(s), 0 confirmation(s) (SW0002)"
    ),
    Text("", "SW0002: Detected: $conflicts conflict(s), 0 duplicate(s), $issues issue(s), 1 confirmation(s)"),
    Text("", "Detected: $conflicts conflict(s), 1 duplicate(s), 0 confirmation(s) (SW0004)"),
    Text("", "SW0000: Synchronization was completed successfully"),
    Text("", "SE0001: Adding read-only records is not allowed"),
    Text("", "SE0005: Target record from post-update list was updated prematurely (object id '$record')"),
)
