"""The worker: it claims, runs and settles tasks, and keeps its leases alive meanwhile."""
