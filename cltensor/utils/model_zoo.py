"""`utils.model_zoo`: the older place of what `ct.hub` answers."""

from cltensor.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
