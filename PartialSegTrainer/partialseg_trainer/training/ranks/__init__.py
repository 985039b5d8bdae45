"""The processes that train one model together: how they start, who leads, whose share is whose."""
