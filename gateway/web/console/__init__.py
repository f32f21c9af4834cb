"""The console: the operator's pages in a browser. Everything works without scripts."""
