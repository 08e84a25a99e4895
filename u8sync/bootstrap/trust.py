"""The audit log's key and the places that get its checkpoints: from the configuration to what does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from u8sync.anchoring.folder import FolderAnchor
from u8sync.anchoring.publishing import collect, publish_all
from u8sync.anchoring.stamps import Stamped, verify_stamps
from u8sync.anchoring.timestamp import TimestampAnchor
from u8sync.audit.checkpoint import SigningKey, VerificationKey, origin_of, parse_key, parse_signing_key
from u8sync.audit.key_store import FileStore, KeyringStore, Store
from u8sync.audit.reading import iterate
from u8sync.audit.store import ChainedLog
from u8sync.backends import AnchorKind, backend_kind
from u8sync.backends.secrets import KeyringEntry, SecretReference, resolve
from u8sync.config.checking import check_part
from u8sync.config.settings import DatabaseAnchor, Settings, load_settings
from u8sync.config.settings import FolderAnchor as FolderPlace
from u8sync.config.settings import TimestampAnchor as TimestampPlace
from u8sync.errors import InputError
from u8sync.ports import Anchor
from u8sync.text import Message, msg

__all__ = [
    "anchors_of",
    "checkpoints_outside",
    "database_anchor",
    "key_store",
    "publisher",
    "read_key",
    "signer_of",
    "stamps_beside",
    "trusted_keys",
]


def key_store(settings: Settings) -> Store:
    """Where the configuration keeps the signing key. Raises InputError when it names no place."""
    place = settings.audit_key
    if place is None:
        raise InputError(
            msg("The configuration {file} names no place for a signing key", file=settings.located.file),
            hint=msg("Add one under 'audit', for instance: key: {{file: audit.key}}"),
        )
    return FileStore(place.file) if place.file is not None else KeyringStore(*(place.keyring or ("", "")))


def signer_of(settings: Settings) -> SigningKey | None:
    """The key that signs checkpoints; null when the configuration names none.

    Raises InputError when it is not there, or its place is not fit for a secret.
    """
    return None if settings.audit_key is None else read_key(key_store(settings))


def read_key(store: Store) -> SigningKey:
    """The signing key that is kept there."""
    if not store.exists():
        raise InputError(
            msg("There is no signing key where the configuration says"),
            hint=msg("'u8sync audit key new' makes one and puts it there."),
        )
    reference = (
        SecretReference(file=str(store.path.absolute()))
        if isinstance(store, FileStore)
        else SecretReference(keyring=KeyringEntry(service=store.service, user=store.user))
    )
    key = parse_signing_key(resolve(reference, Path(), key="audit: key").get_secret_value())
    if isinstance(key, Message):
        raise InputError(
            msg("The signing key of the audit log cannot be used: {what}", what=key),
            hint=msg("Put the right one back, or make another with 'u8sync audit key rotate --lost'."),
        )
    return key


def anchors_of(settings: Settings, folder: Path) -> list[Anchor]:
    """The places outside this machine that get checkpoints; none of them is reached yet."""
    anchors: list[Anchor] = []
    for place in settings.anchors:
        match place:
            case FolderPlace():
                anchors.append(FolderAnchor(place.folder, place.timeout_s))
            case TimestampPlace():
                anchors.append(TimestampAnchor(place.url, place.certificates, place.timeout_s))
            case DatabaseAnchor():
                kind, options = database_anchor(settings, place)
                anchors.append(kind.open(options, folder, place.timeout_s))
    return anchors


def database_anchor(settings: Settings, place: DatabaseAnchor) -> tuple[AnchorKind, Any]:
    """How such a server keeps checkpoints, and the checked settings of this one."""
    kind = backend_kind(place.backend).anchor
    if kind is None:
        raise TypeError(f"{place.backend} keeps no checkpoints")
    return kind, check_part(settings.located, place.route, kind.options)


def publisher(settings: Settings, folder: Path, log: ChainedLog) -> Callable[[str], Sequence[Message]]:
    """Takes the checkpoints of a log to the places that the configuration names."""
    anchors = anchors_of(settings, folder)

    def publish(_newest: str) -> Sequence[Message]:
        return [one.message for one in publish_all(anchors, log.checkpoints(), log.folder / "anchors")]

    return publish


def checkpoints_outside(config: Path, log: str) -> tuple[Sequence[str], Sequence[Message]]:
    """What the anchors of a configuration hold of the log in a folder of this name, and why some were not heard."""
    settings = load_settings(config)
    collected = collect(anchors_of(settings, config.parent), origin_of(log))
    return collected.checkpoints, [one.message for one in collected.missed]


def stamps_beside(config: Path, log: Path, archive: Path | None) -> Iterator[Stamped]:
    """The time stamps of a log, checked with the certificates that the configuration names; none without any."""
    places = [place for place in load_settings(config).anchors if isinstance(place, TimestampPlace)]
    if not places:
        return
    checkpoints = [str(record["note"]) for record in iterate(log, "checkpoint", archive=archive)]
    try:
        certificates = b"\n".join(place.certificates.read_bytes() for place in places)
        yield from verify_stamps(log / "anchors", checkpoints, certificates)
    except OSError as error:
        raise InputError(
            msg("{path} cannot be read: {why}", path=str(error.filename), why=error.strerror or str(error)),
            hint=msg("The operator of the service hands out its root certificate, in PEM."),
        ) from None


def trusted_keys(settings: Settings) -> list[VerificationKey]:
    """The public keys that the configuration trusts."""
    keys = []
    for text in settings.trusted_keys:
        key = parse_key(text)
        if isinstance(key, Message):
            raise InputError(
                msg("'{text}' under 'audit: trusted_keys:' cannot be used: {what}", text=text, what=key),
                hint=msg("'u8sync audit key show' prints the key as it must stand there."),
            )
        keys.append(key)
    return keys
