"""Who reaches whom in a factory: what is meant, what the NetworkPolicies say, and where the two differ."""
