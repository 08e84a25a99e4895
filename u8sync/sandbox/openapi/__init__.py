"""Yonyou's U8 OpenAPI, served over HTTP from an embedded account set, so that a client can be tried without U8.

The road of one call: :mod:`~u8sync.sandbox.openapi.server` (HTTP) -> :mod:`~u8sync.sandbox.openapi.calls` (which call,
strict checks) -> :mod:`~u8sync.sandbox.openapi.gate` (who asks) -> the archive and the documents of the account set ->
:mod:`~u8sync.sandbox.openapi.spoiling` (what a fault makes of the answer). Nothing here knows a client.
"""
