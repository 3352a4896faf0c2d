"""Syncwatch: watches the calendar sync of many Litify Inbox tenants."""

from importlib.metadata import version

__version__ = version("syncwatch")
