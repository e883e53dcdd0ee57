"""A saved model as a web service: requests and answers in JSON, batches, limits, and a page with a form."""
