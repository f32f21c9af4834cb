"""What operators do: backup and the way back, whether the store is whole, decisions looked at before they are made."""
