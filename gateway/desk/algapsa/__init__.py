"""AlgaPSA over its REST API: the client, the names of its catalog, finding again what was sent."""
