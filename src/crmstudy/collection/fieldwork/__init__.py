"""Who was asked, who answered, and for whom the answers stand."""
