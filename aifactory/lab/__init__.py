"""Local labs: the tools they need, the simulated cluster, the kind cluster, and the probes."""
