"""What a stack file may say: frozen pydantic models, one module a section."""
