"""What the console knows, and how it learns it. Nothing here draws: there is no Textual in this package."""
