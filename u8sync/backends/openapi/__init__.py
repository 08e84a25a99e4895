"""The way into an account set through Yonyou's OpenAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from u8sync.backends import BackendKind
from u8sync.backends.openapi.backend import OpenApiBackend
from u8sync.backends.openapi.cache import open_cache
from u8sync.backends.openapi.checks import examine
from u8sync.backends.openapi.connect import connect
from u8sync.backends.openapi.options import OpenApiOptions
from u8sync.backends.read_only import ReadOnly
from u8sync.ports import Backend, Trying

__all__ = ["KIND", "open_backend"]


def open_backend(options: OpenApiOptions, base: Path, trying: Trying) -> Backend:
    """Sign in and open the local cache.

    Args:
        options: Its settings.
        base: The folder that relative paths of the settings start from.
        trying: When to try a call again.

    Raises:
        InputError: The app's secret cannot be had.
        FatalError: The login is refused, or the cache cannot be used.
        TransientError: The gateway does not answer.
    """
    client = connect(options, base, trying)
    try:
        client.sign_in()
        sequence = "default" if options.ds_sequence is None else str(options.ds_sequence)
        identity = f"{options.url} {options.to_account} {sequence}"
        cache = open_cache(base / options.cache, identity)
    except BaseException:
        client.close()
        raise
    backend = OpenApiBackend(options, client, cache)
    return ReadOnly(backend) if options.read_only else backend


KIND: Final = BackendKind(
    options=OpenApiOptions,
    open=open_backend,
    way="openapi",
    examine=examine,
    server=lambda options: f"{options.url.casefold()} {options.to_account}",
)
