"""The terminal console of Cleo: it shows what the queues do, says what is wrong, and mends it without making it worse.

It stands on the public calls of ``cleo_core`` and never speaks to Redis itself.
"""
