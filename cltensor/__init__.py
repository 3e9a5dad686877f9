from cltensor.ops import EXPORTS
globals().update(EXPORTS)
