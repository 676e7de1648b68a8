"""A stand-in for the Globus cloud on this machine: Auth, and Compute with its action provider.

What lives in the cloud and is closed is stood in for here; all else is real: the message broker,
the agent, the SDK, the serializers. It knows nothing of what the functions do.

=============  ====================================================================================
``broker``     a RabbitMQ node of one's own
``cloud``      the stand-in as a process, and what agent and SDK need to find it
``agent``      the real agent, with an endpoint in a folder of its own
``auth``       tokens and identities
``logins``     logins by browser
``service``    functions, endpoints and tasks
``messages``   what passes through the broker to endpoints and back
``provider``   the action provider, as Globus Flows calls it
``state``      what is kept, in a file, so that a restart loses nothing
``web``        HTTP
``leash``      what ends all of it with the session that started it
=============  ====================================================================================

Source: globus-compute-sdk and -endpoint 4.19, read and run.
"""
