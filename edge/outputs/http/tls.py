"""The certificate for https."""

from __future__ import annotations

import ssl
from pathlib import Path

from edge.errors import ConfigError
from edge.secrets import _among_credentials


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer with this certificate.

    Args:
        certificate: PEM, with the chain where there is one.
        key: PEM, not encrypted.
    Raises:
        ConfigError: a file cannot be read, or the two do not belong together.
    """
    certificate, key = _among_credentials(certificate), _among_credentials(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # With a password, so that an encrypted key is an error and not a question on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        reason = (error.reason or "no PEM").replace("_", " ").lower()
        raise ConfigError(
            f"http.tls_certificate {certificate} and http.tls_key {key} cannot be used ({reason}): "
            "give the PEM files of one certificate, its key not encrypted"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"http.tls_certificate {certificate} or http.tls_key {key} cannot be read ({error.strerror}): "
            "check the paths and who owns them"
        ) from error
    return context
