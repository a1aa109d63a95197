"""The channel that hands mails to a mail server; the one place that knows aiosmtplib.

The library raises the same error whether the connection broke before the message or after
its final dot, and the two mean opposite things: safe to send again, or perhaps delivered. So
the commands of a message are driven from here, over a `Wire` that takes the connection over once
the library has opened it, and `session.Progress` always tells which of the two holds. Its
``sendmail`` and its automatic STARTTLS are not used; nor are its private parts.
"""

from digest.delivery.smtp.channel import SmtpChannel

__all__ = ["SmtpChannel"]
