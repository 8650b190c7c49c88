"""Wire-compatible twins of google.rpc.Status and its details, generated: see generate.sh."""
