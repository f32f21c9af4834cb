"""The ``gateway`` command, also ``python -m gateway``."""

from gateway.startup import uncollected

with uncollected():
    from gateway.cli import main

if __name__ == "__main__":
    main()
