"""Five phases of implementation as a scored checklist; what the staff say."""
