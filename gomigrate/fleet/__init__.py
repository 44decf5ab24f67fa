"""Plan and report over many repositories. Only `gomigrate.fleet.workflow` needs flytekit."""
