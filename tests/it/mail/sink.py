"""A mail server for tests: keeps each mail that it takes as a line of JSON, and answers as it is told.

Run by `python3 -m aiosmtpd -c sink.Sink FOLDER`. Before it answers RCPT or DATA it takes the first line of
the file of that name in FOLDER, if there is one: that is the answer.
"""

import email
import email.policy
import json
import os


class Sink:
    def __init__(self, folder):
        self.folder = folder

    @classmethod
    def from_cli(cls, parser, *args):
        return cls(*args)

    def told(self, command):
        path = os.path.join(self.folder, command)
        if not os.path.exists(path):
            return None
        with open(path) as file:
            lines = file.read().splitlines()
        if not lines:
            return None
        with open(path, "w") as file:
            file.write("".join(line + "\n" for line in lines[1:]))
        return lines[0]

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.told("RCPT")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self.told("DATA")
        if answer is None:
            self.keep(envelope)
        return answer or "250 OK"

    def keep(self, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [part.get_content_type() for part in mail.walk()]
        told = {
            "sender": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "id": mail["message-id"],
            "head": {name.lower(): str(value) for name, value in mail.items()},
            "subject": str(mail["subject"]),
            "parts": parts,
            "plain": mail.get_body(("plain",)).get_content(),
            "html": mail.get_body(("html",)).get_content(),
        }
        with open(os.path.join(self.folder, "mails"), "a") as file:
            file.write(json.dumps(told) + "\n")
