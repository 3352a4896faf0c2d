"""What belongs to the process and not to the fleet: variables that begin with `SYNCWATCH_`.

Variables with that prefix which are not ours are left alone: Kubernetes sets some of its own
(`SYNCWATCH_SERVICE_HOST`) in every pod next to a service named `syncwatch`, and secrets may be there.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from syncwatch.config import complaints
from syncwatch.config.address import Address, address
from syncwatch.config.duration import Duration
from syncwatch.errors import ConfigError, Problem

PREFIX = "SYNCWATCH_"


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """The process's settings.

    Attributes:
        log_format: `auto` is `console` on a terminal and `json` elsewhere.
        log_level: the least severe that is logged.
        shutdown_grace: seconds from the signal to the exit, at most.
        listen: overrides `web.listen` of the configuration file.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_default=False,  # defaults are in seconds, what is written has a unit
    )

    log_format: Annotated[Literal["json", "console", "auto"], BeforeValidator(_lower)] = "auto"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    shutdown_grace: Duration = 20.0
    listen: Annotated[Address, NoDecode, BeforeValidator(address)] | None = None


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        ConfigError: with every variable that does not fit.
    """
    try:
        return Settings()
    except ValidationError as error:
        found = [
            Problem(
                Path("environment"),
                None,
                f"{PREFIX}{detail['loc'][0]}".upper(),
                complaints.message(detail, Settings),
            )
            for detail in error.errors(include_url=False, include_context=False)
        ]
    raise ConfigError(found)
