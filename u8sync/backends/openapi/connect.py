"""From settings to a client: the app's secret, the certificates to trust, and the connections. Nothing is asked yet."""

from __future__ import annotations

from pathlib import Path

from u8sync.backends.openapi.client import Client
from u8sync.backends.openapi.options import OpenApiOptions
from u8sync.backends.openapi.wire import Wire
from u8sync.backends.secrets import resolve
from u8sync.errors import InputError
from u8sync.ports import Trying
from u8sync.text import msg

__all__ = ["connect"]


def connect(options: OpenApiOptions, base: Path, trying: Trying) -> Client:
    """A client for these settings. Raises InputError when the secret or the certificates cannot be had.

    Args:
        options: The settings.
        base: The folder that relative paths of the settings start from.
        trying: When to try a call again.
    """
    secret = resolve(options.app_secret, base, key="app_secret")
    ca_file = None if options.ca_file is None else str(_readable(base / options.ca_file))
    wire = Wire(ca_file=ca_file, proxy=options.proxy, connect_timeout_s=options.connect_timeout_s)
    return Client(options, secret, trying, wire)


def _readable(file: Path) -> Path:
    # The HTTP library would take a missing file for a lost connection.
    try:
        with file.open("rb"):
            return file
    except OSError as error:
        raise InputError(
            msg(
                "Certificates of the gateway: {file} cannot be read: {why}",
                file=str(file),
                why=error.strerror or type(error).__name__,
            ),
            hint=msg("Give a file in PEM that the user who runs u8sync may read."),
        ) from None
