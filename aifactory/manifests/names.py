"""The one namer: names of Kubernetes objects, valid and stable whatever goes in."""

import hashlib
import re

LIMIT = 63
"""Longest DNS label (RFC 1123), and the limit of a label value."""


def dns_label(*parts: str, limit: int = LIMIT) -> str:
    """A DNS label made of parts, joined by dashes.

    Guarantees: only lower-case letters, digits and inner dashes; at most ``limit`` characters; equal parts
    give equal names; where characters had to be replaced or cut, a hash of the parts keeps names apart.

    Args:
        parts: At least one non-empty text.
        limit: Most characters, at least 16.
    """
    exact = "-".join(parts)
    plain = re.sub(r"[^a-z0-9]+", "-", exact.lower()).strip("-")
    if plain == exact and len(plain) <= limit:
        return plain
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    head = plain[: limit - len(digest) - 1].strip("-")
    return f"{head}-{digest}" if head else f"x-{digest}"
