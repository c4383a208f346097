"""Makes an authority, and a certificate of it for a server on this machine.

Run as `python -m benchmarks.authority CERTIFICATE BUNDLE`, it writes both files. The keys are of the kind and length of
IAM's own. The bundle is botocore's with this authority added, so that a client parses as many as a user's does.
"""

from __future__ import annotations

import ipaddress
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from botocore.httpsession import DEFAULT_CA_BUNDLE
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

VALID = timedelta(days=2)


def write(certificate: Path, bundle: Path) -> None:
    issuing, serving = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    authority, server = _named("Authority of one benchmark"), _named("127.0.0.1")
    root = (
        _began(authority, authority, issuing, serving=issuing)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(issuing, hashes.SHA256())
    )
    hosts = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    leaf = (
        _began(server, authority, issuing, serving=serving)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(_usage(signs=False), critical=True)
        .sign(issuing, hashes.SHA256())
    )
    key = serving.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate.write_bytes(_pem(leaf) + key)
    bundle.write_bytes(Path(DEFAULT_CA_BUNDLE).read_bytes() + _pem(root))


def _began(
    subject: x509.Name, issuer: x509.Name, issuing: rsa.RSAPrivateKey, *, serving: rsa.RSAPrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(issuer, subject, serving.public_key(), x509.random_serial_number())
    return (
        builder.not_valid_before(now - VALID)
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(serving.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """Of an authority that signs certificates, or of a server."""
    rest = dict.fromkeys(("content_commitment", "data_encipherment", "key_agreement", "encipher_only"), False)
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        decipher_only=False,
        **rest,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
