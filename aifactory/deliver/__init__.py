"""Adapters that realise a Bundle: the Pulumi engine, the rendered tree, the live cluster."""
