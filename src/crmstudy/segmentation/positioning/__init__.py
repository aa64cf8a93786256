"""Where segments stand, and which strategy follows."""
