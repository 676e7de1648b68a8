"""The stand-in's own tests ask for it by these names."""

from tests.globus_cloud.fixtures import globus_cloud, pytest_runtest_makereport, rabbitmq

__all__ = ["globus_cloud", "pytest_runtest_makereport", "rabbitmq"]
