"""The paper exchange in process, without a wire."""
