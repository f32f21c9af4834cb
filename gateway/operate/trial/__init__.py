"""Mail of a file or folder decided as if it had come to the gateway, and what would have become of it."""
