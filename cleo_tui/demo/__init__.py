"""A believable workload to show the console with: a small shop whose queues are never quite well."""
