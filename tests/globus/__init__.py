"""The whole way through Globus Compute: real broker, agent, SDK and serializers, a stand-in cloud.

``account`` is somebody who uses Globus, ``clients`` the processes that call through the SDK,
``web`` calls as Globus Flows does, and ``contents`` is what a database then holds.
"""
