"""Items are tasks too: what the people who met a cold item say of it, in closed form."""
