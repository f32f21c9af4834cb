"""The configuration: ``gateway.toml`` as one frozen ``Settings``, and where each key stands."""
