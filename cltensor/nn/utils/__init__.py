"""What goes with layers, under PyTorch's names."""

from cltensor.nn.utils.clip_grad import clip_grad_norm, clip_grad_norm_, clip_grad_value_

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_"]
