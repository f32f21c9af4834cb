"""What several sides match by: conditions, captures, domains, titles, words of state, names of clients, files."""
