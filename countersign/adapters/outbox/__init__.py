"""Where replies leave: a Maildir, or an SMTP server."""

from countersign.adapters.outbox.maildir import MaildirOutbox

__all__ = ["MaildirOutbox"]
