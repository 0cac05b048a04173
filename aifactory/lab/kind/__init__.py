"""The lab on kind: containers as nodes, with a node image that is built without a container registry."""
