"""Local and global weights of a hierarchy, their sensitivity and their uncertainty."""
