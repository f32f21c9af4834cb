"""`make score`: how well mail is read, on the corpora, against the figures kept in benchmarks/scores.json."""
