"""What passes through the broker: tasks and orders to endpoints, results and signs of life back."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

T = TypeVar("T")
Received = Callable[[bytes], None]

RESULTS, HEARTBEATS = "results", "heartbeats"
_PATIENCE_S = 60.0


class Messages(threading.Thread):
    """One connection to the broker, opened anew whenever it is lost.

    :param url: the broker.
    :param received: what to do with a message of the two queues that endpoints write to.
    """

    def __init__(self, url: str, received: dict[str, Received]) -> None:
        super().__init__(daemon=True, name="messages")
        self.url = url
        self._received = received
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._there = threading.Event()
        self._lost: Exception | None = None

    def run(self) -> None:
        """Receive for ever."""
        while True:
            try:
                self._connect()
                self._there.set()
                assert self._channel is not None
                self._channel.start_consuming()
            except Exception as error:  # noqa: BLE001 - without this thread nothing arrives
                self._lost = error
                print(f"the broker is lost: {error!r}", file=sys.stderr, flush=True)
            self._there.clear()
            self._disconnect()
            time.sleep(0.2)

    def publish(self, queue: str, *messages: tuple[bytes, dict[str, Any]]) -> None:
        """Put messages with their properties into a queue; they are there when this returns."""

        def send(channel: BlockingChannel) -> None:
            channel.queue_declare(queue, durable=True)
            for body, properties in messages:
                told = pika.BasicProperties(delivery_mode=2, **properties)
                channel.basic_publish("", queue, body, told)

        self._do(send)

    def declare(self, *queues: str) -> None:
        """Make queues where there are none."""

        def make(channel: BlockingChannel) -> None:
            for queue in queues:
                channel.queue_declare(queue, durable=True)

        self._do(make)

    def purge(self, queue: str) -> None:
        """Throw away what waits in a queue."""

        def empty(channel: BlockingChannel) -> None:
            # To purge one that is not there would end the channel, for all who use it.
            channel.queue_declare(queue, durable=True)
            channel.queue_purge(queue)

        self._do(empty)

    def publishing(self, queue: str, endpoint_id: str) -> dict[str, Any]:
        """Return what an endpoint needs to write to one of the two queues."""
        return {
            "connection_url": self.url,
            "exchange": queue,
            "queue": queue,
            "queue_publish_kwargs": {
                "exchange": queue,
                "routing_key": f"{endpoint_id}.{queue}",
                "mandatory": True,
                "properties": {"delivery_mode": 2},
            },
        }

    def _connect(self) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(self.url))
        self._channel = channel = self._connection.channel()
        for name, received in self._received.items():
            channel.exchange_declare(name, exchange_type="topic", durable=True)
            channel.queue_declare(name, durable=True)
            channel.queue_bind(name, name, f"*.{name}")
            channel.basic_consume(name, self._receiver(received))
        channel.basic_qos(prefetch_count=200)
        channel.confirm_delivery()

    def _disconnect(self) -> None:
        if self._connection is not None and self._connection.is_open:
            with suppress(AMQPError, OSError):
                self._connection.close()

    def _receiver(self, received: Received) -> Callable[..., None]:
        def receive(channel: BlockingChannel, method: Any, _: Any, body: bytes) -> None:
            try:
                received(body)
            except (ValueError, KeyError, TypeError) as error:
                print(f"a message is left out: {error!r}", file=sys.stderr, flush=True)
            channel.basic_ack(method.delivery_tag)

        return receive

    def _do(self, work: Callable[[BlockingChannel], T]) -> None:
        """Do something with the channel, in the thread that owns it, and wait until it is done."""
        if threading.current_thread() is self:
            assert self._channel is not None
            work(self._channel)
            return
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            if self._there.wait(1) and self._once(work):
                return
        raise TimeoutError(f"the broker did not answer; lost last: {self._lost!r}")

    def _once(self, work: Callable[[BlockingChannel], T]) -> bool:
        done, succeeded = threading.Event(), []

        def call() -> None:
            try:
                assert self._channel is not None
                work(self._channel)
                succeeded.append(True)
            finally:
                done.set()

        try:
            assert self._connection is not None
            self._connection.add_callback_threadsafe(call)
        except AMQPError:
            return False
        while not done.wait(0.2):
            if not self._there.is_set():
                return False
        return bool(succeeded)
