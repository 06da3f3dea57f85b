"""From a user's files to sessions, and from sessions to training and test prefixes."""
