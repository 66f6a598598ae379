"""The effect that customers read."""

from countersign.domain.outcome import Granted, Outgoing, Receipt
from countersign.ports import Deps
from tools.actions.call import granted_arguments
from tools.arguments import SendReplyArguments


def send_reply(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Hands the turn's reply to the outbox."""
    asked = granted_arguments(granted, SendReplyArguments)
    mail = Outgoing(
        to=asked.to,
        subject=asked.subject,
        body=asked.body,
        ticket=granted.ticket,
        in_reply_to=asked.in_reply_to,
        references=asked.references,
    )
    return deps.outbox.send(key, mail)
