"""What can be said of a way into U8 before a run: is all there, which account sets, which rights are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from u8sync.anchoring.checks import examine_anchors
from u8sync.audit.health import examine_log
from u8sync.backends import BackendKind
from u8sync.bootstrap.installation import Installation, kind_of, open_backend, retry_of
from u8sync.bootstrap.machine import shown
from u8sync.bootstrap.trust import anchors_of, database_anchor
from u8sync.config.settings import DatabaseAnchor, load_settings
from u8sync.engine import doctor
from u8sync.errors import InputError
from u8sync.ports import AccountSetFound, Backend, Check, Clock, DatabaseFound, Needs
from u8sync.text import msg

__all__ = ["account_sets", "examine", "grants"]


def examine(installation: Installation, clock: Clock) -> Iterator[Check]:
    """Everything that ``doctor`` looks at, in the order of the road of a run. Nothing is written."""
    settings, mapping, policy = installation.settings, installation.mapping, installation.policy
    kind, options = kind_of(settings)
    needs = _needs(installation, kind, options)
    yield Check(
        msg("Configuration"),
        "ok",
        msg(
            "{config}: {fields} fields in {mapping}, {tiers} tiers in {policy}",
            config=settings.located.file,
            fields=len(mapping.fields),
            mapping=shown(settings.mapping),
            tiers=len(policy.tiers),
            policy=shown(settings.policy),
        ),
    )
    yield doctor.check_zone(settings.timezone, clock.now().astimezone())
    yield from doctor.examine(
        kind.examine(options, installation.folder, needs) if kind.examine else iter(()),
        lambda: open_backend(installation, writing=False, tries=1),
        lambda account_set: examine_log(settings.audit_folder, account_set, clock),
        mapping=mapping,
        policy=policy,
    )
    yield from examine_anchors(anchors_of(settings, installation.folder))


def account_sets(config: Path, *, tries: int = 1) -> Sequence[AccountSetFound]:
    """The account sets that the configured login can see. Mapping and policy need not be there yet.

    ``tries``: how often to ask at most while the server is busy or does not answer.
    """
    settings = load_settings(config)
    kind, options = kind_of(settings)
    if kind.accounts is not None:
        retry = retry_of(settings)
        listed, _ = replace(retry, tries=min(tries, retry.tries)).call(kind.accounts, options, config.parent)
        return listed
    backend: Backend = kind.open(options, config.parent, retry_of(settings))
    try:
        found = backend.account_set()
    finally:
        backend.close()
    return [AccountSetFound(found.code, found.name, (DatabaseFound(found.database, None, None),))]


def grants(installation: Installation, *, reader: str, writer: str) -> str:
    """The script that gives these two logins the rights that mapping and policy need, and no more.

    Raises InputError when this way into U8 has no logins.
    """
    kind, options = kind_of(installation.settings)
    if kind.grants is None:
        raise InputError(
            msg(
                "The way into U8 named {name} knows no logins: there is nothing to grant.",
                name=installation.settings.backend,
            ),
            hint=msg("'u8sync grants' is for account sets on a database server."),
        )
    scripts = [kind.grants(options, installation.folder, _needs(installation, kind, options), reader, writer)]
    for place in installation.settings.anchors:
        if isinstance(place, DatabaseAnchor):
            anchor, anchor_options = database_anchor(installation.settings, place)
            scripts.append(anchor.grants(anchor_options))
    return "\n".join(scripts)


def _needs(installation: Installation, kind: BackendKind, options: Any) -> Needs:  # noqa: ANN401
    """What mapping and policy ask of the account set; every kind of backend has the option ``read_only``."""
    return doctor.needs_of(installation.mapping, installation.policy, kind.way, writing=not options.read_only)
