"""What the service knows, as the tables of the engine."""
