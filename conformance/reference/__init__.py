"""Where expected answers come from: exact arithmetic, certified values, other programs."""
