"""What the tests of the wire share."""

from __future__ import annotations

import odbc
import pytest
from tds.certificates import Certificates, make_certificates


@pytest.fixture(params=odbc.DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Each real driver in turn."""
    odbc.require(request.param)
    return request.param


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For ``localhost``, by an authority that nobody trusts unasked."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
