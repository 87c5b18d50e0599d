"""Pictures of graphs. Like the engine, this knows nodes and functions, and neither Variables nor layers."""
