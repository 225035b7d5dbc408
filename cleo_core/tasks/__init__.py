"""What a task is to the program that declares and enqueues it."""
