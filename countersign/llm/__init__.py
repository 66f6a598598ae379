"""The models in the two seats: how they are asked, held to their budgets, recorded, and done without."""
