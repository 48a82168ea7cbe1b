"""E-mail by SMTP (RFC 5321): one message, one connection; the caller's thread waits."""

import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr

from appliance import trust
from appliance.gateway.addresses import forbidden
from appliance.gateway.mail import Mail, Server
from appliance.gateway.notify import Undelivered

TIMEOUT_S = 20.0


def send(server: Server, mail: Mail) -> str:
    """What the server said. Raises Undelivered: for ever when the address was refused with a 5xx answer."""
    if forbidden(server.host):
        raise Undelivered(f"{server.host} is a link-local or metadata address, which is never called.", again=False)
    try:
        with _connected(server) as connection:
            connection.send_message(_message(server, mail))
        return f"Taken by {server.host}."
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        why = f"{server.host} refused {mail.to}: {code} {_text(said)}"
        raise Undelivered(why, again=code < 500) from error
    except smtplib.SMTPResponseException as error:
        # A login or a sender that is refused is the box's own setting: somebody may correct it within the day.
        why = f"{server.host} answered {error.smtp_code} {_text(error.smtp_error)}"
        raise Undelivered(why, closed=True) from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise Undelivered(f"{server.host}:{server.port} could not be used: {error}", closed=True) from error


def _connected(server: Server) -> smtplib.SMTP:
    """Signed in, where there is a user. The certificate is checked against the system's authorities."""
    context = trust.trusting()
    if server.security == "tls":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _message(server: Server, mail: Mail) -> EmailMessage:
    made = EmailMessage()
    name, address = parseaddr(server.sender)
    domain = address.rpartition("@")[2] or "localhost"
    made["From"] = Address(name, addr_spec=address) if name else address
    made["To"] = mail.to
    made["Subject"] = mail.subject
    made["Date"] = mail.at
    made["Message-ID"] = f"<{mail.id}@{domain}>"
    if mail.thread:
        made["References"] = f"<{mail.thread}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(mail.text)
    made.add_alternative(mail.html, subtype="html")
    return made


def _text(said: bytes | str) -> str:
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:300]
