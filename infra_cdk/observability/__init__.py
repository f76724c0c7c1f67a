"""Say what is watched: objectives, dashboards, rules and runbooks, all made of the one table."""
