"""Mail of the gateway's own: written, kept as letters in the store (store/letters.py), brought to the smarthost."""
