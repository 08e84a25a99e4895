"""A certificate authority of our own, and a server's certificate made by it."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import ssl
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

__all__ = ["Certificates", "Tls", "make_certificates"]


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: the authority to trust, the server's certificate, its key."""

    authority: Path
    server: Path
    key: Path


@dataclass(frozen=True)
class Tls:
    """How far a server protects its connections.

    Attributes:
        certificates: The server's own.
        protects: The login alone, as when neither side asks for more; or all, which a client then cannot refuse.
        version: The only one spoken: 1.0 is what SQL Server 2008 R2 knows without updates.
    """

    certificates: Certificates
    protects: Literal["login", "all"] = "login"
    version: Literal["1.0", "1.2"] = "1.2"

    def context(self) -> ssl.SSLContext:
        """What Python's ssl makes of it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        only = ssl.TLSVersion.TLSv1_2
        if self.version == "1.0":
            only = ssl.TLSVersion.TLSv1
            context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            # TLS 1.0 is meant.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = only
            context.maximum_version = only
        context.load_cert_chain(self.certificates.server, self.certificates.key)
        return context


def make_certificates(folder: Path, host: str = "localhost") -> Certificates:
    """Write an authority and a certificate for ``host``, a name or an address, into ``folder``.

    They are made once for each host, by an authority of its own: finding two keys takes longer than most tests.
    """
    files = Certificates(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    for file, content in zip((files.authority, files.server, files.key), _made(host), strict=True):
        file.write_bytes(content)
    return files


@functools.cache
def _made(host: str) -> tuple[bytes, bytes, bytes]:
    """What stands in the files of the authority, the server's certificate and its key."""
    authority_key = _key()
    server_key = _key()
    authority_name = _name("u8sync test authority")
    authority = (
        _builder(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _builder(_name(host), authority_name, server_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return authority.public_bytes(serialization.Encoding.PEM), server.public_bytes(serialization.Encoding.PEM), key


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
    )
