"""What experts judged: reading, questionnaires, incomplete matrices."""
