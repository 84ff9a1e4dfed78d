"""A mail server that behaves as it is told, and says what came as JSON lines."""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--out", required=True)
parser.add_argument("--port", type=int, default=0)
# What DATA is answered by: ok, hang, drop, or a reply such as "451 later"; each
# for one mail, the last one for all that follow.
parser.add_argument("--data", action="append", default=[])
# A recipient and the reply that it gets, as ADDRESS=REPLY; several for one are
# for one mail each.
parser.add_argument("--rcpt", action="append", default=[])
parser.add_argument("--mail")
parser.add_argument("--starttls", nargs=2)
parser.add_argument("--implicit", nargs=2)
parser.add_argument("--auth")
parser.add_argument("--mechanism")
parser.add_argument("--pipelining", action="store_true")
parser.add_argument("--size", type=int, default=33554432)
args = parser.parse_args()

out = open(args.out, "a")
connections = 0
replies = list(args.data) or ["ok"]
recipients = {}
for rule in args.rcpt:
    address, reply = rule.split("=", 1)
    recipients.setdefault(address, []).append(reply)


def say(**what):
    out.write(json.dumps(what) + "\n")
    out.flush()


def encrypted(server):
    return server.transport.get_extra_info("sslcontext") is not None


def defects(message):
    found = list(message.defects)
    for part in message.walk():
        found += part.defects
        for value in part.values():
            found += getattr(value, "defects", [])
    return [repr(defect) for defect in found]


def describe(content):
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    attachments = [
        {"name": part.get_filename(), "text": part.get_payload(decode=True).decode()}
        for part in parts[1:]
    ]
    return {
        "headers": {name: str(value) for name, value in message.items()},
        "names": message.keys(),
        "subject": str(message["subject"]),
        "body": parts[0].get_content(),
        "encoding": str(parts[0]["content-transfer-encoding"]),
        "attachments": attachments,
        "defects": defects(message),
        "longest": max(len(line) for line in content.split(b"\r\n")),
        "bare": any(c in content.replace(b"\r\n", b"") for c in (b"\r", b"\n", b"\0")),
    }


class Handler:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if args.pipelining:
            responses.insert(1, "250-PIPELINING")
        if args.mechanism:
            responses = [r for r in responses if not r.startswith("250-AUTH")]
            responses.insert(1, f"250-AUTH {args.mechanism}")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if args.mail:
            return args.mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        rules = recipients.get(address)
        if rules:
            reply = rules.pop(0) if len(rules) > 1 else rules[0]
            if reply != "ok":
                say(event="refused", to=address)
                if reply.startswith("421"):
                    # Once the reply has been written.
                    asyncio.get_running_loop().call_soon(server.transport.close)
                return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        say(
            event="mail",
            reply=reply,
            connection=connections,
            sender=envelope.mail_from,
            to=envelope.rcpt_tos,
            tls=encrypted(server),
            user=session.auth_data,
            hello=session.host_name,
            options=envelope.mail_options,
            **describe(envelope.content),
        )
        if reply == "hang":
            await asyncio.sleep(3600)
        if reply == "drop":
            server.transport.abort()
            return "250 OK"
        return "250 OK" if reply == "ok" else reply


class Server(SMTP):
    def connection_made(self, transport):
        global connections
        # Again after STARTTLS.
        if transport.get_extra_info("sslcontext") is None or args.implicit:
            connections += 1
            say(event="connected")
        super().connection_made(transport)


def authenticate(server, session, envelope, mechanism, data):
    user, password = args.auth.split(":")
    good = data.login.decode() == user and data.password.decode() == password
    say(event="login", mechanism=mechanism, good=good, tls=encrypted(server))
    return AuthResult(success=good, handled=good, auth_data=user if good else None)


def context(files):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*files)
    return made


def server():
    return Server(
        Handler(),
        data_size_limit=args.size,
        enable_SMTPUTF8=True,
        hostname="mail.test",
        tls_context=context(args.starttls) if args.starttls else None,
        authenticator=authenticate if args.auth else None,
        auth_require_tls=False,
    )


async def main():
    loop = asyncio.get_running_loop()
    tls = context(args.implicit) if args.implicit else None
    listener = await loop.create_server(server, "127.0.0.1", args.port, ssl=tls)
    print(listener.sockets[0].getsockname()[1], flush=True)
    async with listener:
        await listener.serve_forever()


def until_the_end():
    # The test is over.
    sys.stdin.read()
    import os

    os._exit(0)


threading.Thread(target=until_the_end, daemon=True).start()
asyncio.run(main())
