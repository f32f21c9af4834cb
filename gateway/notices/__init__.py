"""Machine-written notices of vendors: what they say, read by declarative profiles.

Pure: a mail and profiles in, a Notice out. What becomes of a notice is decided in ``gateway.decide.notices.notice``.
"""
