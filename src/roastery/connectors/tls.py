"""What servers' certificates are checked by, one context per process: reading it takes longer than many a request."""

import ssl
from functools import cache

import httpx2


@cache
def tls(trusts_env: bool) -> ssl.SSLContext:
    """trusts_env: whether SSL_CERT_FILE and SSL_CERT_DIR name the certificates, as read when first asked."""
    return httpx2.create_ssl_context(trust_env=trusts_env)
