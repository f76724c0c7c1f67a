"""Who is calling, for which tenant, in which roles."""
