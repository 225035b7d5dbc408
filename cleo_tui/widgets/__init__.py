"""The widgets, one file each. They draw what they are given and know nothing of the server."""
