"""A stand-in for the Globus cloud on this machine: Auth, Compute with its action provider, Flows.

What lives in the cloud and is closed is stood in for here; all else is real: the message broker,
the agent, the SDK, the serializers. It knows nothing of what the functions do.

============== ====================================================================================
``broker``     a RabbitMQ node of one's own
``cloud``      the stand-in as a process, and what agent and SDK need to find it
``agent``      the real agent, with an endpoint in a folder of its own
``auth``       tokens and identities
``logins``     logins by browser
``service``    functions, endpoints and tasks
``messages``   what passes through the broker to endpoints and back
``provider``   the action provider, as Globus Flows calls it
``flows``      flows, and who may do what with them
``runs``       runs of flows, and their logs
``running``    the processes that run flows: a program that the stand-in is told of
``validation`` what is wrong with a definition, an input schema or an input
``state``      what is kept, in a file, so that a restart loses nothing
``web``        HTTP
``leash``      what ends all of it with the session that started it
============== ====================================================================================

Source: globus-compute-sdk and -endpoint 4.19 and globus-sdk 4.10, read and run.
"""
