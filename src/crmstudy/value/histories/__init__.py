"""From a ledger to purchase histories, and which days test the models."""
