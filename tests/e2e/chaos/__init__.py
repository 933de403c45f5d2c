"""What chaos_test.py is made of."""
