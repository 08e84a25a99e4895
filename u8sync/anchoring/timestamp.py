"""A time stamping service (RFC 3161) as an anchor: somebody else signs when a checkpoint existed.

What is stamped is SHA-256 of the checkpoint's text in UTF-8. The service keeps nothing; what it answers, the DER bytes
of a TimeStampResp, is the evidence, and is checked before it is taken.

Source: RFC 3161, sections 2.4 and 3.4.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from u8sync.errors import FatalError, InputError, TransientError, U8SyncError
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from requests import PreparedRequest, Response
    from rfc3161_client import TimeStampResponse

__all__ = ["MOST_BYTES", "TimestampAnchor", "verify_timestamp"]

MOST_BYTES: Final = 128 * 1024
"""Longest answer that is read; usual ones have 3 to 8 KiB."""

_MOST_CERTIFICATE_BYTES: Final = 1024 * 1024
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_SERVER_ERRORS: Final = range(500, 600)
_INSTALL: Final = msg('Install it: pip install "u8sync[timestamp]"')


@dataclass(frozen=True)
class TimestampAnchor:
    """A time stamping service, as :class:`u8sync.ports.Anchor`.

    Attributes:
        url: Its address, http or https: the answer is signed either way. Not shown: some have a key in it.
        certificates: File in PEM with the certificates that are trusted to sign it: root, and intermediates if the
            service does not send them.
        timeout_s: How long it may hold up a run, seconds.
    """

    url: str = field(repr=False)
    certificates: Path
    timeout_s: float = 30.0

    @property
    def name(self) -> str:
        """The address without what might be a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def keeps(self) -> bool:
        """It keeps nothing."""
        return False

    def publish(self, checkpoint: str) -> bytes:
        """Have the checkpoint stamped; returns the answer after it was checked."""
        trusted = self._trusted()
        try:
            from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
        except ImportError:
            raise self._not_installed() from None
        request = TimestampRequestBuilder().data(checkpoint.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = self._ask(request.as_bytes())
        found = verify_timestamp(answer, checkpoint, trusted, nonce=request.nonce)
        if isinstance(found, Message):
            raise FatalError(
                msg(
                    "The time stamping service {anchor} rejected the request, or is not to be trusted: {why}",
                    anchor=self.name,
                    why=found,
                ),
                hint=msg(
                    "Check that {file} holds the certificates of this service, and ask its operator.",
                    file=str(self.certificates),
                ),
            )
        return answer

    def newest(self, origin: str, most: int) -> Sequence[str]:  # noqa: ARG002 - as the port has it
        """Nothing."""
        return []

    def _trusted(self) -> bytes:
        try:
            with self.certificates.open("rb") as file:
                return file.read(_MOST_CERTIFICATE_BYTES)
        except OSError as error:
            raise InputError(
                msg(
                    "The certificates of the time stamping service, {file}, cannot be read: {why}",
                    file=str(self.certificates),
                    why=error.strerror or type(error).__name__,
                ),
                hint=msg("The operator of the service hands out its root certificate, in PEM."),
            ) from None

    def _ask(self, request: bytes) -> bytes:
        try:
            import requests
        except ImportError:
            raise self._not_installed() from None
        until = time.monotonic() + self.timeout_s
        error: U8SyncError
        try:
            with requests.post(
                self.url,
                data=request,
                headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
                auth=_nobody,
                timeout=(min(10.0, self.timeout_s), self.timeout_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._read(response, until)
        except requests.exceptions.SSLError:
            error = FatalError(
                msg("The certificate of {anchor} is not accepted", anchor=self.name),
                hint=msg("The environment variable REQUESTS_CA_BUNDLE can name further certificates to trust."),
            )
        except requests.exceptions.Timeout:
            error = self._slow()
        except requests.exceptions.RequestException as failed:
            # Its words are not shown: they hold the whole address.
            error = TransientError(
                msg(
                    "The time stamping service {anchor} cannot be reached ({kind})",
                    anchor=self.name,
                    kind=type(failed).__name__,
                ),
                hint=msg("Check the address, the network, and the proxy if there is one."),
            )
        raise error

    def _read(self, response: Response, until: float) -> bytes:
        """The body of a good answer."""
        if response.status_code in _REDIRECTS:
            raise FatalError(
                msg(
                    "The time stamping service {anchor} sends us to another address; that is refused", anchor=self.name
                ),
                hint=msg("Find out whether it moved, and write its present address into the configuration."),
            )
        if response.status_code != _OK:
            kind = TransientError if response.status_code in _SERVER_ERRORS else FatalError
            raise kind(
                msg(
                    "The time stamping service {anchor} answered with the HTTP status {status}",
                    anchor=self.name,
                    status=response.status_code,
                ),
            )
        data = b""
        for chunk in response.iter_content(8192):
            data += chunk
            if len(data) > MOST_BYTES:
                raise FatalError(
                    msg("The answer of {anchor} is too long to be a time stamp", anchor=self.name),
                    hint=msg("Check the address: another service may answer there."),
                )
            if time.monotonic() > until:
                raise self._slow()
        return data

    def _slow(self) -> TransientError:
        return TransientError(
            msg(
                "The anchor {anchor} did not answer within {seconds} s", anchor=self.name, seconds=f"{self.timeout_s:g}"
            )
        )

    def _not_installed(self) -> FatalError:
        return FatalError(
            msg("The anchor {anchor} needs a library that is not installed.", anchor=self.name), hint=_INSTALL
        )


def _nobody(request: PreparedRequest) -> PreparedRequest:
    """No authentication: without this, requests looks for a password in the user's .netrc."""
    return request


def verify_timestamp(token: bytes, note: str, certificates: bytes, *, nonce: int | None = None) -> datetime | Message:
    """When a checkpoint was stamped, or what is wrong with the stamp.

    Args:
        token: TimeStampResp in DER, as :meth:`TimestampAnchor.publish` returned it.
        note: The checkpoint's whole text.
        certificates: PEM; every certificate in it is trusted to have signed the service's own.
        nonce: What the request carried, to know the answer to it from an older one; null: not looked at.

    Returns:
        The instant, aware, in UTC; the certificates were valid then, and need not be now.

    Raises:
        FatalError: The library is not installed.
    """
    try:
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response
    except ImportError:
        raise FatalError(msg("Time stamps need a library that is not installed."), hint=_INSTALL) from None
    trusted = _certificates(certificates)
    if isinstance(trusted, Message):
        return trusted
    try:
        response = decode_timestamp_response(token)
        refusal = _refusal(response)
        if refusal is not None:
            return refusal
        verifier = VerifierBuilder(roots=trusted, nonce=nonce).build()
        verifier.verify_message(response, note.encode())
        at = response.tst_info.gen_time
    except VerificationError as error:
        return msg("the time stamp does not hold ({why})", why=" ".join(str(error).split())[:200])
    except ValueError:
        return msg("this is no time stamp in the strict form (DER) that RFC 3161 asks for")
    return at.astimezone(UTC)


def _certificates(pem: bytes) -> list[Certificate] | Message:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(pem)
    except ValueError:
        return msg("there is no usable certificate in the file of trusted certificates")


def _refusal(response: TimeStampResponse) -> Message | None:
    """Why the service gave no stamp; null when it gave one."""
    from rfc3161_client import PKIStatus

    if response.status == PKIStatus.GRANTED:
        return None
    said = " ".join(" ".join(response.status_string).split())
    shown = "".join(character if character.isprintable() else "?" for character in said)[:200]
    return msg("the service gave no time stamp (status {status}: {said})", status=response.status, said=shown or "?")
