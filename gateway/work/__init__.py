"""The way of an accepted mail: read, decided, planned, carried out, looked at again."""
