"""The cell of a Bulkhead plugin in Python: serves the interface Cell of core.capnp on an inherited
descriptor, by Cap'n Proto's RPC protocol (rpc.capnp of Cap'n Proto), one call at a time.

Field places are those of the schemas: `capnp compile -ocapnp core.capnp` prints them."""

import collections
import os
import select
import time

from capnp_message import Builder, Malformed, Message, frame_size

OK, INVALID_ARGUMENT, NOT_FOUND, UNSUPPORTED, CANCELLED, DEADLINE_EXCEEDED = range(6)
INTERNAL = 12
WIRE_VERSION = 1
# The type id of the interface Cell in core.capnp.
CELL_INTERFACE = 0xC394720E0A82A3F8

# Kinds of rpc.capnp's Message.
UNIMPLEMENTED, ABORT, CALL, RETURN, FINISH, RESOLVE, RELEASE, BOOTSTRAP, DISEMBARGO = 0, 1, 2, 3, 4, 5, 6, 8, 13
MAX_BOOTSTRAPS = 16
MAX_WAITING = 4096


class CallError(Exception):
    """Ends a call with a status and a text for a person."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Call:
    """The call that runs: check() in every loop keeps it stoppable."""

    def __init__(self, cell, context):
        self.cell, self.id, self.deadline = cell, context.u64(0), context.i64(8)
        self.stopped = None

    def check(self):
        self.cell.listen()
        if self.stopped is None and self.deadline and time.monotonic_ns() > self.deadline:
            self.stopped = DEADLINE_EXCEEDED
        if self.stopped is not None:
            raise CallError(self.stopped, "the call was stopped")


class Cell:
    """`open_instance(call, config)` makes an instance: an object whose dispatch(call, interface,
    method, params, results) runs a method. `params` is a Struct; `results(data, pointers)` makes
    the struct of the results, and returns its builder."""

    def __init__(self, descriptor, id, version, interfaces, open_instance):
        self.descriptor, self.id, self.version, self.interfaces = descriptor, id, version, interfaces
        self.open_instance = open_instance
        self.received = bytearray()
        self.waiting = collections.deque()
        self.bootstraps = set()
        self.instances, self.next_instance = {}, 1
        self.frame_limit = 1 << 20  # until the handshake
        self.running = None
        os.set_blocking(descriptor, True)

    def serve(self):
        """Until the host closes the connection."""
        try:
            while True:
                while self.waiting:
                    self.run(self.waiting.popleft())
                self.read()
        except EOFError:
            pass

    # ---- the stream

    def listen(self):
        """Takes what has arrived: cancellations count at once, calls wait."""
        while select.select([self.descriptor], [], [], 0)[0]:
            self.read()

    def read(self):
        chunk = os.read(self.descriptor, 1 << 16)
        if not chunk:
            raise EOFError
        self.received += chunk
        while (message := self.next_message()) is not None:
            self.take(message)

    def next_message(self):
        head = frame_size(self.received)
        if head is None:
            return None
        table, sizes = head
        size = table + 8 * sum(sizes)
        if size > self.frame_limit:
            raise Malformed(f"a message of {size} bytes")
        if len(self.received) < size:
            return None
        body = bytes(memoryview(self.received)[table:size])
        del self.received[:size]
        return Message(body, sizes)

    def send(self, builder):
        frame = memoryview(builder.frame())
        while frame:
            frame = frame[os.write(self.descriptor, frame) :]

    # ---- RPC

    def take(self, message):
        root = message.root()
        kind = root.u16(0)
        if kind == BOOTSTRAP:
            self.bootstrap(root.struct(0).u32(0))
        elif kind == CALL:
            self.take_call(root.struct(0))
        elif kind == FINISH:
            self.bootstraps.discard(root.struct(0).u32(0))
        elif kind in (RETURN, RELEASE, UNIMPLEMENTED):
            pass  # nothing was asked, and the one capability lives as long as the process
        elif kind == ABORT:
            raise EOFError
        else:
            answer = Builder(1, 1)
            answer.root.set("H", 0, UNIMPLEMENTED)
            answer.root.struct(0, 1, 1).set("H", 0, kind)
            self.send(answer)

    def bootstrap(self, question):
        if len(self.bootstraps) >= MAX_BOOTSTRAPS:
            raise Malformed("too many bootstraps")
        self.bootstraps.add(question)
        answer = Builder(1, 1)
        payload = self.returned(answer, question).struct(0, 0, 2)
        payload.set_capability(0, 0)
        descriptor = payload.structs(1, 1, 1, 1)[0]
        descriptor.set("H", 0, 1)  # senderHosted, number 0
        descriptor.set("H", 2, 255)
        self.send(answer)

    def returned(self, answer, question):
        """The default of releaseParamCaps is kept: this cell holds no capability of the host."""
        answer.root.set("H", 0, RETURN)
        result = answer.root.struct(0, 2, 1)
        result.set("I", 0, question)
        return result

    def take_call(self, call):
        target = call.struct(0)
        promised = target.u16(4) == 1
        known = target.struct(0).u32(0) in self.bootstraps if promised else target.u32(0) == 0
        if call.u64(8) != CELL_INTERFACE or not known:
            self.refuse(call.u32(0), "there is no such object or interface here")
        elif call.u16(4) == 5:
            self.cancel(call)
        elif len(self.waiting) >= MAX_WAITING:
            self.refuse(call.u32(0), "too many calls wait")
        else:
            self.waiting.append(call)

    def refuse(self, question, text):
        answer = Builder(1, 1)
        result = self.returned(answer, question)
        result.set("H", 6, 1)  # exception
        reason = result.struct(0, 1, 2)
        reason.set("H", 4, 3)  # unimplemented
        reason.set_text(0, text)
        self.send(answer)

    def cancel(self, call):
        params = call.struct(1).struct(0)
        if self.running is not None and self.running.id == params.u64(0):
            self.running.stopped = DEADLINE_EXCEEDED if params.u32(8) == 2 else CANCELLED
        for other in self.waiting:
            if other.u16(4) == 4 and other.struct(1).struct(0).struct(0).u64(0) == params.u64(0):
                self.waiting.remove(other)
                self.answer(other.u32(0), 0, 2, lambda results: status(results, CANCELLED, "cancelled"))
                break
        self.answer(call.u32(0), 0, 0, lambda results: None)

    def answer(self, question, data, pointers, fill):
        builder = Builder(1, 1)
        payload = self.returned(builder, question).struct(0, 0, 2)
        fill(payload.struct(0, data, pointers))
        self.send(builder)

    # ---- the methods of Cell

    def run(self, call):
        question, method, params = call.u32(0), call.u16(4), call.struct(1).struct(0)
        methods = [self.hello, self.load, self.open, self.close, self.call]
        if method < len(methods):
            methods[method](question, params)
        else:
            self.refuse(question, "Cell has no such method")

    def hello(self, question, params):
        fits = params.u32(0) <= WIRE_VERSION <= params.u32(4)
        limit = params.struct(3).u64(0)
        self.frame_limit = limit + (1 << 20) if limit else 1 << 30

        def fill(results):
            results.set("I", 0, WIRE_VERSION if fits else 0)
            results.set("I", 4, WIRE_VERSION)
            results.set("I", 8, WIRE_VERSION)
            results.set_data(0, bytes(params.data(1)))

        self.answer(question, 2, 2, fill)

    def load(self, question, params):
        def fill(results):
            status(results, OK, "")
            descriptor = results.struct(1, 2, 6)
            descriptor.set_text(0, "Python")
            descriptor.set_text(1, self.id)
            descriptor.set_text(2, self.version)
            descriptor.set_texts(3, self.interfaces)

        self.answer(question, 0, 2, fill)

    def open(self, question, params):
        def work(call):
            config = {entry.text(0): config_value(entry) for entry in params.structs(1)}
            self.instances[self.next_instance] = self.open_instance(call, config)
            self.next_instance += 1

        code, text = self.guarded(params.struct(0), work)

        def fill(results):
            status(results, code, text)
            if code == OK:
                results.set("I", 0, self.next_instance - 1)

        self.answer(question, 1, 1, fill)

    def close(self, question, params):
        found = self.instances.pop(params.u32(0), None) is not None
        code, text = (OK, "") if found else (NOT_FOUND, "there is no such instance")
        self.answer(question, 0, 1, lambda results: status(results, code, text))

    def call(self, question, params):
        builder = Builder(1, 1)
        results = self.returned(builder, question).struct(0, 0, 2).struct(0, 0, 2)

        def work(call):
            instance = self.instances.get(params.u32(0))
            if instance is None:
                raise CallError(NOT_FOUND, "there is no such instance")
            instance.dispatch(call, params.text(1), params.u16(4), params.struct(2),
                              lambda data, pointers: results.struct(1, data, pointers))

        code, text = self.guarded(params.struct(0), work)
        if code == OK:
            status(results, OK, "")
            self.send(builder)
        else:  # without what the method may have written
            self.answer(question, 0, 2, lambda failed: status(failed, code, text))

    def guarded(self, context, work):
        self.running = Call(self, context)
        try:
            work(self.running)
            return OK, ""
        except CallError as error:
            return error.status, str(error)
        except (EOFError, Malformed):
            raise
        except Exception as error:  # an author's mistake is an error of one call
            return INTERNAL, f"{type(error).__name__}: {error}"
        finally:
            self.running = None


def status(results, code, text):
    builder = results.struct(0, 1, 1)
    builder.set("i", 0, code)
    if code != OK:
        builder.set_text(0, text[:1000])


def config_value(entry):
    kind = entry.u16(2)
    if kind == 0:
        return bool(entry.u16(0) & 1)
    if kind == 1:
        return entry.i64(8)
    if kind == 2:
        return entry.f64(8)
    return entry.text(1)
