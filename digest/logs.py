"""What is logged, and how: structured lines that name neither an address nor a token."""

import logging
import sys

import structlog

from digest.config import LogSettings
from digest.text import discreet


def configure_logging(settings: LogSettings) -> None:
    """Send structured log lines to standard error."""
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _discreetly,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _discreetly(
    logger: object, method: str, told: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Take addresses and tokens out of what is logged: servers repeat them in their answers."""
    return {key: discreet(v) if isinstance(v, str) else v for key, v in told.items()}
