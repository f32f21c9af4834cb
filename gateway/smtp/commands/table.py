"""The commands of a session by name.

Sources: RFC 5321 4.1, RFC 2033 4.1, RFC 3207, RFC 3463 for the enhanced codes.
"""

from __future__ import annotations

from gateway.smtp.commands.auth import auth
from gateway.smtp.commands.data import bdat, data
from gateway.smtp.commands.hello import ehlo, helo, starttls
from gateway.smtp.commands.mail import mail, rcpt
from gateway.smtp.commands.other import help_, noop, not_offered, quit_, rset, vrfy
from gateway.smtp.dialogue import Command

COMMANDS: dict[bytes, Command] = {
    b"EHLO": ehlo,
    b"LHLO": ehlo,
    b"HELO": helo,
    b"STARTTLS": starttls,
    b"AUTH": auth,
    b"MAIL": mail,
    b"RCPT": rcpt,
    b"DATA": data,
    b"BDAT": bdat,
    b"RSET": rset,
    b"NOOP": noop,
    b"VRFY": vrfy,
    b"EXPN": not_offered,
    b"HELP": help_,
    b"QUIT": quit_,
}
