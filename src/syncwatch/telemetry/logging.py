"""The daemon's log: structlog and the standard library through one chain, one line an entry, to one stream.

Times are UTC. Every entry passes `redaction`, and no traceback is ever printed: an exception is its type and
the places in our code. Of an entry by a foreign library only the unformatted first line is kept, because
asyncio puts the repr of a failed task, and with it the foreign error's text, into the message itself.
"""

import logging
import os
import sys
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from syncwatch.telemetry.redaction import describe, redact

Format = Literal["json", "console", "auto"]


def configure(*, fmt: Format, level: str, stream: TextIO) -> None:
    """Send everything from `level` on to `stream`; replaces what was configured before.

    Args:
        fmt: `auto` is `console` on a terminal and `json` elsewhere.
        level: debug, info, warning or error.
        stream: where the lines go; standard error, so that standard output stays the commands' own.
    """
    terminal = stream.isatty()
    console = fmt == "console" or (fmt == "auto" and terminal)
    stamp: tuple[Processor, ...] = (
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *stamp,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer = _renderer(console=console, colors=terminal and "NO_COLOR" not in os.environ)
    handler = _Handler(stream)
    handler.setFormatter(_formatter(stamp, renderer))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("asyncio", "aiohttp"):  # at debug they tell of selectors and sockets
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
    logging.getLogger("alembic").setLevel(
        max(root.level, logging.WARNING)
    )  # at info it tells of its own plugins
    logging.getLogger("aiohttp.access").setLevel(logging.CRITICAL + 1)  # it would show paths and queries


def _formatter(stamp: tuple[Processor, ...], renderer: Processor) -> logging.Formatter:
    """Make the end of the chain, which all entries pass, ours and foreign ones."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_foreign, *stamp],
        use_get_message=False,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _exception,
            _redaction,
            renderer,
        ],
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines and gives up silently: the standard handler prints the arguments of what it cannot write."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Drop the entry."""


def _renderer(*, console: bool, colors: bool) -> Processor:
    if console:
        return structlog.dev.ConsoleRenderer(
            colors=colors, sort_keys=False, exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep of a foreign library's entry who says it and the first line of what it says, without arguments."""
    record: logging.LogRecord = event["_record"]
    message = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    event["event"] = message.partition("\n")[0]
    event["logger"] = record.name
    return event


def _exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn an exception into words; a stack is dropped."""
    event.pop("stack_info", None)
    event.pop("stack", None)
    error = _error(event.pop("exc_info", None))
    if error is not None:
        event["exception"] = describe(error)
    return event


def _error(info: Any) -> BaseException | None:
    """Find the exception that an entry speaks of: given, or the one being handled."""
    if isinstance(info, BaseException):
        return info
    found = info[1] if isinstance(info, tuple) else sys.exception() if info else None
    return found if isinstance(found, BaseException) else None


def _redaction(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return redact(event)
