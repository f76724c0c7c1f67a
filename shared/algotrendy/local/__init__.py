"""The laptop platform: supervises PostgreSQL, Valkey, the AWS emulator and the services."""
