"""The GitOps tree of a site as plain data: what is in which file. Nothing here reads or writes one."""
