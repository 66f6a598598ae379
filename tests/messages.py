"""Messages as the mail adapter would hand them over."""

from countersign.domain.ticket import Message


def message(key: str, sender: str, subject: str, text: str, **more: object) -> Message:
    """An authenticated message, unless `more` says otherwise."""
    values: dict[str, object] = {
        "key": key,
        "message_id": f"<{key}@mail.example>",
        "sender": sender,
        "subject": subject,
        "text": text,
        "raw": key,
        "authenticated": True,
    }
    return Message.model_validate(values | more)
