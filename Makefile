# Placeholder targets are never added: each target here does what it says.
