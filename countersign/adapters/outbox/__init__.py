"""Where replies leave: a Maildir, or an SMTP server."""

from countersign.adapters.outbox.maildir import MaildirOutbox
from countersign.adapters.outbox.smtp import SmtpOutbox

__all__ = ["MaildirOutbox", "SmtpOutbox"]
