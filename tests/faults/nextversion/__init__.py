"""The gateway of a later version: one migration more, which takes its time."""
