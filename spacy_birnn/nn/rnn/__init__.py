"""The recurrence: cells, one layer in three ways, and the stacked encoder."""
