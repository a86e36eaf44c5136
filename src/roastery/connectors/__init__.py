"""Connectors: what each provider holds, fetched politely and landed as raw records."""
