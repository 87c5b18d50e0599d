"""Pictures of graphs. Like the engine, this knows nodes and functions and no Variable, let alone a layer."""
