"""What runs beside the mail: retention, the late look, files to be scanned again, mail that has to come."""
