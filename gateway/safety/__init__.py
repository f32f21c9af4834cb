"""What guards the store from outside: backups, the way back, and whether all is whole."""
