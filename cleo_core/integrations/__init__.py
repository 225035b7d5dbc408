"""What other tools hear of tasks. Each module needs its own extra; none of them is imported by the engine."""
