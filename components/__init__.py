"""Pulumi components of an AI factory; each is usable alone, ``factory.AIFactory`` wires them."""
