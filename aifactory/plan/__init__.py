"""From a stack and the catalogue to a FactoryPlan: pure arithmetic and findings, no I/O."""
