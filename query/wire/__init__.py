"""Bodies of the upstream APIs to and from the model. Bytes stay bytes until a node needs more."""
