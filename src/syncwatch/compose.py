"""What one poll is composed of, out of what a person wrote: the stages of `polling.poll`, each with its collaborators."""

from syncwatch.classification.classifier import Classifier
from syncwatch.classification.masking import Mask
from syncwatch.polling.poll import Stages
from syncwatch.setup import Setup
from syncwatch.state.journal import Journal
from syncwatch.turns import Turns


def stages(setup: Setup, *, key: bytes, journal: Journal, turns: Turns) -> Stages:
    """The stages of all polls.

    Args:
        setup: what a person wrote.
        key: the secret key of fingerprints.
        journal: where memory is committed.
        turns: keeps the polls' arithmetic from holding up the event loop.
    """
    polling, catalogue = setup.config.polling, setup.ruleset.catalogue
    return Stages(
        classify=Classifier(setup.book).classify,
        mask=Mask(setup.vocabulary).template,
        rules=setup.ruleset.digest + setup.vocabulary.digest,
        owner_of=catalogue.owner,
        fingerprint_key=key,
        journal=journal,
        turns=turns,
        inventory_interval=polling.inventory_interval,
        max_session=polling.max_session,
        default_plan_interval=polling.default_plan_interval,
        timeout=polling.timeout,
        organization_wide=setup.config.organization_wide,
        session_time_limit=setup.config.session_time_limit,
    )
