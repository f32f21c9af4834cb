"""AlgaPSA over its REST API: its client, its rows as records, finding again what was sent."""
