"""The outside that identity speaks with: the issuer's keys over HTTP, and Cognito."""
