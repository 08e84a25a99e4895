"""What u8sync says of a fault, by the topics of ``faults.tsv``: what is wrong, and what to do next.

``detail`` is what the server or the driver said, in its own language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from u8sync.text import Message, Private, msg

__all__ = ["WORDS", "Words", "words_for"]


@dataclass(frozen=True)
class Words:
    """A sentence that stands after the server's name and takes ``detail``, and a hint that takes nothing."""

    sentence: Message
    hint: Message


_REACH: Final = msg(
    "Check 'server' and 'port', that SQL Server is running and accepts TCP/IP, and that no firewall is in between."
    " A named instance needs the SQL Server Browser service, or 'port'. A slow network may need more 'login_timeout_s'."
)

WORDS: Final[Mapping[str, Words]] = {
    "deadlock": Words(
        msg("rolled back in favour of another program: {detail}"),
        msg("Nothing took effect. Run the command again, best when fewer people work in U8."),
    ),
    "lock": Words(
        msg("another program held a lock for too long: {detail}"),
        msg("Run the command again when nobody posts or imports in U8, or raise 'lock_timeout_s'."),
    ),
    "link": Words(
        msg("the connection was lost: {detail}"),
        msg("Check the network, and whether the server was restarted."),
    ),
    "link, connect": Words(msg("no connection: {detail}"), _REACH),
    "timeout": Words(
        msg("no answer within the timeout: {detail}"),
        msg("The server may be busy: choose a quieter hour, or raise 'statement_timeout_s'."),
    ),
    "timeout, connect": Words(msg("no answer within the login timeout: {detail}"), _REACH),
    "busy": Words(
        msg("it has too much to do: {detail}"),
        msg("Run the command again later. If this happens often, the server lacks memory or connections."),
    ),
    "starting": Words(
        msg("the database is not ready: {detail}"),
        msg("Run the command again later. If it stays so, ask the database administrator."),
    ),
    "login": Words(
        msg("the login was refused: {detail}"),
        msg(
            "Check 'login', 'password' and 'database'. u8sync does not try again by itself: after several failures the"
            " login may be locked, for everyone who uses it."
        ),
    ),
    "login_windows": Words(
        msg("the Windows account was refused: {detail}"),
        msg(
            "This machine's domain is not trusted by the server, or the server does not accept this kind of login."
            " Run u8sync under a domain account, or set 'login' and 'password'; it does not try again by itself."
        ),
    ),
    "login_closed": Words(
        msg("the login is disabled or locked, or its password has expired: {detail}"),
        msg(
            "Ask the database administrator to open the login or to set a new password."
            " Do not run u8sync until then: further failures may keep the login locked."
        ),
    ),
    "database": Words(
        msg("the database cannot be opened: {detail}"),
        msg(
            "Check 'account' and 'database'; 'u8sync accounts' lists what the login can see."
            " If the server was started just now, wait until the database is up."
        ),
    ),
    "permission": Words(
        msg("the login lacks a right: {detail}"),
        msg("'u8sync doctor' names the rights that are missing; 'u8sync grants' prints the script that gives them."),
    ),
    "schema": Words(
        msg("a table, column or procedure is missing: {detail}"),
        msg("Check that the database is a U8 account set; 'u8sync doctor' lists what it finds there."),
    ),
    "single_rows": Words(
        msg("a trigger of the site expects one customer at a time: {detail}"),
        msg("Nothing of the batch was written. Set 'write_form: row', and ask who made the trigger."),
    ),
    "statement": Words(
        msg("it does not understand a statement of u8sync: {detail}"),
        msg("Is the server older than SQL Server 2008 R2? If not, please report it with the words above."),
    ),
    "tls_certificate": Words(
        msg("its certificate is not trusted: {detail}"),
        msg(
            "Best: have this machine trust who issued the certificate; if only the host name differs, set"
            " 'host_name_in_certificate'. With SQL Server 2022 and 'encrypt: strict', 'server_certificate' can name the"
            " certificate's file. Or set 'trust_server_certificate: true' with an 'insecure_reason': then nobody checks"
            " that it is the right server."
        ),
    ),
    "tls_version": Words(
        msg("server and driver have no version of TLS in common: {detail}"),
        msg(
            "SQL Server 2008 R2 to 2014 need an update from Microsoft for TLS 1.2: install it. Until then, on Linux the"
            " driver FreeTDS (see 'driver') may still speak the old version; 'encrypt: no' does not help, because the"
            " login is encrypted all the same."
        ),
    ),
    "tls_none": Words(
        msg("it offers no encryption: {detail}"),
        msg(
            "Have encryption set up on the server. Or set 'encrypt: no' with an 'insecure_reason': password and data"
            " can then be read on the way."
        ),
    ),
    "tls": Words(
        msg("the encrypted connection failed: {detail}"),
        msg(
            "An old server may not know TLS 1.2, or its certificate may not be trusted. See 'encrypt',"
            " 'trust_server_certificate' and 'driver'."
        ),
    ),
    "driver": Words(
        msg("the ODBC driver cannot be used: {detail}"),
        msg(
            "Install the Microsoft ODBC Driver 18 for SQL Server, or correct 'driver':"
            " it is the name of an installed driver, or its file."
        ),
    ),
    "row": Words(
        msg("a value does not fit: {detail}"),
        msg("The words of the server name the column, the key or the value."),
    ),
    "full": Words(
        msg("the database has no room left: {detail}"),
        msg("Ask the database administrator to make room; nothing can be saved there until then."),
    ),
    "read_only": Words(
        msg("the database is read-only: {detail}"),
        msg("Check that it is the right database, and no closed year, copy or standby."),
    ),
    "sick": Words(
        msg("the database or its disk is damaged: {detail}"),
        msg("Call the database administrator at once, and let nothing be written until the database was checked."),
    ),
    "unknown": Words(
        msg("an error that u8sync does not know: {detail}"),
        msg("Look its number up, and please report it with the words above."),
    ),
}
"""By topic; ``topic, connect`` where connecting needs other words."""


def words_for(topic: str, *, connecting: bool, unknown: bool, detail: str | Private) -> Words:
    """What to say.

    Args:
        topic: A topic of ``faults.tsv``.
        connecting: Whether it came up while connecting.
        unknown: Whether it leaves open if a write took effect; that is then said first, and settled first.
        detail: What the server or the driver said.
    """
    if connecting:
        words = WORDS.get(f"{topic}, connect") or WORDS[topic]
    else:
        # TLS was agreed on when the connection was made: now it says no more than that the link is gone.
        words = WORDS["link" if topic.startswith("tls") else topic]
    cause = Message(words.sentence.template, {"detail": detail})
    if not unknown:
        return Words(cause, words.hint)
    return Words(
        msg("it is not known whether a write took effect; {cause}", cause=cause),
        msg("{first} Then run the command again: it reads back what was written before it goes on.", first=words.hint),
    )
