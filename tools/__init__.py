"""What keeps generated files of the checkout up to date; no part of the package."""
