"""How the shared numbers are learned, one visible loop a method."""
