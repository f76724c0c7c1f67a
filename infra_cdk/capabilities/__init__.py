"""Hold one construct a capability, under the name it has everywhere in the house."""
