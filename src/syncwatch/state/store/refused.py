"""The one error for which a person is needed: the journal is there and must not be used as it is."""


class JournalRefused(Exception):  # noqa: N818 - a decision, named as it reads
    """The journal, or its key, is not one to go on with, and trying again will not mend it.

    The message is ours and says what to do; it names files, and never a key, a password or an address.
    """
