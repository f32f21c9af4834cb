"""Deciding: pure, Email + Envelope + Facts -> Decision."""
