"""Operations on Tensors; each module declares one kind."""
