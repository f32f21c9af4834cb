"""The one door: what comes in, by SMTP or otherwise, is matched to its mailbox, looked at and kept."""
