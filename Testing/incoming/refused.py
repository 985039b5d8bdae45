"""What a refusal says: one sentence, whatever was read."""

import pytest

from partialseg_trainer.errors import UserError


def refusal(read, *arguments):
    with pytest.raises(UserError) as caught:
        read(*arguments)
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message and len(message) < 1000
    return message
