"""From one shop to another: what is learned of content and of people, without the first's items."""
