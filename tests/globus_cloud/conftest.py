"""The stand-in's own tests ask for it by these names."""

from tests.globus_cloud.fixtures import globus_cloud, rabbitmq

__all__ = ["globus_cloud", "rabbitmq"]
