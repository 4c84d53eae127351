"""What a message may hold."""

import pytest

from lockgate.contract import Lease, Result
from lockgate.results import hand_back
from lockgate.testing.values import stock


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("\0b\0i\0n\0a\0r\0y", "binary"),
        ("half a \ud83d pair", "half a ? pair"),
        ("größer \U0001f6a2", "größer \U0001f6a2"),
    ],
)
def test_what_a_channel_said_never_keeps_a_result_from_being_stored(said, kept):
    lease = Lease(publication=1, version=1, purpose="push", tries=1, value=stock("A", 1))
    result = hand_back(lease, "token", said)
    told = Result.model_validate({**result.model_dump(), "answer": said, "request_id": said})
    assert (told.message, told.answer, told.request_id) == (kept, kept, kept)
