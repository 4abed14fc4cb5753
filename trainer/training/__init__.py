"""`trmpipe train`: what is settled before it, the step, the loop, what it tells and comes to."""
