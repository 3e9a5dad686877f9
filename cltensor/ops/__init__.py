"""Operations on Tensors and Variables; each module declares one kind."""
