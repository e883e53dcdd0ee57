"""What a fitted network shows of itself: activations, input gradients, traces, diagnosis."""
