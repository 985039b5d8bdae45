"""What is learned in one step: the loss and the scores of a batch, whoever runs the steps."""
