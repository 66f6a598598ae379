"""Language models behind `ports.Models`, and the planner that sits in the agent's seat where there is none."""
