"""What becomes of a vendor's notice: its lifecycle, incidents of many clients, storms, planned work."""
