"""Encryption as drivers ask for it and servers grant it, with certificates that are good and bad."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import odbc
import pytest
from tds.certificates import Certificates, Tls, make_certificates
from tds.scripted import ScriptedEngine
from tds.server import TdsServer

SUPPORT = Path(odbc.__file__).parent
REQUIRE = {
    "freetds": {"Encryption": "require"},
    "msodbcsql": {"Encrypt": "yes", "TrustServerCertificate": "yes"},
    "mssql-python": {"Encrypt": "yes", "TrustServerCertificate": "yes"},
}
MICROSOFT = ["msodbcsql", "mssql-python"]


def test_all_is_encrypted_when_the_client_asks_for_it(driver: str, certificates: Certificates) -> None:
    with (
        TdsServer(ScriptedEngine(), tls=Tls(certificates)) as server,
        odbc.connection(driver, server.port, **REQUIRE[driver]) as connection,
    ):
        connection.cursor().execute("UPDATE t SET a = ?", ("长" * 20_000,))
        assert [login.encrypted for login in server.logins] == [True]
        carried = [request.parameters[0].value for request in server.requests if request.parameters]
        assert carried == ["长" * 20_000]


def test_the_login_alone_is_encrypted_when_nobody_asks_for_more(driver: str, certificates: Certificates) -> None:
    options = {"Encryption": "request"} if driver == "freetds" else {"Encrypt": "no"}
    with (
        TdsServer(ScriptedEngine(), tls=Tls(certificates)) as server,
        odbc.connection(driver, server.port, **options) as connection,
    ):
        connection.cursor().execute("UPDATE t SET a = ?", ("用友",))
        assert [login.encrypted for login in server.logins] == [False]


def test_a_server_without_tls_is_refused_by_a_client_that_requires_it(driver: str) -> None:
    with TdsServer(ScriptedEngine()) as server:
        with pytest.raises(Exception, match=r"08001|Encryption not supported"):
            odbc.connect(driver, server.port, **REQUIRE[driver])
        assert server.logins == []


def test_a_server_that_requires_tls_gets_it_from_a_client_that_did_not_ask(
    driver: str, certificates: Certificates
) -> None:
    options = {"Encryption": "off"} if driver == "freetds" else {"Encrypt": "no", "TrustServerCertificate": "yes"}
    with (
        TdsServer(ScriptedEngine(), tls=Tls(certificates, "all")) as server,
        odbc.connection(driver, server.port, **options),
    ):
        assert [login.encrypted for login in server.logins] == [True]


_CONNECT = """
import sys
import odbc
try:
    odbc.connect(sys.argv[1], int(sys.argv[2]), **dict(pair.split("=", 1) for pair in sys.argv[3:])).close()
except Exception as failure:
    print(failure)
else:
    print("connected")
"""


def _outcome(driver: str, server: TdsServer, trusted: Path | None, **options: str) -> str:
    """What a process of its own says, which trusts ``trusted``: OpenSSL reads that from the environment once."""
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    if trusted:
        environment["SSL_CERT_FILE"] = str(trusted)
    # An address is not matched against the certificate, a name is.
    options = {"SERVER": f"localhost,{server.port}", "Encrypt": "yes"} | options
    command = [sys.executable, "-c", _CONNECT, driver, str(server.port), *(f"{k}={v}" for k, v in options.items())]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("driver", MICROSOFT)
@pytest.mark.skipif(
    sys.platform != "linux", reason="SSL_CERT_FILE is OpenSSL's; elsewhere trust is the system's affair"
)
class TestMicrosoftsDriverVerifies:
    def test_a_trusted_certificate_of_the_right_host_is_accepted(self, driver: str, certificates: Certificates) -> None:
        odbc.require(driver)
        with TdsServer(ScriptedEngine(), tls=Tls(certificates)) as server:
            assert _outcome(driver, server, certificates.authority) == "connected\n"
            assert [login.encrypted for login in server.logins] == [True]

    def test_an_untrusted_certificate_is_refused_as_untrusted(self, driver: str, certificates: Certificates) -> None:
        odbc.require(driver)
        with TdsServer(ScriptedEngine(), tls=Tls(certificates)) as server:
            assert "unable to get local issuer certificate" in _outcome(driver, server, None)
            assert server.logins == []

    def test_a_trusted_certificate_of_another_host_is_refused_for_its_name(self, driver: str, tmp_path: Path) -> None:
        odbc.require(driver)
        other = make_certificates(tmp_path, "u8.example.com")
        with TdsServer(ScriptedEngine(), tls=Tls(other)) as server:
            assert "does not match host name" in _outcome(driver, server, other.authority)
            named = _outcome(driver, server, other.authority, HostNameInCertificate="u8.example.com")
            assert named == "connected\n"

    def test_naming_the_certificate_file_does_not_make_it_trusted(
        self, driver: str, certificates: Certificates
    ) -> None:
        odbc.require(driver)
        with TdsServer(ScriptedEngine(), tls=Tls(certificates)) as server:
            outcome = _outcome(driver, server, None, ServerCertificate=str(certificates.server))
        # The setting counts with Encrypt=strict alone, which servers before 2022 do not know.
        assert "unable to get local issuer certificate" in outcome

    def test_an_old_server_that_knows_tls_1_0_only_is_refused_even_without_encrypt(
        self, driver: str, certificates: Certificates
    ) -> None:
        odbc.require(driver)
        with TdsServer(ScriptedEngine(), tls=Tls(certificates, version="1.0")) as server:
            assert "SSL Provider" in _outcome(driver, server, certificates.authority, Encrypt="no")
            assert server.logins == []
