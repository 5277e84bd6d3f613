"""What is done in a site's own pods."""
