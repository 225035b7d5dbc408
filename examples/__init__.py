"""Programs that show how Cleo is used. Each runs as it is; the tests run all of them."""
