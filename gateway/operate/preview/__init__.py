"""Decisions without effects: a mail explained, kept mail decided again, notices and fan-outs looked at before."""
