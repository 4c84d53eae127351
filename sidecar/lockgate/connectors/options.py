"""A channel's settings, as the connector's own pydantic model."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from lockgate.connectors.base import Session
from lockgate.errors import NeedsAttention

Options = TypeVar("Options", bound=BaseModel)


def read_options(model: type[Options], session: Session) -> Options:
    """Raises NeedsAttention that names the channel and each setting that does not fit."""
    try:
        return model.model_validate(session.channel.settings)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in each['loc']) or 'settings'}: {each['msg']}"
            for each in error.errors()
        )
        raise NeedsAttention(
            f"The settings of channel {session.channel.code} do not fit its connector: {wrong}. "
            "Correct them on the channel's form."
        ) from None
