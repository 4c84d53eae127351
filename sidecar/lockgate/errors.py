"""What can go wrong with a channel, named by what we do next.

    ChannelError
    ├── RetryLater       not taken this time; the same listing may be sent again later
    ├── Rejected         this value or this listing was refused; a person decides
    ├── NeedsAttention   credentials, mapping or schema; a person decides
    │   └── LockedOut    the credential of all is refused; nothing more is sent for a while, too
    ├── Unknown          sent, but no answer; settled by a read-back, never by guessing
    └── ChannelDown      cannot be reached; nothing more is sent for a while

The message of each is shown to a person in Odoo: it says what happened and what to do, and never
holds a secret. The cause says why, so that Odoo sorts and routes what a person must decide; each class
has the one that fits most often, and whoever raises it names a better one where it knows.
"""

from __future__ import annotations

from typing import ClassVar

from lockgate.contract import Cause


class ChannelError(Exception):
    """`answer` is an excerpt of what the channel said; `request_id` is its own id of the request."""

    usual_cause: ClassVar[Cause | None] = Cause.BAD_ANSWER

    def __init__(
        self, message: str, *, answer: str = "", request_id: str | None = None, cause: Cause | None = None
    ) -> None:
        super().__init__(message)
        self.cause = cause or self.usual_cause
        self.message = message
        self.answer = answer
        self.request_id = request_id


class RetryLater(ChannelError):
    """`after` is the channel's own wish, in seconds; none leaves it to the retry policy."""

    def __init__(
        self,
        message: str,
        *,
        after: float | None = None,
        answer: str = "",
        request_id: str | None = None,
        cause: Cause | None = None,
    ) -> None:
        super().__init__(message, answer=answer, request_id=request_id, cause=cause)
        self.after = after


class Rejected(ChannelError):
    """Its usual cause is the aspect's: a price refused, or a stock refused."""

    usual_cause = None


class NeedsAttention(ChannelError):
    usual_cause = Cause.SETTINGS


class LockedOut(NeedsAttention):
    """A refused credential that all of the channel goes with: `sending` knows whether it does."""

    usual_cause = Cause.CREDENTIALS


class Unknown(ChannelError):
    usual_cause = Cause.NO_ANSWER


class ChannelDown(RetryLater):
    usual_cause = Cause.CHANNEL_DOWN
