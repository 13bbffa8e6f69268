"""What people say to each other on this screen: marks with their notes, and the chat."""
