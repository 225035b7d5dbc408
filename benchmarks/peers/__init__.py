"""The same workload on other Python task queues, so that a comparison comes from one run on one machine."""
