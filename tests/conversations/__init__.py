"""Replies as many mail programs write them, in many ways and languages, to a ticket with a technician's comment."""
