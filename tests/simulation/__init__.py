"""The order path in one process, on virtual time, with everything that can go wrong going wrong."""
