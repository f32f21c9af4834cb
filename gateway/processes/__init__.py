"""Listeners and the worker as processes of their own, under one that starts them again and speaks for all."""
