"""Checkpoints: a short signed text that says how long a log is and what its tree hashes to.

What lives here: the text, its signatures, and the keys. What does not: where a key is kept, and when one is signed.

The idea: a log can be rewritten by whoever can write its files; a checkpoint that somebody else keeps cannot. So it is
made to be carried away: a few lines that fit into a mail, in the form that other logs use too.

Source: C2SP, tlog-checkpoint and signed-note (Ed25519, signature type 0x01). The lines after the root are extensions:
``time`` and ``account-set``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from u8sync.text import Message, msg

__all__ = [
    "Checkpoint",
    "Note",
    "Signature",
    "SigningKey",
    "VerificationKey",
    "new_key",
    "origin_of",
    "parse_checkpoint",
    "parse_key",
    "parse_note",
    "parse_signing_key",
]

_ED25519: Final = b"\x01"
"""Signature type of signed-note."""

_SIGNATURE_LINE: Final = re.compile(r"— (?P<name>[^\s+]+) (?P<data>[A-Za-z0-9+/]+={0,2})")
_NAME: Final = re.compile(r"[^\s+]{1,100}")
_PRIVATE: Final = "PRIVATE+KEY+"
_MOST_BYTES: Final = 16 * 1024


@dataclass(frozen=True)
class VerificationKey:
    """The public half of a key.

    Attributes:
        name: Who signs; no blanks and no plus sign.
        public: 32 bytes.
    """

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys apart; no proof of anything."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """What is given to an auditor: ``name+id+key``, one line."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def verifies(self, signature: Signature, body: str) -> bool:
        """Whether the signature is this key's over these lines."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if signature.name != self.name or signature.key_id != self.id:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature.value, body.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, repr=False)
class SigningKey:
    """The private half. It shows itself in no message.

    Attributes:
        name: As in :class:`VerificationKey`.
        seed: 32 secret bytes.
    """

    name: str
    seed: bytes

    @property
    def verification(self) -> VerificationKey:
        """The public half."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return VerificationKey(
            self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        )

    @property
    def secret_text(self) -> str:
        """One line for the file or keyring that keeps the key, in the form of Go's note package."""
        data = base64.b64encode(_ED25519 + self.seed).decode()
        return f"{_PRIVATE}{self.name}+{self.verification.id.hex()}+{data}"

    def sign(self, body: str) -> Signature:
        """Sign these lines."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        value = Ed25519PrivateKey.from_private_bytes(self.seed).sign(body.encode())
        return Signature(self.name, self.verification.id, value)


@dataclass(frozen=True)
class Signature:
    """One signature of a note.

    Attributes:
        name: Name of the key.
        key_id: Its four bytes.
        value: The signature itself, 64 bytes.
    """

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """Its line in a note, without line end."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.value).decode()}"


@dataclass(frozen=True)
class Note:
    """A signed text.

    Attributes:
        body: What is signed, with its last line end.
        signatures: At least one.
    """

    body: str
    signatures: tuple[Signature, ...]

    @property
    def text(self) -> str:
        """The note as it is stored and carried away."""
        return f"{self.body}\n" + "".join(f"{signature.line}\n" for signature in self.signatures)


@dataclass(frozen=True)
class Checkpoint:
    """What is signed.

    Attributes:
        origin: Which log: :func:`origin_of` its folder's name.
        size: Number of records.
        root: Head of the tree over them, 32 bytes.
        time: When, ``YYYY-MM-DDThh:mm:ssZ``, by the clock of the machine that signed.
        account_set: :attr:`u8sync.domain.model.AccountSet.key`.
    """

    origin: str
    size: int
    root: bytes
    time: str
    account_set: str

    @property
    def body(self) -> str:
        """Its lines."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ntime {self.time}\naccount-set {self.account_set}\n"


def origin_of(folder_name: str) -> str:
    """The origin of the log in a folder of this name."""
    return f"u8sync/{folder_name}"


def new_key(name: str) -> SigningKey:
    """Make a key. Raises ValueError when the name cannot stand in a note."""
    import secrets

    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a key")
    return SigningKey(name, secrets.token_bytes(32))


def parse_key(text: str) -> VerificationKey | Message:
    """The public key in one line, or what is wrong with it."""
    parts = text.strip().split("+", 2)
    data = _base64(parts[2]) if len(parts) == 3 else None  # noqa: PLR2004
    if data is None or len(data) != 33 or data[:1] != _ED25519 or not _NAME.fullmatch(parts[0]):  # noqa: PLR2004
        return msg("this is no public key of the form name+id+key")
    key = VerificationKey(parts[0], data[1:])
    if key.id.hex() != parts[1]:
        return msg("the key is damaged: its name, id and value do not belong together")
    return key


def parse_signing_key(text: str) -> SigningKey | Message:
    """The private key in one line, or what is wrong with it; the message shows nothing of it."""
    if not text.startswith(_PRIVATE):
        return msg("this is no signing key; 'u8sync audit key new' makes one")
    parts = text.removeprefix(_PRIVATE).strip().split("+", 2)
    data = _base64(parts[2]) if len(parts) == 3 else None  # noqa: PLR2004
    if data is None or len(data) != 33 or data[:1] != _ED25519 or not _NAME.fullmatch(parts[0]):  # noqa: PLR2004
        return msg("the signing key is damaged")
    key = SigningKey(parts[0], data[1:])
    if key.verification.id.hex() != parts[1]:
        return msg("the signing key is damaged")
    return key


def parse_note(text: str) -> Note | Message:
    """A signed note, or what is wrong with its form. Its signatures are not checked."""
    body, gap, tail = text.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or len(text.encode("utf-8", "replace")) > _MOST_BYTES:
        return msg("this is no signed note")
    signatures = []
    for line in tail[:-1].split("\n"):
        found = _SIGNATURE_LINE.fullmatch(line)
        data = _base64(found["data"]) if found else None
        if found is None or data is None or len(data) != 68:  # noqa: PLR2004
            return msg("this is no signed note")
        signatures.append(Signature(found["name"], data[:4], data[4:]))
    return Note(f"{body}\n", tuple(signatures))


def parse_checkpoint(body: str) -> Checkpoint | Message:
    """The checkpoint in the body of a note, or what is wrong with it. Unknown further lines are refused."""
    lines = body.split("\n")
    wrong = msg("the note is no checkpoint of a u8sync log")
    if len(lines) != 6 or lines[5]:  # noqa: PLR2004
        return wrong
    origin, size, root, time, account_set = lines[:5]
    decoded = _base64(root)
    if (
        not origin.startswith("u8sync/")
        or not re.fullmatch(r"0|[1-9][0-9]{0,15}", size)
        or decoded is None
        or len(decoded) != hashlib.sha256().digest_size
        or not re.fullmatch(r"time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time, re.ASCII)
        or not account_set.startswith("account-set ")
    ):
        return wrong
    checkpoint = Checkpoint(
        origin, int(size), decoded, time.removeprefix("time "), account_set.removeprefix("account-set ")
    )
    return checkpoint if checkpoint.body == body else wrong


def _base64(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None  # one spelling only
