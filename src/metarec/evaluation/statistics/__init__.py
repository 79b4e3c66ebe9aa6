"""What a comparison proves: results by person, intervals and corrected tests."""
